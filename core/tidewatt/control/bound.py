"""Stage three: who takes part, between which currents, and what a charger outside the allocation may still draw."""

from __future__ import annotations

import math
from typing import Final

from tidewatt.site import MINIMUM_CURRENT_A, ChargerStatus, Fault, FaultCode, Mode, Reason, ReasonCode

from .model import Snapshot
from .point import NO_CURRENT, Point, down_to_step, on_phases, up_to_step

_MODE_OFF: Final = Reason(code=ReasonCode.MODE_OFF)
_NOT_CONNECTED: Final = Reason(code=ReasonCode.NOT_CONNECTED)
_UNAVAILABLE: Final = Reason(code=ReasonCode.UNAVAILABLE)
_USER_LIMIT: Final = Reason(code=ReasonCode.USER_LIMIT)
_VEHICLE: Final = Reason(code=ReasonCode.VEHICLE)
_MAXIMUM: Final = Reason(code=ReasonCode.CHARGER_MAXIMUM)
_WEIGHTS: Final = (1e-6, 1e6)
_HIGHEST_A: Final = 1e4
"""Weights and currents beyond these mean nothing more, and the kernel does not take them."""

_SOLAR_MODES: Final = frozenset({Mode.SOLAR, Mode.MIN_SOLAR})


def bound(point: Point, snapshot: Snapshot) -> None:
    """Fill in a charger's bounds, or the reason why it is paused whatever there is to share."""
    charger, wish = point.charger, point.wish
    point.weight = min(max(_positive(wish.weight) or charger.weight, _WEIGHTS[0]), _WEIGHTS[1])
    minimum_a = max(_positive(wish.minimum_a) or charger.minimum_a, MINIMUM_CURRENT_A)
    point.minimum_a = up_to_step(min(minimum_a, charger.maximum_a), charger.step_a)
    point.maximum_a, point.bound = min(charger.maximum_a, _HIGHEST_A), _MAXIMUM
    if point.fail_safe is not None:
        point.minimum_a = min(point.minimum_a, down_to_step(charger.safe_a, charger.step_a))
        point.maximum_a, point.bound = charger.safe_a, point.fail_safe
    if wish.maximum_a is not None:
        point.lower(_limit(wish.maximum_a), _USER_LIMIT)
    if wish.limit_a is not None:
        point.lower(_limit(wish.limit_a), _USER_LIMIT)
    _bound_by_vehicle(point)
    point.solar = wish.mode in _SOLAR_MODES and point.fail_safe is None
    point.pause = _pause(point)
    point.reserve_a = _reserve(point, snapshot)
    point.held_off = _held_off(point, snapshot)
    point.taking_part = point.pause is None and not point.held_off and not point.deviating


def charger_fault(point: Point) -> Fault | None:
    """Return the fault of a charger that cannot be commanded, None for one that can."""
    charger = point.charger
    if not point.online:
        done = f"{max(point.reserve_a):g} A are set aside for it" if point.connected else "nothing is set aside for it"
        detail = f"{charger.name} is not connected to Tidewatt; {done}."
        return Fault(code=FaultCode.CHARGER_UNREACHABLE, subject_id=charger.charger_id, detail=detail)
    if point.state is not None and point.state.status is ChargerStatus.FAULTED:
        detail = f"{charger.name} reports {point.state.error or 'a fault'}; it is left out until it recovers."
        return Fault(code=FaultCode.CHARGER_FAULTED, subject_id=charger.charger_id, detail=detail)
    return None


def _positive(value: float | None) -> float | None:
    """Return a usable positive number, None for anything else."""
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _limit(value: float) -> float:
    """Return a person's limit in A; what is negative or not a number is a pause."""
    return value if value > 0 else 0.0


def _bound_by_vehicle(point: Point) -> None:
    vehicle = point.place.vehicle
    if vehicle is not None and vehicle.maximum_a is not None:
        point.lower(max(vehicle.maximum_a, point.minimum_a), _VEHICLE)
    if point.idle:
        point.lower(point.minimum_a, _VEHICLE)
    elif point.vehicle_limit_a is not None:
        point.lower(max(point.vehicle_limit_a, point.minimum_a), _VEHICLE)


def _pause(point: Point) -> Reason | None:
    if not point.available:
        return _UNAVAILABLE
    if not point.connected:
        return _NOT_CONNECTED
    if point.wish.mode is Mode.OFF:
        return _MODE_OFF
    if is_over(point):
        return _VEHICLE
    highest_a = down_to_step(point.maximum_a, point.charger.step_a)
    if highest_a < point.minimum_a or highest_a <= 0:
        return point.bound
    return None


def is_over(point: Point) -> bool:
    """Say whether the vehicle has had its session: it can draw nothing until another one begins."""
    state = point.state
    return state is not None and state.status is ChargerStatus.FINISHING and state.session is None


def _reserve(point: Point, snapshot: Snapshot) -> tuple[float, float, float]:
    """Return what a charger may draw per phase whatever it is told from now on."""
    if point.deviating or (point.online and not point.available):
        l1_a, l2_a, l3_a = point.measured_a or NO_CURRENT
        # What is given back is no room: it may end at any time.
        return (max(l1_a, 0.0), max(l2_a, 0.0), max(l3_a, 0.0)) if point.bidirectional else (l1_a, l2_a, l3_a)
    if point.online or not point.connected:
        return NO_CURRENT
    since_s = point.memory.offline_since_s
    expired = since_s is not None and snapshot.now_s - since_s > snapshot.settings.setpoint_validity_s
    safe_a = point.charger.safe_a
    return on_phases(point.phases, safe_a if expired else max(safe_a, point.current_a))


def _held_off(point: Point, snapshot: Snapshot) -> bool:
    """Say whether a pause must go on to spare the contactors."""
    since_s = point.memory.off_since_s
    return (
        point.pause is None
        and point.current_a <= 0
        and since_s is not None
        and snapshot.now_s - since_s < snapshot.settings.minimum_off_s
    )
