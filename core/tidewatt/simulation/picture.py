"""A picture of simulated days: power by charger stacked under the limit, the price, and how full the vehicles are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
import numpy as np

from .acceptance import gained_pct
from .outcome import Outcome
from .scenario import SLOT_S, ChargingSession, Floats, Scenario

SHOWN: Final = ("unmanaged", "cheapest slots", "tidewatt plan", "tidewatt fair")
"""Whose power is drawn: the first three of these that took part."""

_DAY_SLOTS: Final = 86_400 // SLOT_S
_WHOLE_DAYS: Final = 7
_BUSIEST_DAYS: Final = 3
_MANY: Final = 10


@dataclass(frozen=True, slots=True)
class _Window:
    """The quarter hours `first` to before `last` of a scenario, and the colours of its chargers."""

    scenario: Scenario
    first: int
    last: int

    @property
    def times(self) -> list[datetime]:
        """Return the borders of the quarter hours."""
        return [self.at(slot) for slot in range(self.first, self.last + 1)]

    @property
    def many(self) -> bool:
        """Whether there are too many chargers to name them."""
        return len(self.scenario.site.chargers) > _MANY

    def at(self, slot: int) -> datetime:
        """Return the local time at which a quarter hour begins."""
        return self.scenario.local(self.scenario.start_s + SLOT_S * slot)

    def of(self, series: Floats) -> Floats:
        """Return the part of a series over all quarter hours that is shown."""
        return series[self.first : self.last]

    def colour(self, charger: int) -> tuple[float, float, float, float]:
        """Return the colour of a charger."""
        if self.many:
            return mpl.colormaps["turbo"](charger / len(self.scenario.site.chargers))
        return mpl.colormaps["tab10"](charger)


def draw(scenario: Scenario, outcomes: Sequence[Outcome], path: Path) -> None:
    """Write a picture in the format that the suffix of `path` names.

    A time of more than a week is shown by its busiest three days.
    """
    window = _window(scenario, outcomes)
    shown = [outcome for name in SHOWN for outcome in outcomes if outcome.contender == name][:3]
    heights = [3.0] * len(shown) + [1.2, 1.8]
    with mpl.rc_context(
        {"svg.hashsalt": "tidewatt", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(11, sum(heights)), layout="constrained")
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        highest_kw = max(_limit_kw(scenario), *(_highest_kw(window, outcome) for outcome in shown))
        for panel, outcome in zip(axes, shown, strict=False):
            _draw_power(panel, window, outcome)
            panel.set_ylim(top=1.15 * highest_kw)
        _draw_price(axes[-2], window)
        _draw_filling(axes[-1], window, shown[-1])
        axes[-1].set_xlim(window.at(window.first), window.at(window.last))
        shown_as = ConciseDateFormatter(axes[-1].xaxis.get_major_locator(), scenario.time_zone)  # type: ignore[no-untyped-call] # matplotlib has no type for it
        axes[-1].xaxis.set_major_formatter(shown_as)
        figure.suptitle(_title(window))
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def _window(scenario: Scenario, outcomes: Sequence[Outcome]) -> _Window:
    slots = scenario.slots
    if slots <= _WHOLE_DAYS * _DAY_SLOTS:
        return _Window(scenario, 0, slots)
    length = _BUSIEST_DAYS * _DAY_SLOTS
    energy = np.concatenate(([0.0], np.cumsum(outcomes[0].charger_kw.sum(axis=1))))
    whole = _Window(scenario, 0, slots)
    midnights = np.array([slot for slot in range(slots - length + 1) if whole.at(slot).time() == time.min])
    first = int(midnights[np.argmax(energy[midnights + length] - energy[midnights])])
    return _Window(scenario, first, first + length)


def _limit_kw(scenario: Scenario) -> float:
    main = scenario.site.circuits[0]
    by_phases_kw = sum(main.import_limit_a) * scenario.site.voltage_v / 1000
    total_w = main.total_import_limit_w
    return by_phases_kw if total_w is None else min(by_phases_kw, total_w / 1000)


def _highest_kw(window: _Window, outcome: Outcome) -> float:
    return float((window.of(window.scenario.base_kw[:, 0]) + window.of(outcome.charger_kw.sum(axis=1))).max())


def _draw_power(panel: Axes, window: _Window, outcome: Outcome) -> None:
    chargers, times = window.scenario.site.chargers, np.array(window.times)
    low_kw = window.of(window.scenario.base_kw[:, 0])
    if low_kw.any():
        panel.stairs(low_kw, times, fill=True, color="0.8", label="house less sun")
    for index, charger in enumerate(chargers):
        high_kw = low_kw + window.of(outcome.charger_kw[:, index])
        panel.stairs(high_kw, times, baseline=low_kw, fill=True, color=window.colour(index), label=charger.name)
        low_kw = high_kw
    panel.axhline(_limit_kw(window.scenario), color="black", linestyle="--", linewidth=1, label="limit of all phases")
    panel.set_ylabel(f"{outcome.contender}\nkW")
    if not window.many:
        panel.legend(loc="upper right", ncols=len(chargers) + 2, fontsize=7, frameon=False)


def _draw_price(panel: Axes, window: _Window) -> None:
    price = window.of(window.scenario.import_price_per_kwh)
    panel.stairs(price, np.array(window.times), baseline=None, color="tab:green")
    panel.set_ylabel(f"{window.scenario.currency}/kWh")


def _draw_filling(panel: Axes, window: _Window, outcome: Outcome) -> None:
    """Draw the state of charge of every vehicle that is there, or how much of what it wants it has."""
    scenario = window.scenario
    known = all(session.car.battery is not None for session in scenario.sessions)
    for session in scenario.sessions:
        first, last = _slots_of(scenario, session)
        if first < window.last and last > window.first:
            charger_kw = outcome.charger_kw[first:last, session.charger]
            filling_pct = _filling_pct(session, charger_kw, scenario.site.voltage_v)
            times = np.array([window.at(slot) for slot in range(first, last + 1)])
            panel.plot(times, filling_pct, color=window.colour(session.charger), linewidth=0.7 if window.many else 1.4)
    panel.set_ylim(0, 105)
    panel.set_ylabel(f"{outcome.contender}\n{'state of charge' if known else 'of energy wanted'}, %")


def _slots_of(scenario: Scenario, session: ChargingSession) -> tuple[int, int]:
    """Return the quarter hour in which a session begins, and the first that it does not reach."""
    first = (session.arrival_s - scenario.start_s) // SLOT_S
    return first, -((scenario.start_s - session.departure_s) // SLOT_S)


def _filling_pct(session: ChargingSession, charger_kw: Floats, voltage_v: float) -> Floats:
    got_wh = np.concatenate(([0.0], np.cumsum(charger_kw))) * (1000 * SLOT_S / 3600)
    part = np.minimum(got_wh / session.wanted_wh, 1.0)
    car = session.car
    if car.battery is None:
        return 100 * part
    return car.battery.end_pct - gained_pct(car, voltage_v * car.phases, session.wanted_wh) * (1 - part)


def _title(window: _Window) -> str:
    scenario, first, last = window.scenario, window.at(window.first), window.at(window.last - 1)
    days = round(scenario.slots / _DAY_SLOTS)
    busiest = "" if window.last - window.first == scenario.slots else f" (the busiest days of {days})"
    return f"{scenario.site.name}, {first:%-d %B} to {last:%-d %B %Y}{busiest}; {scenario.time_zone.key}"
