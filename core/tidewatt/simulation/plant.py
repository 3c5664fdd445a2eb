"""The simulated plant: vehicles at chargers, and what flows through the circuits. Deterministic, and exact in steps.

Between two changes (a vehicle comes, goes, has enough or tapers by another step; a quarter hour begins; somebody is
told another current) every current is constant, so a plant can be moved on by any number of seconds up to the next
change with the same result as second by second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import Final

import numpy as np

from tidewatt.site import MINIMUM_CURRENT_A, PHASE_COUNT

from .acceptance import Acceptance, acceptance_of
from .scenario import SLOT_S, ChargingSession, Floats, Scenario

OVERRUN_A: Final = 0.05
"""A circuit counts as over its limit when it carries this much more: a meter's last digit."""

_DUST_WH: Final = 1e-6


@dataclass(slots=True, eq=False)
class Plugged:
    """A vehicle at a charger. `acceptance_a` is the most it draws now, `power_w` what it draws.

    `wires` are the site's phases that it uses, as indices.
    """

    session: ChargingSession
    wires: tuple[int, ...]
    voltage_v: float
    acceptance: Acceptance
    got_wh: float = 0.0
    current_a: float = 0.0

    @property
    def power_w(self) -> float:
        """Power through the cable."""
        return self.current_a * self.voltage_v

    @property
    def lacks_wh(self) -> float:
        """Energy that it still wants."""
        return self.session.wanted_wh - self.got_wh

    @property
    def wants(self) -> bool:
        """Whether it takes more."""
        return self.lacks_wh > _DUST_WH

    @property
    def acceptance_a(self) -> float:
        """The most it draws on each phase, by its on-board charger and the state of its battery."""
        return self.acceptance.at(self.got_wh)

    @property
    def highest_w(self) -> float:
        """The most it draws before its battery tapers."""
        return self.session.car.maximum_a * self.voltage_v

    def follow(self, offered_a: float) -> None:
        """Draw what is offered, as far as it can: nothing below the least current of the standard."""
        self.current_a = min(offered_a, self.acceptance_a) if self.wants and offered_a >= MINIMUM_CURRENT_A else 0.0

    def seconds_to_change(self) -> float:
        """Return the whole seconds after which, at this current, it has enough or accepts less."""
        if self.current_a <= 0:
            return math.inf
        until_wh = min(self.lacks_wh, self.acceptance.next_change_wh(self.got_wh) - self.got_wh)
        return max(1.0, math.ceil(until_wh / self.power_w * 3600 - 1e-6))


@dataclass
class Ledger:
    """What happened.

    Attributes:
        energy_wh: float64[K, N], through each charger in each quarter hour.
        delivered_wh: what each session got, in the scenario's order; not a number before its departure.
        switchings: how often a vehicle began or ceased to draw.
        overrun_s: seconds in which a circuit was over its limit with vehicles below it drawing.
        overrun_most_a: the most by which a phase was.
    """

    energy_wh: Floats
    delivered_wh: Floats
    switchings: int = 0
    overrun_s: int = 0
    overrun_most_a: float = 0.0


@dataclass
class Plant:
    """The site at work. `told_a` is what each charger was told; vehicles follow at once."""

    scenario: Scenario
    now_s: int = field(init=False)
    plugged: list[Plugged | None] = field(init=False)
    told_a: list[float] = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the scenario's start with nobody there."""
        site, scenario = self.scenario.site, self.scenario
        count = len(site.chargers)
        self.now_s = scenario.start_s
        self.plugged = [None] * count
        self.told_a = [0.0] * count
        self.ledger = Ledger(
            energy_wh=np.zeros((scenario.slots, count)), delivered_wh=np.full(len(scenario.sessions), np.nan)
        )
        index = {circuit.circuit_id: position for position, circuit in enumerate(site.circuits)}
        parents = [-1 if circuit.parent_id is None else index[circuit.parent_id] for circuit in site.circuits]
        self.paths = [_path(index[charger.circuit_id], parents) for charger in site.chargers]
        self._limits_a = [circuit.import_limit_a for circuit in site.circuits]
        self._limits_w = [circuit.total_import_limit_w for circuit in site.circuits]
        self._coming = 0
        self._numbers = {session.session_id: number for number, session in enumerate(scenario.sessions)}
        self._slot = -1
        self.base_a: list[list[float]] = []
        self._currents_a: list[list[float]] | None = None
        self._overrun_a = 0.0

    @property
    def slot(self) -> int:
        """The quarter hour it is."""
        return (self.now_s - self.scenario.start_s) // SLOT_S

    @property
    def over(self) -> bool:
        """Whether the end is reached."""
        return self.now_s >= self.scenario.end_s

    @property
    def empty(self) -> bool:
        """Whether nobody is plugged in."""
        return not any(self.plugged)

    def turn(self) -> None:
        """Let happen what happens at this time."""
        for index, car in enumerate(self.plugged):
            if car is not None and car.session.departure_s <= self.now_s:
                self._leave(index, car)
        sessions = self.scenario.sessions
        while self._coming < len(sessions) and sessions[self._coming].arrival_s <= self.now_s:
            self._arrive(sessions[self._coming])
            self._coming += 1
        if not self.over and self.slot != self._slot:
            self._slot = self.slot
            self.base_a = self.scenario.base_a[self._slot].tolist()
            self._currents_a = None

    def tell(self, told_a: list[float]) -> None:
        """Tell every charger its current; vehicles follow at once."""
        self.told_a = told_a
        for car, offered_a in zip(self.plugged, told_a, strict=True):
            if car is not None:
                self._follow(car, offered_a)

    def seconds_alike(self) -> int:
        """Return the seconds that may pass in one step: to the next change, or arrival while nobody is there."""
        return self.seconds_to_arrival() if self.empty else self.seconds_to_change()

    def seconds_to_change(self) -> int:
        """Return the seconds until something happens by itself, at most to the end of the quarter hour."""
        scenario = self.scenario
        until_s = float(scenario.start_s + (self.slot + 1) * SLOT_S - self.now_s)
        if self._coming < len(scenario.sessions):
            until_s = min(until_s, scenario.sessions[self._coming].arrival_s - self.now_s)
        for car in self.plugged:
            if car is not None:
                until_s = min(until_s, car.session.departure_s - self.now_s, car.seconds_to_change())
        return int(until_s)

    def seconds_to_arrival(self) -> int:
        """Return the seconds until the next vehicle comes, or to the end."""
        sessions = self.scenario.sessions
        at_s = sessions[self._coming].arrival_s if self._coming < len(sessions) else self.scenario.end_s
        return min(at_s, self.scenario.end_s) - self.now_s

    def advance(self, seconds: int) -> None:
        """Let time pass, at most `seconds_to_change` (as long as one likes while nobody is there)."""
        energy_wh = self.ledger.energy_wh
        for index, car in enumerate(self.plugged):
            if car is not None and car.current_a > 0:
                got_wh = min(car.power_w * seconds / 3600, car.lacks_wh)
                energy_wh[self._slot, index] += got_wh
                car.got_wh += got_wh
        self._watch_limits(seconds)
        self.now_s += seconds
        for index, car in enumerate(self.plugged):
            if car is not None and car.current_a > 0:
                self._follow(car, self.told_a[index])

    def circuit_currents_a(self) -> list[list[float]]:
        """Return the current through every circuit, per phase. Not to be changed."""
        if self._currents_a is None:
            self._currents_a = [list(row) for row in self.base_a]
            for car, path in zip(self.plugged, self.paths, strict=True):
                if car is not None and car.current_a > 0:
                    for circuit in path:
                        row = self._currents_a[circuit]
                        for wire in car.wires:
                            row[wire] += car.current_a
            self._overrun_a = self._overrun()
        return self._currents_a

    def _arrive(self, session: ChargingSession) -> None:
        charger = self.scenario.site.chargers[session.charger]
        wires = tuple(int(phase) for phase in charger.phases[: session.car.phases])
        voltage_v = self.scenario.site.voltage_v * len(wires)
        self.plugged[session.charger] = Plugged(session, wires, voltage_v, acceptance_of(session, voltage_v))

    def _leave(self, index: int, car: Plugged) -> None:
        if car.current_a > 0:
            self.ledger.switchings += 1
        self.ledger.delivered_wh[self._numbers[car.session.session_id]] = car.got_wh
        self.plugged[index] = None
        self._currents_a = None

    def _follow(self, car: Plugged, offered_a: float) -> None:
        before_a = car.current_a
        car.follow(offered_a)
        if car.current_a != before_a:
            self._currents_a = None
            if (car.current_a > 0) != (before_a > 0):
                self.ledger.switchings += 1

    def _watch_limits(self, seconds: int) -> None:
        if self.empty:
            return
        self.circuit_currents_a()
        if self._overrun_a > 0:
            self.ledger.overrun_s += seconds
            self.ledger.overrun_most_a = max(self.ledger.overrun_most_a, self._overrun_a)

    def _overrun(self) -> float:
        """Return the most by which a circuit is over a limit where vehicles draw, as a current per phase."""
        most_a = 0.0
        currents_a = self._currents_a or []
        drawing = {
            (circuit, wire)
            for car, path in zip(self.plugged, self.paths, strict=True)
            if car is not None and car.current_a > 0
            for circuit in path
            for wire in car.wires
        }
        for circuit, wire in drawing:
            over_a = currents_a[circuit][wire] - self._limits_a[circuit][wire]
            if over_a > OVERRUN_A:
                most_a = max(most_a, over_a)
        for circuit in {circuit for circuit, _ in drawing}:
            limit_w = self._limits_w[circuit]
            if limit_w is not None:
                over_a = (sum(currents_a[circuit]) - limit_w / self.scenario.site.voltage_v) / PHASE_COUNT
                if over_a > OVERRUN_A:
                    most_a = max(most_a, over_a)
        return most_a


def _path(circuit: int, parents: list[int]) -> tuple[int, ...]:
    path = [circuit]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
    return tuple(path)
