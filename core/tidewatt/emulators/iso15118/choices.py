"""What a vehicle wants, and what it makes of a station's offers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from . import messages as m
from .parameters import EnergyNeeds, ParameterSet, PowerLimits, PowerProfile, PowerSchedule, ProfileEntry
from .timing import CHARGE_LOOP_S, MESSAGE_S, SERVICE_DETAIL_S
from .words import BptChannel, ControlMode, GeneratorMode, MobilityNeedsMode, Service


class EvccState(StrEnum):
    """What the vehicle asks next."""

    UNPLUGGED = "unplugged"
    DISCOVERY = "discovery"
    PROTOCOL = "protocol"
    SETUP = "setup"
    AUTHORIZATION_SETUP = "authorization setup"
    AUTHORIZATION = "authorization"
    SERVICES = "services"
    DETAIL = "detail"
    SELECTION = "selection"
    PARAMETERS = "parameters"
    SCHEDULE = "schedule"
    CABLE_CHECK = "cable check"
    PRECHARGE = "precharge"
    START = "start"
    LOOP = "loop"
    STOP = "stop"
    WELDING = "welding"
    LEAVE = "leave"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvccSpec:
    """How a vehicle wants to charge. `service` is its best; it takes the charging-only one where that is all."""

    evcc_id: str
    service: Service
    control_mode: ControlMode = ControlMode.DYNAMIC
    mobility_needs_mode: MobilityNeedsMode = MobilityNeedsMode.EVCC
    channel: BptChannel = BptChannel.UNIFIED
    generator_mode: GeneratorMode = GeneratorMode.GRID_FOLLOWING


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryView:
    """What the battery management says at this moment. Limits are magnitudes in W at the cable."""

    limits: PowerLimits
    needs: EnergyNeeds
    voltage_v: float
    present_w: float = 0.0


def choose_service(spec: EvccSpec, offered: tuple[int, ...]) -> Service | None:
    """Return the best service of those offered: the wished one, else charging only with the same current."""
    return next((each for each in (spec.service, spec.service.charging_only) if each in offered), None)


def choose_parameters(spec: EvccSpec, service: Service, offered: tuple[ParameterSet, ...]) -> ParameterSet | None:
    """Return the parameter set that is what the vehicle wants, None where the station has none."""
    for each in offered:
        wanted = (each.control_mode, each.mobility_needs_mode) == (spec.control_mode, spec.mobility_needs_mode)
        way = (each.channel, each.generator_mode)
        if wanted and (not service.is_bidirectional or way == (spec.channel, spec.generator_mode)):
            return each
    return None


def choose_profile(offered: tuple[PowerSchedule, ...], battery: BatteryView) -> PowerProfile | None:
    """Return how the vehicle will follow the first schedule: its wished powers, else as much as it takes."""
    if not offered or not offered[0].entries:
        return None
    most_w = battery.limits.maximum_charge_w
    give_w = battery.limits.maximum_discharge_w or 0.0
    entries = []
    for entry in offered[0].entries:
        wish_w = most_w if entry.power_w is None else entry.power_w
        power_w = min(max(wish_w, -min(entry.discharge_w, give_w)), entry.charge_w, most_w)
        entries.append(ProfileEntry(duration_s=entry.duration_s, power_w=power_w))
    return PowerProfile(schedule_id=offered[0].schedule_id, entries=tuple(entries))


def patience_s(request: m.Request) -> float:
    """Return how long a vehicle waits for the answer to a request."""
    if isinstance(request, m.ServiceDetailReq):
        return SERVICE_DETAIL_S
    return CHARGE_LOOP_S if isinstance(request, m.ChargeLoopReq) else MESSAGE_S


def worth_it(power_w: float, limits: PowerLimits) -> float:
    """Return a power, zero where it is below what the vehicle's charger can do at all."""
    least_w = limits.minimum_charge_w if power_w > 0 else limits.minimum_discharge_w
    return power_w if abs(power_w) >= least_w else 0.0
