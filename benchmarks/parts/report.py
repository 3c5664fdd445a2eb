"""Rows of a benchmark and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"
"""Where full runs leave their tables and pictures."""

HEAD = ("row", "value", "rival", "ratio", "must", "aim", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure. `must` and `aim` are bounds in `unit`; None where there is no target.

    They are upper bounds, as for a time or an error, or lower bounds with `at_least`, as for "so many times as fast".
    `rival_value` is the same work done by `rival` in the same run, and `ratio` ours over theirs.
    """

    row: str
    value: float
    unit: str
    rival: str | None = None
    rival_value: float | None = None
    must: float | None = None
    aim: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Our value over the rival's, or None without a rival."""
        return self.value / self.rival_value if self.rival_value else None

    @property
    def met(self) -> bool:
        """Whether the figure keeps its `must`; so does one without. A figure that is not a number keeps nothing."""
        return self.must is None or self._keeps(self.must)

    @property
    def aimed(self) -> bool:
        """Whether the figure reaches an `aim`."""
        return self.aim is not None and self._keeps(self.aim)

    def as_dict(self) -> dict[str, object]:
        """Return the row with its derived fields, as `--json` prints it."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met, "aimed": self.aimed}

    def _keeps(self, bound: float) -> bool:
        return self.value >= bound if self.at_least else self.value <= bound


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps([row.as_dict() for row in rows], indent=2)


def as_table(title: str, rows: Sequence[Row]) -> str:
    """Return the rows as a table for people."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([title, "", lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def write_page(name: str, title: str, rows: Sequence[Row], measured_on: str, *, folder: Path = FOLDER) -> Path:
    """Write the rows as `name`.md, with the picture of that name where there is one, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_markdown(cells) for cells in (HEAD, ("---",) * len(HEAD), *(_cells(row) for row in rows))]
    picture = [f"![How time grows with size]({name}.svg)", ""] if (folder / f"{name}.svg").exists() else []
    told = f"`script/bench {name} --full` wrote this page: {title}."
    path = folder / f"{name}.md"
    path.write_text("\n".join([f"# {name.capitalize()}", "", told, "", *picture, *lines, "", measured_on, ""]))
    return path


def _markdown(cells: Sequence[str]) -> str:
    escaped = [cell.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.row,
        _figure(row.value, row.unit),
        "" if row.rival_value is None else f"{_figure(row.rival_value, row.unit)} ({row.rival})",
        "" if row.ratio is None else f"{row.ratio:.2g}",
        _bound(row, row.must),
        _bound(row, row.aim),
        _verdict(row),
    )


def _figure(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.3g} {unit}"


def _bound(row: Row, bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{'>=' if row.at_least else '<='} {bound:g}"


def _verdict(row: Row) -> str:
    if row.must is None and row.aim is None:
        return ""
    if not row.met:
        return "NO"
    return "aim" if row.aimed else "yes"
