"""Rows of a benchmark and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure. `must` and `aim` are upper bounds in `unit`; None where there is no target.

    `rival_value` is the same work done by `rival` in the same run, and `ratio` ours over theirs.
    """

    row: str
    value: float
    unit: str
    rival: str | None = None
    rival_value: float | None = None
    must: float | None = None
    aim: float | None = None

    @property
    def ratio(self) -> float | None:
        """Our value over the rival's, or None without a rival."""
        return self.value / self.rival_value if self.rival_value else None

    @property
    def met(self) -> bool:
        """Whether the figure keeps its `must`."""
        return self.must is None or self.value <= self.must

    def as_dict(self) -> dict[str, object]:
        """Return the row with its derived fields, as `--json` prints it."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps([row.as_dict() for row in rows], indent=2)


def as_table(title: str, rows: Sequence[Row]) -> str:
    """Return the rows as a table for people."""
    head = ("row", "value", "rival", "ratio", "must", "aim", "met")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([title, "", lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.row,
        f"{row.value:.3g} {row.unit}",
        "" if row.rival_value is None else f"{row.rival_value:.3g} {row.unit} ({row.rival})",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.must is None else f"{row.must:g}",
        "" if row.aim is None else f"{row.aim:g}",
        "yes" if row.met else "NO",
    )
