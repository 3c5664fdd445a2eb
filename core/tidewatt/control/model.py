"""What one cycle of control sees and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidewatt.site import (
    ChargerState,
    Fault,
    MeterReading,
    PerPhase,
    Reason,
    Setpoint,
    Site,
    VehicleState,
    Wish,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """How fast control reacts and how gently it moves. The defaults suit homes and small businesses."""

    cycle_s: float = 1.0
    """Longest time between two cycles."""
    setpoint_validity_s: float = 120.0
    """A charger that hears nothing for this long falls to its safe current by itself."""
    charger_tolerance_s: float = 90.0
    """A charger that is online but whose last currents are older than this counts as unmeasured."""
    settle_s: float = 5.0
    """Time a charger and its vehicle are given to follow a new setpoint before their measured current is believed."""
    increase_interval_s: float = 5.0
    """Shortest time between two increases of one charger."""
    increase_step_a: float = 4.0
    """Largest increase at a time."""
    dead_band_a: float = 0.9
    """Increases smaller than this are not sent, unless they reach what the charger is due in full."""
    minimum_on_s: float = 60.0
    """A charger that began to charge is not paused for fairness or sun before this time; for overload it is."""
    minimum_off_s: float = 60.0
    """A paused charger is not started again before this time."""
    solar_start_s: float = 60.0
    """The sun must have sufficed for this long before a solar charger starts."""
    solar_stop_s: float = 180.0
    """The sun must have failed for this long before a solar charger pauses."""
    reversal_s: float = 10.0
    """A charger that turns from charging to discharging, or back, rests at zero for at least this long."""
    discharge_reading_s: float = 10.0
    """Nothing is discharged on a meter reading older than this, even where the meter's tolerance is longer."""
    discharge_trust_s: float = 60.0
    """Where a reading was older than that, there must have been none such for this long."""
    soc_tolerance_s: float = 900.0
    """A state of charge older than this counts as unknown; until then what may have been taken out is reckoned off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything one decision may depend on, the time included. Keys are ids; what was never reported is missing."""

    now_s: float
    site: Site
    meters: Mapping[str, MeterReading]
    chargers: Mapping[str, ChargerState]
    vehicles: Mapping[str, VehicleState]
    wishes: Mapping[str, Wish]
    settings: ControlSettings = field(default_factory=ControlSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitDecision:
    """How a circuit stands: its measured and uncontrolled currents and what is left, per phase; None is unknown."""

    circuit_id: str
    current_a: PerPhase | None
    base_a: PerPhase | None
    headroom_a: PerPhase | None
    overloaded: tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeDecision:
    """Whether a charger that is configured to discharge may do so now, wished or not: `forbidden_by` None is yes.

    `soc_pct` is the lowest state of charge that its vehicle may have now, None while that is unknown.
    """

    charger_id: str
    forbidden_by: Reason | None
    soc_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A setpoint for every charger in the site's order, how each circuit stands, and the faults that hold now.

    `discharges` are the chargers that are configured to discharge, in the site's order.
    """

    setpoints: tuple[Setpoint, ...]
    circuits: tuple[CircuitDecision, ...]
    faults: tuple[Fault, ...]
    discharges: tuple[DischargeDecision, ...] = ()
