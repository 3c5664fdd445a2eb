"""Reading a ReportDERControl: each of its lists names its control in a way of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidewatt.ocpp.wire import child, integer, rows, text

_LISTS: dict[str, tuple[str, str | None]] = {
    "curve": ("curve", None),
    "enterService": ("enterService", "EnterService"),
    "fixedPFAbsorb": ("fixedPF", "FixedPFAbsorb"),
    "fixedPFInject": ("fixedPF", "FixedPFInject"),
    "fixedVar": ("fixedVar", "FixedVar"),
    "freqDroop": ("freqDroop", "FreqDroop"),
    "gradient": ("gradient", "Gradients"),
    "limitMaxDischarge": ("limitMaxDischarge", "LimitMaxDischarge"),
}
"""The lists of a report, the field of a row that holds its values, and the kind; curves name their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedControl:
    """A control that a station has. `values` are in OCPP's words."""

    control_id: str
    control_type: str
    is_default: bool
    is_superseded: bool
    priority: int | None
    values: dict[str, Any]


def read_report(payload: dict[str, Any]) -> list[ReportedControl]:
    """Return the controls of one report; rows without an id or a kind are left out.

    Controls that exist only as defaults do not say so: they are.
    """
    found = []
    for name, (field, kind) in _LISTS.items():
        for row in rows(payload, name):
            control_id, control_type = text(row, "id", 36), kind or text(row, "curveType", 40)
            if control_id is None or control_type is None:
                continue
            values = child(row, field)
            found.append(
                ReportedControl(
                    control_id=control_id,
                    control_type=control_type,
                    is_default=row.get("isDefault", True) is True,
                    is_superseded=row.get("isSuperseded") is True,
                    priority=integer(values, "priority"),
                    values=values,
                )
            )
    return found
