"""The operation modes a vehicle can be put in, each with the values it needs and no others (OCPP 2.1, Q02 to Q10).

All powers are in W over all phases, positive into the vehicle. What a mode cannot be is refused when it is built;
`Bounds` then keep every power within what was agreed and configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import itertools
import math
from typing import Any, ClassVar, Protocol

from tidewatt.ocpp.charging import OperationMode
from tidewatt.site import SiteError

_MOST_POINTS = 20
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 70.0
_LONGEST_S = 86_400
_HOLDS_S = 300
"""How long a mode holds when nobody says: it is a dead-man's switch, so it is short."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most that may flow into and (as a magnitude) out of a vehicle, in W over all phases.

    `is_covered` tells whether station and vehicle cannot exceed this by themselves, whatever steers them.
    """

    charge_w: float
    discharge_w: float
    is_covered: bool

    def clamp(self, power_w: float) -> float:
        """Return a power within the bounds."""
        return max(-self.discharge_w, min(self.charge_w, power_w))


class Operation(Protocol):
    """An operation mode with its values."""

    mode: ClassVar[OperationMode]
    can_discharge: ClassVar[bool]

    @property
    def duration_s(self) -> int:
        """For how long it holds."""

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return the schedule period in OCPP's words with powers in W within the bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingOnly:
    """Charge with at most `limit_w`, discharge nothing (Q02). At `soc_pct` and above with at most `limit_at_soc_w`."""

    limit_w: float
    soc_pct: int | None = None
    limit_at_soc_w: float = 0.0
    duration_s: int = _HOLDS_S
    mode: ClassVar = OperationMode.CHARGING_ONLY
    can_discharge: ClassVar = False

    def __post_init__(self) -> None:
        """Refuse powers that discharge."""
        _require_magnitude("limit_w", self.limit_w)
        _require_magnitude("limit_at_soc_w", self.limit_at_soc_w)
        _require(self.soc_pct is None or 0 <= self.soc_pct <= 100, "soc_pct", self.soc_pct, "Give 0 to 100 %.")
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return a limit and nothing else (Q02.FR.02)."""
        return {"limit": bounds.clamp(self.limit_w)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralSetpoint:
    """Follow `setpoint_w`, with `reactive_var` of reactive power if given (Q03, Q04)."""

    setpoint_w: float
    reactive_var: float | None = None
    duration_s: int = _HOLDS_S
    mode: ClassVar = OperationMode.CENTRAL_SETPOINT
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse what is no power."""
        _require_finite("setpoint_w", self.setpoint_w)
        _require_finite("reactive_var", self.reactive_var or 0.0)
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return a setpoint without limits (Q03.FR.02)."""
        reactive = {} if self.reactive_var is None else {"setpointReactive": self.reactive_var}
        return {"setpoint": bounds.clamp(self.setpoint_w), **reactive}


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralFrequency:
    """Follow `setpoint_w`, which is changed at the pace of the grid's frequency measured elsewhere (Q07)."""

    setpoint_w: float
    duration_s: int = 60
    mode: ClassVar = OperationMode.CENTRAL_FREQUENCY
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse what is no power."""
        _require_finite("setpoint_w", self.setpoint_w)
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return a setpoint without limits (Q07.FR.03)."""
        return {"setpoint": bounds.clamp(self.setpoint_w)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSetpoint:
    """Let a system beside the station give the setpoint, within these limits (Q05)."""

    limit_w: float | None = None
    discharge_limit_w: float | None = None
    duration_s: int = _HOLDS_S
    mode: ClassVar = OperationMode.EXTERNAL_SETPOINT
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse limits that are no magnitudes."""
        _require_magnitude("limit_w", self.limit_w or 0.0)
        _require_magnitude("discharge_limit_w", self.discharge_limit_w or 0.0)
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return limits, those of the bounds where none are given."""
        charge_w = bounds.charge_w if self.limit_w is None else self.limit_w
        discharge_w = bounds.discharge_w if self.discharge_limit_w is None else self.discharge_limit_w
        return {"limit": bounds.clamp(charge_w), "dischargeLimit": min(0.0, bounds.clamp(-discharge_w))}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimits:
    """Let a system beside the station give the limits (Q05)."""

    duration_s: int = _HOLDS_S
    mode: ClassVar = OperationMode.EXTERNAL_LIMITS
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse a duration that is none."""
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return nothing: this mode carries no values, so station and vehicle must be within the bounds themselves."""
        _require_covered(bounds, self.mode)
        return {}


@dataclass(frozen=True, slots=True)
class FrequencyPoint:
    """Power to add to the baseline at a frequency of the grid."""

    frequency_hz: float
    power_w: float


@dataclass(frozen=True, slots=True)
class SignalPoint:
    """Power to add at a value of the grid operator's signal (aFRR)."""

    signal: int
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrequency:
    """Let the station follow the frequency it measures: baseline plus curve, plus a curve over a signal (Q08)."""

    baseline_w: float
    curve: tuple[FrequencyPoint, ...]
    signal_curve: tuple[SignalPoint, ...] = ()
    duration_s: int = 3600
    mode: ClassVar = OperationMode.LOCAL_FREQUENCY
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse curves that are too short, too long, unsorted or far from any grid (Q08.FR.02)."""
        _require_finite("baseline_w", self.baseline_w)
        _require_curve("curve", [point.frequency_hz for point in self.curve])
        for point in self.curve:
            _require_finite("curve.power_w", point.power_w)
            _require(
                _LOWEST_HZ <= point.frequency_hz <= _HIGHEST_HZ,
                "curve.frequency_hz",
                point.frequency_hz,
                f"Give frequencies in Hz from {_LOWEST_HZ:g} to {_HIGHEST_HZ:g}.",
            )
        if self.signal_curve:
            _require_curve("signal_curve", [point.signal for point in self.signal_curve])
        for signal_point in self.signal_curve:
            _require_finite("signal_curve.power_w", signal_point.power_w)
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return baseline and curves; their sum stays within the bounds at every frequency and signal."""
        baseline_w = bounds.clamp(self.baseline_w)
        low_w, high_w = -bounds.discharge_w - baseline_w, bounds.charge_w - baseline_w
        signal_w = _within([point.power_w for point in self.signal_curve], low_w, high_w)
        least_w, most_w = min([0.0, *signal_w]), max([0.0, *signal_w])
        curve_w = _within([point.power_w for point in self.curve], low_w - least_w, high_w - most_w)
        period: dict[str, Any] = {
            "v2xBaseline": baseline_w,
            "v2xFreqWattCurve": [
                {"frequency": point.frequency_hz, "power": power_w}
                for point, power_w in zip(self.curve, curve_w, strict=True)
            ],
        }
        if signal_w:
            period["v2xSignalWattCurve"] = [
                {"signal": point.signal, "power": power_w}
                for point, power_w in zip(self.signal_curve, signal_w, strict=True)
            ]
        return period


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLoadBalancing:
    """Let the station keep the load it measures at the grid connection between two thresholds (Q09).

    The offsets say how far beyond its threshold the load is brought back to.
    """

    upper_threshold_w: float
    lower_threshold_w: float
    upper_offset_w: float = 0.0
    lower_offset_w: float = 0.0
    duration_s: int = 3600
    mode: ClassVar = OperationMode.LOCAL_LOAD_BALANCING
    can_discharge: ClassVar = True

    def __post_init__(self) -> None:
        """Refuse thresholds that are no range (Q09.FR.02)."""
        for name in ("upper_threshold_w", "lower_threshold_w", "upper_offset_w", "lower_offset_w"):
            _require_finite(name, getattr(self, name))
        _require(
            self.upper_threshold_w > self.lower_threshold_w,
            "upper_threshold_w",
            self.upper_threshold_w,
            f"Give more than lower_threshold_w ({self.lower_threshold_w:g} W).",
        )
        _require_duration(self.duration_s)

    def variables(self) -> dict[tuple[str, str | None], str]:
        """Return the instances of V2XChargingCtrlr.LocalLoadBalancing that the station balances by."""
        values = {
            "UpperThreshold": self.upper_threshold_w,
            "LowerThreshold": self.lower_threshold_w,
            "UpperOffset": self.upper_offset_w,
            "LowerOffset": self.lower_offset_w,
        }
        return {("LocalLoadBalancing", instance): f"{value:g}" for instance, value in values.items()}

    def period(self, bounds: Bounds) -> dict[str, Any]:
        """Return nothing: this mode carries no values, so station and vehicle must be within the bounds themselves."""
        _require_covered(bounds, self.mode)
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Neither charge nor discharge. `precondition` keeps the battery warm, `sleep` turns the electronics off (Q10)."""

    precondition: bool = False
    sleep: bool = False
    duration_s: int = 3600
    mode: ClassVar = OperationMode.IDLE
    can_discharge: ClassVar = False

    def __post_init__(self) -> None:
        """Refuse a duration that is none."""
        _require_duration(self.duration_s)

    def period(self, bounds: Bounds) -> dict[str, Any]:  # noqa: ARG002 - nothing flows
        """Return no values (Q10.FR.01)."""
        return {"preconditioningRequest": self.precondition} | ({"evseSleep": True} if self.sleep else {})


def _within(values_w: Sequence[float], low_w: float, high_w: float) -> list[float]:
    return [max(low_w, min(high_w, value_w)) for value_w in values_w]


def _require_curve(name: str, positions: Sequence[float]) -> None:
    _require(
        2 <= len(positions) <= _MOST_POINTS,
        name,
        len(positions),
        f"Give 2 to {_MOST_POINTS} points.",
    )
    _require(
        all(before < after for before, after in itertools.pairwise(positions)),
        name,
        list(positions),
        "Give the points in ascending order, each position once.",
    )


def _require_magnitude(name: str, value: float) -> None:
    _require(math.isfinite(value) and value >= 0, name, value, "Give a power in W, zero or more.")


def _require_finite(name: str, value: float) -> None:
    _require(math.isfinite(value), name, value, "Give a power in W.")


def _require_duration(duration_s: int) -> None:
    _require(0 < duration_s <= _LONGEST_S, "duration_s", duration_s, f"Give 1 to {_LONGEST_S} s.")


def _require_covered(bounds: Bounds, mode: OperationMode) -> None:
    _require(
        bounds.is_covered,
        "discharge_maximum_a",
        bounds.discharge_w,
        f"{mode} has no limits of its own: station and vehicle can do more than the charger is configured for.",
    )


def _require(condition: bool, name: str, value: object, remedy: str) -> None:
    if not condition:
        raise SiteError(name, value, remedy)


def signals(operation: Operation) -> Iterable[int]:
    """Return the signals that an operation's curve knows; none where it has no such curve."""
    return [point.signal for point in operation.signal_curve] if isinstance(operation, LocalFrequency) else []
