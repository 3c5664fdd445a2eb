"""Time series from tables, as means over quarter hours: prices, measured loads, the sun, and standard load profiles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tidewatt.site import SiteError

from .scenario import SLOT_S, Floats
from .tables import Row, rows_of

type Integers = NDArray[np.int64]

_SUNDAY: Final = 6
_DAY_TYPES: Final = ("SA", "FT", "WT")
_MONTHS: Final = 12
_DAY_SLOTS: Final = 96


def read_series(path: Path, column: str, time_zone: ZoneInfo, start_s: int, slots: int) -> Floats:
    """Return float64[slots], the mean of a column over every quarter hour from `start_s` on.

    The first column of the table holds times, the earliest first; a value holds until the next row, the last as long
    as the one before it. A single missing row is bridged so; SiteError names the place when more are missing, when the
    table does not cover the time asked for, or when a cell cannot be read.
    """
    times: list[int] = []
    values: list[float] = []
    rows: list[Row] = []
    for row in rows_of(path, [column]):
        at_s = row.time_s(next(iter(row.cells)), time_zone)
        if times and at_s <= times[-1]:
            raise row.error(next(iter(row.cells)), row.cells[next(iter(row.cells))], "Give every time once, in order.")
        times.append(at_s)
        values.append(row.number(column))
        rows.append(row)
    if len(times) < 2:
        raise SiteError(str(path), len(times), "Give at least two rows.")
    return _means(np.array(times, dtype=np.int64), np.array(values), rows, start_s, slots)


def _means(times_s: Integers, values: Floats, rows: list[Row], start_s: int, slots: int) -> Floats:
    steps_s = np.diff(times_s)
    usual_s = int(np.median(steps_s))
    ends_s = np.append(times_s, times_s[-1] + usual_s)
    borders_s = start_s + SLOT_S * np.arange(slots + 1)
    first = rows[0]
    if times_s[0] > start_s or ends_s[-1] < borders_s[-1]:
        covered = f"{next(iter(first.cells.values()))} to {next(iter(rows[-1].cells.values()))}"
        raise SiteError(str(first.path), covered, "Give a table that covers the time from start to end.")
    holes = np.flatnonzero((steps_s > 2 * usual_s) & (ends_s[1:-1] > start_s) & (times_s[:-1] < borders_s[-1]))
    if holes.size:
        row = rows[int(holes[0]) + 1]
        value = next(iter(row.cells.values()))
        raise row.error(next(iter(row.cells)), value, "Rows are missing before this one: fill the hole.")
    areas = np.concatenate(([0.0], np.cumsum(values * np.diff(ends_s))))
    means: Floats = np.diff(np.interp(borders_s, ends_s, areas)) / SLOT_S
    return means


def read_bdew(path: Path, yearly_kwh: float, time_zone: ZoneInfo, start_s: int, slots: int) -> Floats:
    """Return float64[slots], the power in kW of a BDEW standard load profile scaled to `yearly_kwh`.

    The table is that of the profiles of 2025: 96 rows for the quarter hours of a local day; three columns a month, for
    Saturdays (SA), Sundays (FT; public holidays are not told apart) and working days (WT). It is scaled so that the
    calendar year in which the time begins has the energy asked for.
    """
    table = _bdew_table(path)
    year = datetime.fromtimestamp(start_s, time_zone).year
    first = date(year, 1, 1)
    days = (date(year + 1, 1, 1) - first).days
    total = sum(float(table[_column_of(first + timedelta(days=day))].sum()) for day in range(days))
    kw_per_entry = yearly_kwh / total * (3600 / SLOT_S)
    return np.fromiter(_bdew_values(table, time_zone, start_s, slots), np.float64, slots) * kw_per_entry


def _bdew_values(table: Floats, time_zone: ZoneInfo, start_s: int, slots: int) -> Iterator[float]:
    """Yield the entry of every quarter hour: the one that clocks at the site show."""
    for slot in range(slots):
        local = datetime.fromtimestamp(start_s + SLOT_S * slot, time_zone)
        yield float(table[_column_of(local.date())][4 * local.hour + local.minute // 15])


def _bdew_table(path: Path) -> Floats:
    """Return float64[36, 96]: for each month Saturday, Sunday, working day."""
    lines = [row for row in _lines(path) if any(row[1])]
    body = lines[2:]
    if len(body) != _DAY_SLOTS or any(len(cells) != 1 + 3 * _MONTHS for _, cells in body):
        raise SiteError(
            str(path), f"{len(body)} rows", "Give a BDEW profile of 2025: two lines of headers and 96 rows."
        )
    if tuple(lines[1][1][1:4]) != _DAY_TYPES:
        raise SiteError(f"{path} line 2", ",".join(lines[1][1][1:4]), "The columns of a month are SA, FT, WT.")
    try:
        return np.array([[float(cell) for cell in cells[1:]] for _, cells in body]).T.copy()
    except ValueError as error:
        raise SiteError(str(path), str(error), "Give a number in every cell.") from None


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and bare cells of a table without a header of its own."""
    try:
        for line, text in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
            yield line, text.split(",")
    except UnicodeDecodeError as error:
        raise SiteError(str(path), error.reason, "Save it as UTF-8 text.") from None


def _column_of(day: date) -> int:
    weekday = day.weekday()
    kind = 1 if weekday == _SUNDAY else 0 if weekday == _SUNDAY - 1 else 2
    return 3 * (day.month - 1) + kind
