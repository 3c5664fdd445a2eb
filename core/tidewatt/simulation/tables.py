"""CSV files, plain or compressed, read row by row; every mistake is reported with file, line, column and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
from dataclasses import dataclass
from datetime import UTC, datetime
import gzip
import math
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from tidewatt.site import SiteError

_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column, and where it stands."""

    path: Path
    line: int
    cells: dict[str, str]

    def error(self, column: str, value: object, remedy: str) -> SiteError:
        """Return the error of a cell, for the caller to raise."""
        return SiteError(f"{self.path} line {self.line}, {column}", value, remedy)

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        value = self.cells[column].strip()
        if not value:
            raise self.error(column, value, "Give a value.")
        return value

    def number(self, column: str, remedy: str = "Give a number.", *, above: float = -math.inf) -> float:
        """Return a finite number greater than `above`."""
        value = self.cells[column]
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number > above):
            raise self.error(column, value, remedy)
        return number

    def given(self, column: str) -> bool:
        """Say whether a column exists and has a value here."""
        return bool(self.cells.get(column, "").strip())

    def time_s(self, column: str, time_zone: ZoneInfo) -> int:
        """Return a time as seconds of the Unix epoch.

        One without an offset is UTC in a column called `utc`, and local in `time_zone` in any other.
        """
        value = self.cells[column].strip()
        zone = _UTC if column.lower() == "utc" else time_zone
        try:
            return epoch_s(datetime.fromisoformat(value), zone)
        except ValueError as error:
            remedy = f"{error}. Give a time like 2026-03-01T18:30:00+01:00; without an offset it is {zone.key}."
            raise self.error(column, value, remedy) from None


def epoch_s(at: datetime, time_zone: ZoneInfo) -> int:
    """Return whole seconds of the Unix epoch; ValueError for a local time that clocks skip.

    Of a local time that clocks show twice it is the first.
    """
    if at.tzinfo is None:
        local = at.replace(tzinfo=time_zone)
        if local.astimezone(UTC).astimezone(time_zone).replace(tzinfo=None) != at:
            raise ValueError(f"Clocks in {time_zone.key} skip this time")
        at = local
    return math.floor(at.timestamp())


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a table with a header; SiteError when it lacks one of `columns` or is no table."""
    with _opened(path) as file:
        try:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            missing = [column for column in columns if column not in header]
            if missing:
                raise SiteError(
                    f"{path} line 1", ", ".join(header), f"The column {missing[0]} is missing from the header."
                )
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    remedy = f"Give the {len(header)} columns that the header names."
                    raise SiteError(f"{path} line {reader.line_num}", ",".join(cells), remedy)
                yield Row(path, reader.line_num, dict(zip(header, cells, strict=True)))
        except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
            raise SiteError(
                str(path), str(error), "Give a table in UTF-8 text, its columns parted by commas."
            ) from None


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
