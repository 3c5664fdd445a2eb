"""A small deterministic plant: house, sun, chargers and vehicles behind a tree of fuses, stepped through `decide`.

Time is stepped in tenths of a second. The meters are read every second, the chargers report rarely and late, and a
vehicle follows a new setpoint only after a while: what control sees is never quite what is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
import math
from typing import Any

from tests.circuits import main_circuit
from tidewatt.control import ControlSettings, Decision, Memory, Snapshot, decide
from tidewatt.site import (
    Charger,
    ChargerState,
    ChargerStatus,
    Circuit,
    LinkQuality,
    Meter,
    MeterReading,
    ModbusEndpoint,
    Mode,
    OcppEndpoint,
    PerPhase,
    Session,
    Setpoint,
    Site,
    Vehicle,
    VehicleState,
    Wish,
)

TICK_S = 0.1


def charger(charger_id: str, **changes: Any) -> Charger:
    """Return a three-phase charger of 6 to 16 A at the main circuit, in fast mode."""
    base = Charger(
        charger_id=charger_id,
        name=charger_id.title(),
        circuit_id="main",
        endpoint=OcppEndpoint(station_id=charger_id),
        mode=Mode.FAST,
    )
    return replace(base, **changes)


def meter(circuit_id: str = "main", tolerance_s: float = 10.0) -> Meter:
    """Return a meter at the head of a circuit."""
    return Meter(
        meter_id=f"{circuit_id}-meter",
        name=f"Meter of {circuit_id}",
        circuit_id=circuit_id,
        endpoint=ModbusEndpoint(host="127.0.0.1"),
        tolerance_s=tolerance_s,
    )


def site(
    *chargers: Charger,
    fuse_a: float = 25.0,
    circuits: tuple[Circuit, ...] = (),
    meters: tuple[Meter, ...] | None = None,
    vehicles: tuple[Vehicle, ...] = (),
) -> Site:
    """Return a site with a main fuse, and a meter there unless told otherwise."""
    return Site(
        name="Test Street",
        circuits=(main_circuit(fuse_a), *circuits),
        meters=(meter(),) if meters is None else meters,
        chargers=chargers,
        vehicles=vehicles,
    )


@dataclass
class Car:
    """A plugged vehicle and its charger, as physics has them. `phases` counts the charger's terminals in use.

    `gives_a` is the most it agreed to give back, None for a vehicle that only charges, and `gives_least_a` the least it
    can; `stored_wh` is what its battery holds, of which the station tells the share with every report unless
    `tells_soc` is off.
    """

    phases: int = 3
    maximum_a: float = 32.0
    reaction_s: float = 0.4
    report_s: float = 3.0
    plugged: bool = True
    online: bool = True
    reports: bool = True
    obeys: bool = True
    wants: bool = True
    finished: bool = False
    gives_a: float | None = None
    gives_least_a: float = 0.0
    obeys_when_giving: bool = True
    capacity_wh: float = 60_000.0
    stored_wh: float = 36_000.0
    tells_soc: bool = True
    link: LinkQuality | None = field(default_factory=lambda: LinkQuality(round_trip_s=0.05))
    follows_a: float = 0.0
    drawn_a: float = 0.0
    pending: list[tuple[float, float]] = field(default_factory=list)
    state: ChargerState | None = None
    next_report_s: float = 0.0
    starts: int = 0
    stops: int = 0

    def told(self, setpoint_a: float, now_s: float) -> None:
        """Take a setpoint; it is followed after the reaction time."""
        if self.online and (not self.pending or self.pending[-1][1] != setpoint_a):
            self.pending.append((now_s + self.reaction_s, setpoint_a))

    def step(self, now_s: float) -> None:
        """Let the vehicle follow what has become due."""
        while self.pending and self.pending[0][0] <= now_s + 1e-9:
            self.follows_a = self.pending.pop(0)[1]
        offered_a = self.follows_a if self.obeys else self.maximum_a
        drawn_a = min(offered_a, self.maximum_a) if self.plugged and self.wants and not self.finished else 0.0
        if drawn_a < 0 or (not self.obeys_when_giving and self.drawn_a < 0):
            drawn_a = self._given(offered_a)
        self.stored_wh += self.phases * 230.0 * self.drawn_a * TICK_S / 3600
        if drawn_a > 0 >= self.drawn_a:
            self.starts += 1
        if drawn_a <= 0 < self.drawn_a:
            self.stops += 1
        self.drawn_a = drawn_a

    @property
    def soc_pct(self) -> float:
        """How full the battery really is."""
        return 100 * self.stored_wh / self.capacity_wh

    def _given(self, offered_a: float) -> float:
        """Return what flows while it gives back: one that does not obey goes on as it was."""
        wanted_a = offered_a if self.obeys_when_giving else self.drawn_a
        return max(wanted_a, -(self.gives_a or 0.0))


class Plant:
    """A site with its physics and the memory of control. `log` holds each reading with its decision."""

    def __init__(
        self,
        of: Site,
        cars: dict[str, Car],
        *,
        settings: ControlSettings | None = None,
        house_a: Callable[[float], PerPhase] = lambda _: (2.0, 2.0, 2.0),
    ) -> None:
        self.site = of
        self.cars = cars
        self.settings = settings or ControlSettings()
        self.house_a = house_a
        self.load_a: dict[str, Callable[[float], PerPhase]] = {}
        self.wishes: dict[str, Wish] = {}
        self.vehicles: dict[str, VehicleState] = {}
        self.silent_meters: set[str] = set()
        self.meters: dict[str, MeterReading] = {}
        self.memory = Memory()
        self.decision: Decision | None = None
        self.tick = 0
        self.seen_a: PerPhase = (0.0, 0.0, 0.0)
        self.log: list[tuple[float, PerPhase, Decision]] = []

    @property
    def now_s(self) -> float:
        """Monotonic seconds of the plant."""
        return 1000.0 + self.tick * TICK_S

    def setpoint(self, charger_id: str) -> Setpoint:
        """Return the latest setpoint of a charger."""
        assert self.decision is not None
        return next(one for one in self.decision.setpoints if one.charger_id == charger_id)

    def current_a(self, charger_id: str) -> float:
        """Return the latest setpoint of a charger in A."""
        return self.setpoint(charger_id).current_a

    def grid_a(self, circuit_id: str = "main") -> PerPhase:
        """Return what really flows through a circuit. The house hangs on the main one, `load_a` on others."""
        total = list(self.house_a(self.now_s)) if circuit_id == "main" else [0.0, 0.0, 0.0]
        below = self._below(circuit_id)
        for below_id in below & self.load_a.keys():
            for phase, load_a in enumerate(self.load_a[below_id](self.now_s)):
                total[phase] += load_a
        for one in self.site.chargers:
            if one.circuit_id in below and one.charger_id in self.cars:
                car = self.cars[one.charger_id]
                for phase in one.phases[: car.phases]:
                    total[phase] += car.drawn_a
        return (total[0], total[1], total[2])

    def _below(self, circuit_id: str) -> set[str]:
        below = {circuit_id}
        for circuit in self.site.circuits:
            if circuit.parent_id in below:
                below.add(circuit.circuit_id)
        return below

    def snapshot(self) -> Snapshot:
        """Return what control sees now."""
        return Snapshot(
            now_s=self.now_s,
            site=self.site,
            meters=dict(self.meters),
            chargers={key: car.state for key, car in self.cars.items() if car.state is not None},
            vehicles=dict(self.vehicles),
            wishes=dict(self.wishes),
            settings=self.settings,
        )

    def run(self, seconds: float) -> None:
        """Let time pass, with a cycle of control after every meter reading."""
        for _ in range(round(seconds / TICK_S)):
            self.tick += 1
            for one in self.site.chargers:
                if one.charger_id in self.cars:
                    self._advance(one, self.cars[one.charger_id])
            if self.tick % 10 == 0:
                self._read_meters()
                self.cycle()

    def cycle(self) -> None:
        """Decide once and tell the chargers."""
        self.decision, self.memory = decide(self.snapshot(), self.memory)
        for setpoint in self.decision.setpoints:
            if setpoint.charger_id in self.cars:
                self.cars[setpoint.charger_id].told(setpoint.current_a, self.now_s)
        self.log.append((self.now_s, self.seen_a, self.decision))

    def _read_meters(self) -> None:
        for one in self.site.meters:
            current_a = self.grid_a(one.circuit_id)
            if one.circuit_id == "main":
                self.seen_a = current_a
            if one.meter_id not in self.silent_meters:
                power_w = tuple(230.0 * value for value in current_a)
                self.meters[one.meter_id] = MeterReading(
                    meter_id=one.meter_id,
                    at_s=self.now_s,
                    current_a=current_a,
                    power_w=(power_w[0], power_w[1], power_w[2]),
                )

    def _advance(self, one: Charger, car: Car) -> None:
        before = (car.plugged, car.online)
        car.step(self.now_s)
        state = car.state
        changed = state is None or before != (state.plugged, state.online)
        if not changed and (not car.reports or not car.online or self.now_s < car.next_report_s - 1e-9):
            return
        measured = car.reports and car.online and self.now_s >= car.next_report_s - 1e-9
        current_a = [car.drawn_a if terminal < car.phases else 0.0 for terminal in range(3)]
        if measured:
            car.next_report_s = self.now_s + car.report_s
        car.state = ChargerState(
            charger_id=one.charger_id,
            at_s=self.now_s,
            online=car.online,
            status=self._status(car),
            plugged=car.plugged,
            measured_at_s=self.now_s if measured else (state.measured_at_s if state else None),
            current_a=(
                (current_a[0], current_a[1], current_a[2]) if measured else (state.current_a if state else None)
            ),
            session=Session(transaction_id="1", started_at_utc="2026-01-01T00:00:00Z", energy_wh=0.0)
            if car.plugged and not car.finished
            else None,
            discharge_maximum_a=car.gives_a if car.plugged and not car.finished else None,
            discharge_minimum_a=car.gives_least_a,
            soc_pct=(car.soc_pct if measured else (state.soc_pct if state else None)) if car.tells_soc else None,
            soc_at_s=(self.now_s if measured else (state.soc_at_s if state else None)) if car.tells_soc else None,
            link=car.link,
        )

    @staticmethod
    def _status(car: Car) -> ChargerStatus:
        if not car.plugged:
            return ChargerStatus.AVAILABLE
        if car.finished:
            return ChargerStatus.FINISHING
        return ChargerStatus.CHARGING if car.wants else ChargerStatus.SUSPENDED_EV

    def worst_overload_s(self, limit_a: float) -> int:
        """Return how many meter readings in a row showed any phase above the limit, at most."""
        longest = run = 0
        for _, grid_a, _ in self.log:
            run = run + 1 if max(grid_a) > limit_a + 0.05 else 0
            longest = max(longest, run)
        return longest

    def worst_excess_s(self, limit_a: float) -> int:
        """Return how many meter readings in a row showed any phase feeding back more than the limit, at most."""
        longest = run = 0
        for _, grid_a, _ in self.log:
            run = run + 1 if min(grid_a) < -limit_a - 0.05 else 0
            longest = max(longest, run)
        return longest

    def changes(self, charger_id: str, since_s: float = -math.inf) -> int:
        """Return how often a setpoint changed."""
        values = [
            next(one.current_a for one in decision.setpoints if one.charger_id == charger_id)
            for at_s, _, decision in self.log
            if at_s >= since_s
        ]
        return sum(before != after for before, after in pairwise(values))
