"""Stage three for chargers that are to discharge: whether they may, at most how much, and what forbids it.

Discharging takes every permission there is: a person's wish, the configuration, the agreement of station and vehicle,
a battery above its floor, a good link, the charger's own currents, and all meters. What is missing, old or
contradictory is a no, with its reason. A charger that is to discharge and may not rests at zero: it does not charge.
"""

from __future__ import annotations

import math
from typing import Final

from tidewatt.site import (
    PHASE_COUNT,
    DischargeWish,
    EntityMeterEndpoint,
    Fault,
    FaultCode,
    LinkQuality,
    Meter,
    Mode,
    PerPhase,
    Reason,
    ReasonCode,
)

from .battery import SOC_HYSTERESIS_PCT, floor_pct, is_at_floor, soc_pct, volts
from .bound import is_over
from .cycle import Cycle
from .point import NO_CURRENT, Point, down_to_step, on_phases, up_to_step

MAXIMUM_ROUND_TRIP_S: Final = 1.0
"""A link slower than this carries no discharge (requirement V8)."""

MAXIMUM_LOSS: Final = 0.2
"""Nor does one on which more than this share of questions is not answered in time."""

_RECOVERED_ROUND_TRIP_S: Final = 0.8
_RECOVERED_LOSS: Final = 0.1
"""A link that was too bad is good again once it is no worse than this."""

MINIMUM_GIVEN_A: Final = 1.0
"""Smaller discharges are not asked for: they would feed little but the losses of the converter."""

_STILL_FLOWS_A: Final = 1.0
_HIGHEST_A: Final = 1e4
"""Larger currents mean nothing more."""

_UNAVAILABLE: Final = Reason(code=ReasonCode.UNAVAILABLE)
_NOT_CONNECTED: Final = Reason(code=ReasonCode.NOT_CONNECTED)
_MODE_OFF: Final = Reason(code=ReasonCode.MODE_OFF)
_VEHICLE: Final = Reason(code=ReasonCode.VEHICLE)
_NOT_AGREED: Final = Reason(code=ReasonCode.DISCHARGE_NOT_AGREED)
_UNMEASURED: Final = Reason(code=ReasonCode.UNMEASURED)
_LINK_POOR: Final = Reason(code=ReasonCode.LINK_POOR)
_SOC_UNKNOWN: Final = Reason(code=ReasonCode.SOC_UNKNOWN)
_BATTERY_FLOOR: Final = Reason(code=ReasonCode.BATTERY_FLOOR)
_SOC_REACHED: Final = Reason(code=ReasonCode.SOC_REACHED)
_REVERSAL: Final = Reason(code=ReasonCode.REVERSAL)
_WISHED: Final = Reason(code=ReasonCode.DISCHARGE)
_USER_LIMIT: Final = Reason(code=ReasonCode.USER_LIMIT)
_MAXIMUM: Final = Reason(code=ReasonCode.CHARGER_MAXIMUM)


def permit(point: Point, cycle: Cycle) -> None:
    """Let a charger that is to discharge take part in that, or pause it; pause one that is still turning back.

    Whether it may is found out for every charger that is configured for it, also while nobody wishes it.
    """
    point.give_reserve_a = _reserve(point, cycle)
    wish = point.wish.discharge
    if wish is not None or point.charger.discharge_maximum_a > 0:
        point.give_forbidden = _forbidden(point, cycle, None if wish is None else wish.until_soc_pct)
    if wish is None:
        point.give_fault = None
        if point.pause is None and _turns_back(point, cycle):
            point.pause, point.taking_part = _REVERSAL, False
        return
    point.taking_part = False
    point.pause = point.give_forbidden or _too_little(point, wish, cycle)
    if point.pause is None and _turns_to_give(point, cycle):
        point.pause = _REVERSAL
    point.giving = point.pause is None


def _forbidden(point: Point, cycle: Cycle, until_soc_pct: float | None) -> Reason | None:
    """Return the first thing that forbids discharging, and note its fault."""
    point.soc_pct = soc_pct(point, cycle)
    until_pct = max(floor_pct(point), _or(until_soc_pct, 0.0))
    point.floor_reached = is_at_floor(point.soc_pct, until_pct, reached=point.memory.floor_reached)
    point.link_poor = _is_poor(None if point.state is None else point.state.link, was_poor=point.memory.link_poor)
    return _absent(point) or _cut_off(point, cycle) or _empty(point, point.soc_pct)


def _absent(point: Point) -> Reason | None:
    """Return why there is nothing to discharge from, or nobody who may be."""
    if not point.available:
        return _UNAVAILABLE
    if not point.connected:
        return _NOT_CONNECTED
    if point.wish.mode is Mode.OFF:
        return _MODE_OFF
    return _VEHICLE if is_over(point) or point.deviating else None


def _cut_off(point: Point, cycle: Cycle) -> Reason | None:
    """Return the first thing about installation, station and link that forbids discharging, and note its fault."""
    lost = _lost_meter(point, cycle)
    if lost is not None:
        return lost
    if not _agreed_a(point) > 0:
        return _refuse(point, FaultCode.BIDIRECTIONAL_UNSUPPORTED, _why_not_agreed(point), _NOT_AGREED)
    if point.link_poor:
        return _refuse(point, FaultCode.LATENCY_OVER_BUDGET, _how_poor(point), _LINK_POOR)
    return _UNMEASURED if point.measured_a is None else _unseen(point, cycle)


def _unseen(point: Point, cycle: Cycle) -> Reason | None:
    """Return the circuit on a charger's way to the root of whose phases too little is known, or too late."""
    point.blind_at_s = point.memory.blind_at_s
    for circuit in point.place.path:
        node, reading = cycle.layout.nodes[circuit], cycle.meters.readings[circuit]
        if node.meter is None or reading is None:
            continue
        if cycle.now_s - reading.at_s > cycle.settings.discharge_reading_s:
            point.blind_at_s = cycle.now_s
        trusted = point.blind_at_s is None or cycle.now_s - point.blind_at_s >= cycle.settings.discharge_trust_s
        if not trusted or not _tells_phases(node.meter, cycle.snapshot.site.phases):
            return Reason(code=ReasonCode.UNMEASURED, circuit_id=node.circuit.circuit_id)
    return None


def _tells_phases(meter: Meter, phases: int) -> bool:
    """A single total counts in full on every phase, which is cautious for what is drawn and reckless for this."""
    endpoint = meter.endpoint
    return phases < PHASE_COUNT or not isinstance(endpoint, EntityMeterEndpoint) or _count(endpoint) == PHASE_COUNT


def _count(endpoint: EntityMeterEndpoint) -> int:
    return max(len(endpoint.power_entity_ids), len(endpoint.current_entity_ids))


def _empty(point: Point, now_pct: float | None) -> Reason | None:
    """Return why nothing is to be taken from the battery, and note its fault."""
    if now_pct is None:
        said = "neither the station nor an entity tells the state of charge of the battery, or not lately enough"
        return _refuse(point, FaultCode.BMS_TIMEOUT, said, _SOC_UNKNOWN)
    if not point.floor_reached:
        return None
    least_pct = floor_pct(point)
    if now_pct >= least_pct + SOC_HYSTERESIS_PCT:
        return _SOC_REACHED
    said = f"the battery is at {now_pct:.1f} %, its floor is {least_pct:g} %"
    return _refuse(point, FaultCode.BATTERY_LOWER_LIMIT, said, _BATTERY_FLOOR)


def _refuse(point: Point, code: FaultCode, said: str, reason: Reason) -> Reason:
    charger = point.charger
    point.give_fault = Fault(
        code=code, subject_id=charger.charger_id, detail=f"{charger.name} does not discharge: {said}."
    )
    return reason


def _lost_meter(point: Point, cycle: Cycle) -> Reason | None:
    """Return the fail-safe of any meter of the site: what nobody sees may be fed by what is given back."""
    if point.fail_safe is not None:
        return point.fail_safe
    for node, lost in zip(cycle.layout.nodes, cycle.meters.lost, strict=True):
        if lost:
            return Reason(code=ReasonCode.FAIL_SAFE, circuit_id=node.circuit.circuit_id)
    return None


def _agreed_a(point: Point) -> float:
    """Return what configuration, station and vehicle allow per phase, 0 for nothing."""
    agreed_a = None if point.state is None else point.state.discharge_maximum_a
    # Written so that what is not a number is no agreement.
    return min(point.charger.discharge_maximum_a, agreed_a) if agreed_a is not None and agreed_a > 0 else 0.0


def _why_not_agreed(point: Point) -> str:
    if point.charger.discharge_maximum_a <= 0:
        return "its configuration allows no current to be given back"
    return "station and vehicle have not agreed on a bidirectional session"


def _is_poor(link: LinkQuality | None, *, was_poor: bool) -> bool:
    """Say whether a link is too slow, too lossy or unknown; a comparison with what is not a number is false."""
    if link is None or link.round_trip_s is None:
        return True
    if was_poor:
        return not (link.round_trip_s <= _RECOVERED_ROUND_TRIP_S and link.loss <= _RECOVERED_LOSS)
    return not (link.round_trip_s <= MAXIMUM_ROUND_TRIP_S and link.loss <= MAXIMUM_LOSS)


def _how_poor(point: Point) -> str:
    link = None if point.state is None else point.state.link
    if link is None or link.round_trip_s is None:
        return "nothing is known yet of the quality of its link"
    return (
        f"its link takes {1000 * link.round_trip_s:.0f} ms (at most {1000 * MAXIMUM_ROUND_TRIP_S:.0f} ms) "
        f"and loses {100 * link.loss:.0f} % (at most {100 * MAXIMUM_LOSS:.0f} %)"
    )


def _turns_to_give(point: Point, cycle: Cycle) -> bool:
    """Say whether a charger must rest before it discharges: it charges, or was told zero only a moment ago."""
    if point.current_a > 0 or not point.told or -(point.given_a or 0.0) > _STILL_FLOWS_A:
        return True
    return point.current_a == 0 and not _has_rested(point, cycle)


def _turns_back(point: Point, cycle: Cycle) -> bool:
    """Say whether a charger that discharged must rest before it charges."""
    if not point.bidirectional:
        return False
    if point.current_a < 0 or (point.given_a or 0.0) > _STILL_FLOWS_A:
        return True
    return point.memory.gave_last and not _has_rested(point, cycle)


def _has_rested(point: Point, cycle: Cycle) -> bool:
    """Say whether a charger has been told zero for long enough to turn."""
    return cycle.now_s - point.told[-1].at_s >= cycle.settings.reversal_s if point.told else True


def _too_little(point: Point, wish: DischargeWish, cycle: Cycle) -> Reason | None:
    """Fill in the most a charger may give back; return what holds it below the least that it is asked for, if so."""
    vehicle, w_per_a = point.place.vehicle, volts(point, cycle)
    bounds = [
        (wish.power_w / w_per_a if w_per_a > 0 else 0.0, _WISHED),
        (point.charger.discharge_maximum_a, _MAXIMUM),
        (_agreed_a(point), _VEHICLE),
        (_or(None if vehicle is None else vehicle.maximum_a, math.inf), _VEHICLE),
        (_or(point.wish.maximum_a, math.inf), _USER_LIMIT),
        (_or(point.wish.limit_a, math.inf), _USER_LIMIT),
    ]
    # What is not a number is no permission.
    bounds = [(most_a if most_a > 0 else 0.0, reason) for most_a, reason in bounds]
    point.give_maximum_a, point.give_bound = min(bounds, key=lambda bound: bound[0])
    agreed_a = None if point.state is None else point.state.discharge_minimum_a
    least_a = max(MINIMUM_GIVEN_A, min(_or(agreed_a, 0.0), _HIGHEST_A))
    point.give_minimum_a = up_to_step(least_a, point.charger.step_a)
    enough = down_to_step(point.give_maximum_a, point.charger.step_a) >= point.give_minimum_a
    return None if enough else point.give_bound


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _reserve(point: Point, cycle: Cycle) -> PerPhase:
    """Return what a charger may go on giving back per phase whatever it is told, as magnitudes."""
    if not point.bidirectional or not point.connected:
        return NO_CURRENT
    if point.deviating or (point.online and not point.available):
        l1_a, l2_a, l3_a = point.measured_a or NO_CURRENT
        return (max(-l1_a, 0.0), max(-l2_a, 0.0), max(-l3_a, 0.0))
    if point.online and point.measured_a is not None:
        return NO_CURRENT
    since_s = point.memory.offline_since_s
    if since_s is not None and cycle.now_s - since_s > cycle.settings.setpoint_validity_s:
        return NO_CURRENT
    return on_phases(point.phases, max(0.0, *(-one.current_a for one in point.told)) if point.told else 0.0)
