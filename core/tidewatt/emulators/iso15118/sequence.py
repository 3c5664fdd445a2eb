"""Which message may follow which, on the station's side."""

from __future__ import annotations

from enum import StrEnum

from . import messages as m


class SeccState(StrEnum):
    """What the station expects next."""

    DISCONNECTED = "disconnected"
    PROTOCOL = "protocol"
    SETUP = "setup"
    AUTHORIZATION_SETUP = "authorization setup"
    AUTHORIZATION = "authorization"
    SERVICES = "services"
    DETAIL = "detail"
    PARAMETERS = "parameters"
    SCHEDULE = "schedule"
    CABLE_CHECK = "cable check"
    PRECHARGE = "precharge"
    READY = "ready"
    LOOP = "loop"
    STOPPED = "stopped"
    PAUSED = "paused"
    ENDED = "ended"


_S = SeccState

EXPECTED: dict[SeccState, frozenset[type[m.Request]]] = {
    _S.DISCONNECTED: frozenset({m.SdpReq}),
    _S.PROTOCOL: frozenset({m.SupportedAppProtocolReq}),
    _S.SETUP: frozenset({m.SessionSetupReq}),
    _S.AUTHORIZATION_SETUP: frozenset({m.AuthorizationSetupReq, m.SessionStopReq}),
    _S.AUTHORIZATION: frozenset({m.AuthorizationReq, m.SessionStopReq}),
    _S.SERVICES: frozenset({m.ServiceDiscoveryReq, m.SessionStopReq}),
    _S.DETAIL: frozenset({m.ServiceDetailReq, m.ServiceSelectionReq, m.SessionStopReq}),
    _S.PARAMETERS: frozenset({m.ChargeParameterDiscoveryReq, m.SessionStopReq}),
    _S.SCHEDULE: frozenset({m.ScheduleExchangeReq, m.PowerDeliveryReq, m.SessionStopReq}),
    _S.CABLE_CHECK: frozenset({m.CableCheckReq, m.SessionStopReq}),
    _S.PRECHARGE: frozenset({m.PreChargeReq, m.PowerDeliveryReq, m.SessionStopReq}),
    _S.READY: frozenset({m.PowerDeliveryReq, m.SessionStopReq}),
    _S.LOOP: frozenset({m.ChargeLoopReq, m.PowerDeliveryReq}),
    _S.STOPPED: frozenset({m.WeldingDetectionReq, m.SessionStopReq}),
    _S.PAUSED: frozenset({m.SdpReq}),
    _S.ENDED: frozenset({m.SdpReq}),
}

RESPONSES: dict[type[m.Request], type[m.Response]] = {
    m.SupportedAppProtocolReq: m.SupportedAppProtocolRes,
    m.SessionSetupReq: m.SessionSetupRes,
    m.AuthorizationReq: m.AuthorizationRes,
    m.ServiceDiscoveryReq: m.ServiceDiscoveryRes,
    m.ServiceDetailReq: m.ServiceDetailRes,
    m.ChargeParameterDiscoveryReq: m.ChargeParameterDiscoveryRes,
    m.ScheduleExchangeReq: m.ScheduleExchangeRes,
    m.CableCheckReq: m.CableCheckRes,
    m.PreChargeReq: m.PreChargeRes,
    m.ChargeLoopReq: m.ChargeLoopRes,
    m.WeldingDetectionReq: m.WeldingDetectionRes,
}
"""The type of the answer to each request, where it is more than a bare one."""

SERVED_WITHOUT_SESSION = (m.SdpReq, m.SupportedAppProtocolReq, m.SessionSetupReq)
"""Requests that come before there is a session id."""
