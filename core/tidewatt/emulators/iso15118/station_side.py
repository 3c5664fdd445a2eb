"""What the station around a SECC decides, and what its hardware is like. The SECC reads it, and never changes it."""

from __future__ import annotations

from dataclasses import dataclass

from tidewatt.emulators.physics.power import PowerOrder

from .parameters import ParameterSet, PowerLimits, PowerSchedule
from .words import BptChannel, ControlMode, EvseNotification, GeneratorMode, MobilityNeedsMode, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseSpec:
    """What a station can do by itself. Times are how long its checks take, in seconds."""

    evse_id: str
    limits: PowerLimits
    cable_check_s: float = 2.0
    precharge_v_per_s: float = 400.0
    renegotiation_supported: bool = True
    pause_allowed: bool = True


@dataclass(slots=True, kw_only=True)
class StationOrders:
    """What the station's side wants now.

    `authorized` None: nobody has answered yet. `services` is what may be offered at all. A schedule exchange ends when
    `schedule_ready`. `power` None: nothing may flow, whatever the vehicle asks for. `notification` stays until it is
    met. `wake` asks a vehicle whose session has ended or pauses to begin again.
    """

    authorized: bool | None = None
    services: tuple[Service, ...] = ()
    schedule_ready: bool = False
    schedules: tuple[PowerSchedule, ...] = ()
    power: PowerOrder | None = None
    notification: EvseNotification | None = None
    wake: bool = False


@dataclass(slots=True, kw_only=True)
class EvseFaults:
    """What is broken in the station."""

    contactor: bool = False
    isolation: bool = False
    shutdown: str | None = None


def parameter_sets(service: Service) -> tuple[ParameterSet, ...]:
    """Return the ways in which a station lets a service be used.

    Mobility needs of both sides exist in dynamic control only; both BPT channels, and inverters that follow the grid.
    """
    ways = [
        (ControlMode.SCHEDULED, MobilityNeedsMode.EVCC),
        (ControlMode.DYNAMIC, MobilityNeedsMode.EVCC),
        (ControlMode.DYNAMIC, MobilityNeedsMode.EVCC_SECC),
    ]
    if not service.is_bidirectional:
        return tuple(
            ParameterSet(set_id=number, control_mode=mode, mobility_needs_mode=needs)
            for number, (mode, needs) in enumerate(ways, 1)
        )
    bidirectional = [(mode, needs, channel) for channel in BptChannel for mode, needs in ways]
    return tuple(
        ParameterSet(
            set_id=number,
            control_mode=mode,
            mobility_needs_mode=needs,
            channel=channel,
            generator_mode=GeneratorMode.GRID_FOLLOWING,
        )
        for number, (mode, needs, channel) in enumerate(bidirectional, 1)
    )
