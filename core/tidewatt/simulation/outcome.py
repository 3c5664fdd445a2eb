"""What a run comes to: energy, money, peak, switchings, and what was missed or overrun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .plant import Ledger
from .scenario import SLOT_S, Floats, Scenario

MET_WH: Final = 50.0
"""A departure counts as met when no more than this is missing."""

_SLOT_H: Final = SLOT_S / 3600
_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What one contender achieved.

    Attributes:
        contender: its name.
        energy_kwh: through the cables.
        missed_kwh: wanted and not there at departure.
        departures_met: vehicles that left with what they wanted.
        departures: vehicles that left.
        cost: what the site paid more than it would have without vehicles, peaks included; import and export are
            balanced within each quarter hour.
        peak_kw: highest mean import of a quarter hour, house included.
        switchings: how often a vehicle began or ceased to draw.
        overrun_s: seconds in which a circuit was over its limit with vehicles below it drawing.
        overrun_a: the most by which a phase was.
        charger_kw: float64[K, N], mean power of each charger in each quarter hour.
    """

    contender: str
    energy_kwh: float
    missed_kwh: float
    departures_met: int
    departures: int
    cost: float
    peak_kw: float
    switchings: int
    overrun_s: int
    overrun_a: float
    charger_kw: Floats

    @property
    def cost_per_kwh(self) -> float:
        """What a kWh delivered cost; 0 when there was none."""
        return self.cost / self.energy_kwh if self.energy_kwh > 0 else 0.0

    def figures(self) -> dict[str, Any]:
        """Return everything but the time series, as plain data."""
        return {
            "contender": self.contender,
            "energy_kwh": round(self.energy_kwh, _DECIMALS),
            "missed_kwh": round(self.missed_kwh, _DECIMALS),
            "departures": self.departures,
            "departures_met": self.departures_met,
            "cost": round(self.cost, _DECIMALS),
            "cost_per_kwh": round(self.cost_per_kwh, _DECIMALS),
            "peak_kw": round(self.peak_kw, _DECIMALS),
            "switchings": self.switchings,
            "overrun_s": self.overrun_s,
            "overrun_a": round(self.overrun_a, _DECIMALS),
        }


def outcome_of(scenario: Scenario, contender: str, ledger: Ledger) -> Outcome:
    """Work out what a ledger comes to."""
    wanted_wh = np.array([session.wanted_wh for session in scenario.sessions])
    missed_wh = np.maximum(wanted_wh - ledger.delivered_wh, 0.0)
    charger_kw = ledger.energy_wh / 1000 / _SLOT_H
    base_kw = scenario.base_kw[:, 0]
    grid_kw = base_kw + charger_kw.sum(axis=1)
    return Outcome(
        contender=contender,
        energy_kwh=float(ledger.energy_wh.sum()) / 1000,
        missed_kwh=float(missed_wh.sum()) / 1000,
        departures_met=int((missed_wh <= MET_WH).sum()),
        departures=len(scenario.sessions),
        cost=_bill(scenario, grid_kw) - _bill(scenario, base_kw),
        peak_kw=float(np.maximum(grid_kw, 0.0).max()),
        switchings=ledger.switchings,
        overrun_s=ledger.overrun_s,
        overrun_a=ledger.overrun_most_a,
        charger_kw=charger_kw,
    )


def _bill(scenario: Scenario, grid_kw: Floats) -> float:
    bought = np.maximum(grid_kw, 0.0) @ scenario.import_price_per_kwh
    sold = np.maximum(-grid_kw, 0.0) @ scenario.export_price_per_kwh
    peaks_kw = np.zeros(int(np.ptp(scenario.month)) + 1)
    np.maximum.at(peaks_kw, scenario.month - scenario.month[0], grid_kw)
    return float(bought - sold) * _SLOT_H + scenario.peak_price_per_kw * float(peaks_kw.sum())


def document_of(scenario: Scenario, outcomes: list[Outcome]) -> dict[str, Any]:
    """Return what was simulated and the figures of every contender, as plain data; the same scenario gives the same."""
    return {
        "simulation": scenario.name,
        "site": scenario.site.name,
        "start": scenario.local(scenario.start_s).isoformat(),
        "end": scenario.local(scenario.end_s).isoformat(),
        "chargers": len(scenario.site.chargers),
        "sessions": len(scenario.sessions),
        "wanted_kwh": round(sum(session.wanted_wh for session in scenario.sessions) / 1000, _DECIMALS),
        "currency": scenario.currency,
        "contenders": [outcome.figures() for outcome in outcomes],
    }
