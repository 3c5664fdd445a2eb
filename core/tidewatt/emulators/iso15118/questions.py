"""The request that a vehicle sends in each of its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from . import messages as m
from .choices import BatteryView, EvccSpec, EvccState
from .parameters import ParameterSet, PowerLimits, PowerProfile
from .words import PROTOCOLS, ChargeProgress, Service, StopKind

_S = EvccState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a vehicle stands in its session. `leaving` is how it will leave, `reason` why."""

    session_id: str
    spec: EvccSpec
    service: Service | None
    parameter_set: ParameterSet | None
    profile: PowerProfile | None
    leaving: StopKind
    reason: str | None
    renegotiates: bool

    @property
    def dc(self) -> bool:
        """Whether direct current was chosen."""
        return self.service is not None and self.service.is_dc

    @property
    def service_number(self) -> int:
        """The chosen service as the messages carry it, 0 before there is one."""
        return 0 if self.service is None else int(self.service)

    def limits(self, battery: BatteryView) -> PowerLimits:
        """Return the battery's limits as far as the chosen service speaks of them."""
        if self.service is not None and self.service.is_bidirectional:
            return battery.limits
        return replace(battery.limits, maximum_discharge_w=None, minimum_discharge_w=0.0)


def next_request(state: EvccState, standing: Standing, battery: BatteryView) -> m.Request:
    """Return the request of a state in which the vehicle speaks."""
    return replace(_QUESTIONS[state](standing, battery), session_id=standing.session_id)


def _loop(standing: Standing, battery: BatteryView) -> m.Request:
    if standing.renegotiates:
        return m.PowerDeliveryReq(progress=ChargeProgress.SCHEDULE_RENEGOTIATION)
    return m.ChargeLoopReq(
        dc=standing.dc, limits=standing.limits(battery), needs=battery.needs, present_w=battery.present_w
    )


def _selection(standing: Standing, _: BatteryView) -> m.Request:
    chosen = standing.parameter_set
    return m.ServiceSelectionReq(service=standing.service_number, parameter_set=0 if chosen is None else chosen.set_id)


_QUESTIONS: Mapping[EvccState, Callable[[Standing, BatteryView], m.Request]] = {
    _S.DISCOVERY: lambda _, __: m.SdpReq(),
    _S.PROTOCOL: lambda standing, _: m.SupportedAppProtocolReq(protocols=(PROTOCOLS[standing.spec.service.is_dc],)),
    _S.SETUP: lambda standing, _: m.SessionSetupReq(evcc_id=standing.spec.evcc_id),
    _S.AUTHORIZATION_SETUP: lambda _, __: m.AuthorizationSetupReq(),
    _S.AUTHORIZATION: lambda _, __: m.AuthorizationReq(),
    _S.SERVICES: lambda _, __: m.ServiceDiscoveryReq(),
    _S.DETAIL: lambda standing, _: m.ServiceDetailReq(service=standing.service_number),
    _S.SELECTION: _selection,
    _S.PARAMETERS: lambda standing, battery: m.ChargeParameterDiscoveryReq(
        limits=standing.limits(battery), dc=standing.dc
    ),
    _S.SCHEDULE: lambda _, battery: m.ScheduleExchangeReq(needs=battery.needs),
    _S.CABLE_CHECK: lambda _, __: m.CableCheckReq(),
    _S.PRECHARGE: lambda _, battery: m.PreChargeReq(target_v=battery.voltage_v),
    _S.START: lambda standing, _: m.PowerDeliveryReq(progress=ChargeProgress.START, profile=standing.profile),
    _S.LOOP: _loop,
    _S.STOP: lambda _, __: m.PowerDeliveryReq(progress=ChargeProgress.STOP),
    _S.WELDING: lambda _, __: m.WeldingDetectionReq(),
    _S.LEAVE: lambda standing, _: m.SessionStopReq(kind=standing.leaving, reason=standing.reason),
}
