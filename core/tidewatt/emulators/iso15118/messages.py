"""The messages of ISO 15118-20 as far as a charging session needs them: typed, without their encoding."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidewatt.emulators.physics.power import PowerOrder

from .parameters import EnergyNeeds, ParameterSet, PowerLimits, PowerProfile, PowerSchedule
from .words import (
    NEW_SESSION_ID,
    ChargeProgress,
    EvseNotification,
    Processing,
    ResponseCode,
    StopKind,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a vehicle sends. The session id is empty before there is a session."""

    session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a station answers. `notification` is its EVSEStatus."""

    session_id: str = ""
    code: ResponseCode = ResponseCode.OK
    notification: EvseNotification | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SdpReq(Request):
    """Who is there? Carries the wish for security only."""

    secure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedAppProtocolReq(Request):
    """Protocols that the vehicle speaks, best first."""

    protocols: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedAppProtocolRes(Response):
    """The protocol chosen."""

    protocol: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupReq(Request):
    """Begin or join a session."""

    session_id: str = NEW_SESSION_ID
    evcc_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupRes(Response):
    """The session and the station's id."""

    evse_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationSetupReq(Request):
    """Ask how to authorise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationReq(Request):
    """Authorise by external means (EIM), such as a card or the vehicle's id; repeated until finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRes(Response):
    """Whether somebody has been authorised."""

    processing: Processing = Processing.FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryReq(Request):
    """Ask for services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryRes(Response):
    """Energy services by number, and whether they can be negotiated again later."""

    services: tuple[int, ...] = ()
    renegotiation_supported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetailReq(Request):
    """Ask how a service can be used."""

    service: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetailRes(Response):
    """The ways to use a service."""

    parameter_sets: tuple[ParameterSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSelectionReq(Request):
    """Choose a service and one of its parameter sets; `service` None selects no energy service."""

    service: int | None
    parameter_set: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeParameterDiscoveryReq(Request):
    """AC_ or DC_ChargeParameterDiscovery: what the vehicle can do."""

    limits: PowerLimits
    dc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeParameterDiscoveryRes(Response):
    """What the station can do."""

    limits: PowerLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleExchangeReq(Request):
    """What the vehicle needs; repeated until the station has a schedule."""

    needs: EnergyNeeds


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleExchangeRes(Response):
    """Schedules in scheduled control, nothing but the end of the exchange in dynamic control."""

    processing: Processing = Processing.FINISHED
    schedules: tuple[PowerSchedule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CableCheckReq(Request):
    """Ask for the check of the cable's isolation; repeated until finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CableCheckRes(Response):
    """Whether the check is over."""

    processing: Processing = Processing.FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class PreChargeReq(Request):
    """Ask for the battery's voltage on the cable; repeated until it is there."""

    target_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreChargeRes(Response):
    """The voltage on the cable."""

    present_v: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDeliveryReq(Request):
    """Start or stop the flow; with the profile the vehicle will follow, in scheduled control."""

    progress: ChargeProgress
    profile: PowerProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLoopReq(Request):
    """AC_ or DC_ChargeLoop: what the vehicle can do at the moment, and needs."""

    dc: bool
    limits: PowerLimits
    needs: EnergyNeeds
    present_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLoopRes(Response):
    """What may flow now."""

    order: PowerOrder = field(default_factory=PowerOrder)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeldingDetectionReq(Request):
    """Ask for the voltage on the cable, to find out whether the vehicle's contactors opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeldingDetectionRes(Response):
    """The voltage on the cable."""

    present_v: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopReq(Request):
    """Leave the session. `reason` is the vehicle's termination code, None without one."""

    kind: StopKind
    reason: str | None = None
