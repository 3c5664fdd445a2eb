"""Controls of a distributed energy resource: how its inverter answers the grid (OCPP 2.1, section R).

One dataclass per kind of control that a site may need; each refuses values that cannot be when it is built. A scheduled
control has a start and a duration, a default one has neither (R04.FR.12). Priority 0 is the highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
import math
from typing import Any, ClassVar, Protocol

from tidewatt.ocpp.wire import to_wire_time
from tidewatt.site import SiteError

_MOST_POINTS = 10
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 70.0
_LONGEST_S = 366 * 86_400


class Unit(StrEnum):
    """What the values of a curve, or of a reactive power, are shares of."""

    NONE = "Not_Applicable"
    MAX_W = "PctMaxW"
    MAX_VAR = "PctMaxVar"
    AVAILABLE_W = "PctWAvail"
    AVAILABLE_VAR = "PctVarAvail"
    EFFECTIVE_V = "PctEffectiveV"


@dataclass(frozen=True, slots=True)
class When:
    """When a scheduled control holds."""

    start_utc: datetime
    duration_s: float

    def __post_init__(self) -> None:
        """Refuse what is no moment or no time."""
        _require(self.start_utc.tzinfo is not None, "start_utc", self.start_utc, "Give a moment with its time zone.")
        _require(0 < self.duration_s <= _LONGEST_S, "duration_s", self.duration_s, f"Give 1 to {_LONGEST_S} s.")

    def to_wire(self) -> dict[str, Any]:
        """Return the fields of OCPP."""
        return {"startTime": to_wire_time(self.start_utc), "duration": self.duration_s}


class DerControl(Protocol):
    """A control with its values."""

    @property
    def field(self) -> str:
        """The field of SetDERControl that carries it (R04.FR.16)."""

    @property
    def control_type(self) -> str:
        """OCPP's name of its kind."""

    @property
    def when(self) -> When | None:
        """When it holds; None is always, as a default."""

    def to_wire(self) -> dict[str, Any]:
        """Return the object that the field holds."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve: `x` in V, in Hz or in % as its kind has it, `y` in the curve's unit."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What every curve has."""

    points: tuple[Point, ...]
    unit: Unit
    priority: int = 0
    response_s: float | None = None
    when: When | None = None
    field: ClassVar = "curve"

    def __post_init__(self) -> None:
        """Refuse curves that are empty, too long, unsorted or of a unit that their kind does not have."""
        _require_priority(self.priority)
        _require(1 <= len(self.points) <= _MOST_POINTS, "points", len(self.points), f"Give 1 to {_MOST_POINTS} points.")
        for point in self.points:
            _require_finite("points.x", point.x)
            _require_finite("points.y", point.y)
        _require(
            all(before.x <= after.x for before, after in pairwise(self.points)),
            "points",
            [point.x for point in self.points],
            "Give the points in ascending order of x.",
        )
        units = self.units()
        _require(self.unit in units, "unit", self.unit, f"Use one of: {', '.join(units)}.")
        if self.response_s is not None:
            _require_magnitude("response_s", self.response_s)

    @property
    def control_type(self) -> str:
        """OCPP's name of its kind, which is that of the class."""
        return type(self).__name__

    def units(self) -> Sequence[Unit]:
        """Return the units that this kind of curve may have."""
        return tuple(Unit)

    def to_wire(self) -> dict[str, Any]:
        """Return a DERCurve."""
        curve: dict[str, Any] = {
            "priority": self.priority,
            "yUnit": self.unit,
            "curveData": [{"x": point.x, "y": point.y} for point in self.points],
        }
        if self.response_s is not None:
            curve["responseTime"] = self.response_s
        return curve | _when(self.when)


class VoltVar(Curve):
    """Reactive power over the voltage, Q(U)."""

    def units(self) -> Sequence[Unit]:
        """Return shares of power (R04, scenario 4)."""
        return (Unit.MAX_W, Unit.MAX_VAR, Unit.AVAILABLE_VAR)


class VoltWatt(Curve):
    """Active power over the voltage, P(U)."""

    def units(self) -> Sequence[Unit]:
        """Return shares of active power."""
        return (Unit.MAX_W, Unit.AVAILABLE_W)


class FreqWatt(Curve):
    """Active power over the frequency, P(f)."""

    def __post_init__(self) -> None:
        """Refuse frequencies that no grid has, besides what every curve refuses."""
        Curve.__post_init__(self)
        for point in self.points:
            _require_frequency("points.x", point.x)

    def units(self) -> Sequence[Unit]:
        """Return shares of active power."""
        return (Unit.MAX_W, Unit.AVAILABLE_W)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreqDroop:
    """Less power in proportion, once the frequency leaves its band: P(f) by its slopes."""

    over_hz: float
    under_hz: float
    over_droop: float
    under_droop: float
    response_s: float
    priority: int = 0
    when: When | None = None
    field: ClassVar = "freqDroop"
    control_type: ClassVar = "FreqDroop"

    def __post_init__(self) -> None:
        """Refuse a band that is none and slopes that amplify."""
        _require_priority(self.priority)
        _require_frequency("over_hz", self.over_hz)
        _require_frequency("under_hz", self.under_hz)
        _require(self.over_hz > self.under_hz, "over_hz", self.over_hz, f"Give more than under_hz ({self.under_hz:g}).")
        for name in ("over_droop", "under_droop", "response_s"):
            _require_magnitude(name, getattr(self, name))

    def to_wire(self) -> dict[str, Any]:
        """Return a FreqDroop."""
        return {
            "priority": self.priority,
            "overFreq": self.over_hz,
            "underFreq": self.under_hz,
            "overDroop": self.over_droop,
            "underDroop": self.under_droop,
            "responseTime": self.response_s,
        } | _when(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPowerFactor:
    """A fixed cos(phi) while active power is absorbed or injected. `excitation` True absorbs reactive power."""

    injects: bool
    displacement: float
    excitation: bool
    priority: int = 0
    when: When | None = None

    def __post_init__(self) -> None:
        """Refuse what is no power factor."""
        _require_priority(self.priority)
        _require(0 < self.displacement <= 1, "displacement", self.displacement, "Give a cos(phi) up to 1.")

    @property
    def field(self) -> str:
        """The field of SetDERControl, which depends on the direction."""
        return "fixedPFInject" if self.injects else "fixedPFAbsorb"

    @property
    def control_type(self) -> str:
        """OCPP's name of its kind."""
        return "FixedPFInject" if self.injects else "FixedPFAbsorb"

    def to_wire(self) -> dict[str, Any]:
        """Return a FixedPF."""
        return {
            "priority": self.priority,
            "displacement": self.displacement,
            "excitation": self.excitation,
        } | _when(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedVar:
    """A fixed reactive power, as a signed share of the unit in %."""

    setpoint_pct: float
    unit: Unit
    priority: int = 0
    when: When | None = None
    field: ClassVar = "fixedVar"
    control_type: ClassVar = "FixedVar"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        _require_priority(self.priority)
        _require(abs(self.setpoint_pct) <= 100, "setpoint_pct", self.setpoint_pct, "Give -100 to 100 %.")
        _require(self.unit is not Unit.NONE, "unit", self.unit, "Say what it is a share of.")

    def to_wire(self) -> dict[str, Any]:
        """Return a FixedVar."""
        return {"priority": self.priority, "setpoint": self.setpoint_pct, "unit": self.unit} | _when(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMaxDischarge:
    """Discharge at most a share of the rated power."""

    power_pct: float
    priority: int = 0
    when: When | None = None
    field: ClassVar = "limitMaxDischarge"
    control_type: ClassVar = "LimitMaxDischarge"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        _require_priority(self.priority)
        _require(0 <= self.power_pct <= 100, "power_pct", self.power_pct, "Give 0 to 100 %.")

    def to_wire(self) -> dict[str, Any]:
        """Return a LimitMaxDischarge."""
        return {"priority": self.priority, "pctMaxDischargePower": self.power_pct} | _when(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """How fast power may change, as the seconds of a ramp; 0 where that does not apply. Only a default (R04.FR.14)."""

    gradient_s: float
    soft_gradient_s: float
    priority: int = 0
    field: ClassVar = "gradient"
    control_type: ClassVar = "Gradients"
    when: ClassVar = None

    def __post_init__(self) -> None:
        """Refuse times that are none."""
        _require_priority(self.priority)
        _require_magnitude("gradient_s", self.gradient_s)
        _require_magnitude("soft_gradient_s", self.soft_gradient_s)

    def to_wire(self) -> dict[str, Any]:
        """Return a Gradient."""
        return {"priority": self.priority, "gradient": self.gradient_s, "softGradient": self.soft_gradient_s}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterService:
    """When an inverter that tripped may return to the grid. Voltages in V. Only a default (R04.FR.14)."""

    high_v: float
    low_v: float
    high_hz: float
    low_hz: float
    delay_s: float | None = None
    random_delay_s: float | None = None
    ramp_s: float | None = None
    priority: int = 0
    field: ClassVar = "enterService"
    control_type: ClassVar = "EnterService"
    when: ClassVar = None

    def __post_init__(self) -> None:
        """Refuse bands that are none."""
        _require_priority(self.priority)
        _require(0 < self.low_v < self.high_v, "low_v", self.low_v, f"Give less than high_v ({self.high_v:g} V).")
        _require_frequency("high_hz", self.high_hz)
        _require_frequency("low_hz", self.low_hz)
        _require(self.low_hz < self.high_hz, "low_hz", self.low_hz, f"Give less than high_hz ({self.high_hz:g} Hz).")
        for name in ("delay_s", "random_delay_s", "ramp_s"):
            if (value := getattr(self, name)) is not None:
                _require_magnitude(name, value)

    def to_wire(self) -> dict[str, Any]:
        """Return an EnterService."""
        service = {
            "priority": self.priority,
            "highVoltage": self.high_v,
            "lowVoltage": self.low_v,
            "highFreq": self.high_hz,
            "lowFreq": self.low_hz,
        }
        more = {"delay": self.delay_s, "randomDelay": self.random_delay_s, "rampRate": self.ramp_s}
        return service | {key: value for key, value in more.items() if value is not None}


def _when(when: When | None) -> dict[str, Any]:
    return {} if when is None else when.to_wire()


def _require_priority(priority: int) -> None:
    _require(0 <= priority < 2**31, "priority", priority, "Give 0, the highest, or more.")


def _require_frequency(name: str, value: float) -> None:
    ok = _LOWEST_HZ <= value <= _HIGHEST_HZ
    _require(ok, name, value, f"Give a frequency from {_LOWEST_HZ:g} to {_HIGHEST_HZ:g} Hz.")


def _require_magnitude(name: str, value: float) -> None:
    _require(math.isfinite(value) and value >= 0, name, value, "Give zero or more.")


def _require_finite(name: str, value: float) -> None:
    _require(math.isfinite(value), name, value, "Give a number.")


def _require(condition: bool, name: str, value: object, remedy: str) -> None:
    if not condition:
        raise SiteError(name, value, remedy)
