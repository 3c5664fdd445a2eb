"""The site as configured: circuits, meters, chargers and vehicles. Immutable; checked when built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import math

from .commands import Mode
from .endpoints import EntitySocEndpoint, MeterEndpoint, ModbusEndpoint, OcppEndpoint, OcppListener
from .errors import SiteError
from .phases import PHASE_COUNT, PerPhase, Phase
from .security import check_security

MAIN_CIRCUIT_ID = "main"
"""The root of every circuit tree: the site's main fuse."""

MINIMUM_CURRENT_A = 6.0
"""Lowest current a charging vehicle can be told by control pilot (IEC 61851-1, table A.8)."""

DEFAULT_MINIMUM_SOC_PCT = 20.0
"""State of charge below which no vehicle is discharged unless its owner allows it (requirement V1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A part of the installation with its own limits. `parent_id` None marks the root.

    Limits are magnitudes in A per phase. An export limit that nobody set is zero: no discharging through it.
    """

    circuit_id: str
    name: str
    parent_id: str | None
    import_limit_a: PerPhase
    export_limit_a: PerPhase = (0.0, 0.0, 0.0)
    total_import_limit_w: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits that are negative, infinite or not numbers."""
        for name in ("import_limit_a", "export_limit_a"):
            for limit_a in getattr(self, name):
                _require(
                    math.isfinite(limit_a) and limit_a >= 0,
                    f"circuits.{self.circuit_id}.{name}",
                    limit_a,
                    "Give the rating of its fuse in A, zero or more.",
                )
        total_w = self.total_import_limit_w
        _require(
            total_w is None or (math.isfinite(total_w) and total_w >= 0),
            f"circuits.{self.circuit_id}.total_import_limit_w",
            total_w,
            "Give a power in W, zero or more, or leave it out.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter at the head of a circuit. A reading older than `tolerance_s` counts as lost."""

    meter_id: str
    name: str
    circuit_id: str
    endpoint: MeterEndpoint
    tolerance_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a tolerance that would call every reading lost, or none."""
        _require(
            math.isfinite(self.tolerance_s) and self.tolerance_s > 0,
            f"meters.{self.meter_id}.tolerance_s",
            self.tolerance_s,
            "Give the age in seconds after which a reading no longer counts.",
        )
        if isinstance(self.endpoint, ModbusEndpoint):
            _require(
                0 < self.endpoint.interval_s < self.tolerance_s,
                f"meters.{self.meter_id}.modbus.interval_s",
                self.endpoint.interval_s,
                f"Give the seconds between two readings, less than tolerance_s ({self.tolerance_s:g} s).",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One charging point.

    `phases[k]` is the site's phase that the charger's own phase k is wired to, so `(L2, L3, L1)` is a rotated
    three-phase charger and `(L3,)` a one-phase charger on L3. A pause is always possible; in between, the
    current is within `[minimum_a, maximum_a]` on a grid of `step_a`. Without fresh limits the charger falls to
    `safe_a`. `discharge_maximum_a` is the most it may give back, as a magnitude; zero, the default, is never.
    """

    charger_id: str
    name: str
    circuit_id: str
    endpoint: OcppEndpoint
    phases: tuple[Phase, ...] = (Phase.L1, Phase.L2, Phase.L3)
    minimum_a: float = MINIMUM_CURRENT_A
    maximum_a: float = 16.0
    step_a: float = 1.0
    safe_a: float = MINIMUM_CURRENT_A
    weight: float = 1.0
    mode: Mode = Mode.OFF
    discharge_maximum_a: float = 0.0

    def __post_init__(self) -> None:
        """Refuse ranges that no vehicle could follow."""
        where = f"chargers.{self.charger_id}"
        _require(
            0 < len(self.phases) <= PHASE_COUNT and len(set(self.phases)) == len(self.phases),
            f"{where}.phases",
            self.phases,
            "Name one to three different phases in the order of the charger's terminals.",
        )
        _require(
            math.isfinite(self.minimum_a) and self.minimum_a >= MINIMUM_CURRENT_A,
            f"{where}.minimum_a",
            self.minimum_a,
            "Give at least 6 A: below that IEC 61851 knows only a pause.",
        )
        _require(
            math.isfinite(self.maximum_a) and self.maximum_a >= self.minimum_a,
            f"{where}.maximum_a",
            self.maximum_a,
            f"Give a current of at least minimum_a ({self.minimum_a:g} A).",
        )
        _require(
            math.isfinite(self.step_a) and 0 < self.step_a <= self.maximum_a,
            f"{where}.step_a",
            self.step_a,
            "Give the charger's resolution in A, for example 1 or 0.1.",
        )
        _require(
            self.safe_a == 0 or self.minimum_a <= self.safe_a <= self.maximum_a,
            f"{where}.safe_a",
            self.safe_a,
            f"Give 0 (pause) or a current from {self.minimum_a:g} to {self.maximum_a:g} A.",
        )
        _require(
            math.isfinite(self.weight) and self.weight > 0,
            f"{where}.weight",
            self.weight,
            "Give a share greater than zero; 2 gets twice as much as 1.",
        )
        _require(
            math.isfinite(self.discharge_maximum_a) and self.discharge_maximum_a >= 0,
            f"{where}.discharge_maximum_a",
            self.discharge_maximum_a,
            "Give the current in A that the charger may give back, or 0 for a charger that only charges.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle that charges at `charger_id`. What is None is unknown and found out or assumed cautiously.

    Nothing discharges it below `minimum_soc_pct` (requirement V1).
    """

    vehicle_id: str
    name: str
    charger_id: str
    phases: int | None = None
    maximum_a: float | None = None
    battery_capacity_wh: float | None = None
    minimum_soc_pct: float = DEFAULT_MINIMUM_SOC_PCT
    endpoint: EntitySocEndpoint | None = None

    def __post_init__(self) -> None:
        """Refuse a floor that is no state of charge."""
        _require(
            math.isfinite(self.minimum_soc_pct) and 0 <= self.minimum_soc_pct <= 100,
            f"vehicles.{self.vehicle_id}.minimum_soc_pct",
            self.minimum_soc_pct,
            "Give the state of charge in % that discharging must leave, from 0 to 100.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One electrical connection and everything behind it.

    `circuits` holds the root (`MAIN_CIRCUIT_ID`) first and every parent before its children.
    """

    name: str
    phases: int = PHASE_COUNT
    voltage_v: float = 230.0
    circuits: tuple[Circuit, ...]
    meters: tuple[Meter, ...] = ()
    chargers: tuple[Charger, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    ocpp: OcppListener = field(default_factory=OcppListener)

    def __post_init__(self) -> None:
        """Refuse a site whose parts do not fit together."""
        _require(self.phases in (1, PHASE_COUNT), "site.phases", self.phases, "Give 1 or 3.")
        _require(
            math.isfinite(self.voltage_v) and 100 <= self.voltage_v <= 300,
            "site.voltage_v",
            self.voltage_v,
            "Give the voltage between a phase and neutral in V, for example 230.",
        )
        _require(
            bool(self.circuits)
            and self.circuits[0].circuit_id == MAIN_CIRCUIT_ID
            and self.circuits[0].parent_id is None,
            "circuits",
            [circuit.circuit_id for circuit in self.circuits],
            f"The first circuit is the root and is called {MAIN_CIRCUIT_ID!r}.",
        )
        self._check_tree()
        circuit_ids = [circuit.circuit_id for circuit in self.circuits]
        charger_ids = [charger.charger_id for charger in self.chargers]
        _unique("meters", [meter.meter_id for meter in self.meters])
        _unique("chargers", charger_ids)
        _unique("vehicles", [vehicle.vehicle_id for vehicle in self.vehicles])
        at_charger = [vehicle.charger_id for vehicle in self.vehicles]
        _unique("vehicles.charger_id", at_charger, "A charger has at most one vehicle.")
        _unique("meters.circuit_id", [meter.circuit_id for meter in self.meters], "A circuit has at most one meter.")
        for meter in self.meters:
            _known(f"meters.{meter.meter_id}.circuit_id", meter.circuit_id, circuit_ids)
        for charger in self.chargers:
            _known(f"chargers.{charger.charger_id}.circuit_id", charger.circuit_id, circuit_ids)
            _require(
                max(charger.phases) < self.phases,
                f"chargers.{charger.charger_id}.phases",
                charger.phases,
                f"The site has {self.phases} phase(s).",
            )
        for vehicle in self.vehicles:
            _known(f"vehicles.{vehicle.vehicle_id}.charger_id", vehicle.charger_id, charger_ids)
        check_security(self.ocpp, {charger.charger_id: charger.endpoint for charger in self.chargers})

    def _check_tree(self) -> None:
        seen: list[str] = []
        _unique("circuits", [circuit.circuit_id for circuit in self.circuits])
        for circuit in self.circuits[1:]:
            seen = seen or [MAIN_CIRCUIT_ID]
            _known(f"circuits.{circuit.circuit_id}.parent_id", circuit.parent_id, seen)
            seen.append(circuit.circuit_id)

    def circuit(self, circuit_id: str) -> Circuit:
        """Return a circuit by its id; KeyError when there is none."""
        return _by_id(self.circuits, "circuit_id", circuit_id)

    def charger(self, charger_id: str) -> Charger:
        """Return a charger by its id; KeyError when there is none."""
        return _by_id(self.chargers, "charger_id", charger_id)

    def meter_of(self, circuit_id: str) -> Meter | None:
        """Return the meter at the head of a circuit, if it has one."""
        return next((meter for meter in self.meters if meter.circuit_id == circuit_id), None)

    def vehicle_at(self, charger_id: str) -> Vehicle | None:
        """Return the vehicle that is known to charge at a charger."""
        return next((vehicle for vehicle in self.vehicles if vehicle.charger_id == charger_id), None)


def _require(condition: bool, field_name: str, value: object, remedy: str) -> None:
    if not condition:
        raise SiteError(field_name, value, remedy)


def _unique(field_name: str, values: list[str], remedy: str = "Use every id once.") -> None:
    for value in values:
        _require(values.count(value) == 1, field_name, value, remedy)


def _known(field_name: str, value: str | None, known: list[str]) -> None:
    _require(value in known, field_name, value, f"Use one of: {', '.join(known)}.")


def _by_id[T](items: Iterable[T], attribute: str, wanted: str) -> T:
    for item in items:
        if getattr(item, attribute) == wanted:
            return item
    raise KeyError(wanted)
