"""The station's side of an ISO 15118-20 session (SECC): a state machine that answers one request at a time.

Pure: no I/O and no clock. `receive` answers, `tick` lets its time limits pass, `flow_allowed` says whether the
station's contactors are closed and its power electronics may run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from tidewatt.emulators.physics.power import PowerOrder

from . import messages as m
from .parameters import EnergyNeeds, ParameterSet, PowerLimits, PowerProfile
from .sequence import EXPECTED, RESPONSES, SERVED_WITHOUT_SESSION, SeccState
from .station_side import EvseFaults, EvseSpec, StationOrders, parameter_sets
from .timing import SECC_ONGOING_S, SEQUENCE_S, Deadline
from .words import (
    PROTOCOLS,
    ChargeProgress,
    ControlMode,
    EvseNotification,
    Processing,
    ResponseCode,
    Service,
    StopKind,
)

_S = SeccState

PRECHARGE_TOLERANCE_V = 20.0
"""A cable below this voltage has not been brought to the battery's."""


class Secc:
    """One station side. `orders` is what the station wants, `faults` what is broken in it.

    `offered` are the services of the last discovery. `needs_seen` and `choices_seen` count schedule exchanges and
    profiles chosen, so that who watches sees each once. `ended_because` says why the last session ended, None while one
    runs.
    """

    def __init__(self, spec: EvseSpec, *, session_numbers: Iterator[int] | None = None) -> None:
        self.spec = spec
        self.orders = StationOrders()
        self.faults = EvseFaults()
        self.state = SeccState.DISCONNECTED
        self.session_id = ""
        self.evcc_id: str | None = None
        self.offered: tuple[Service, ...] = ()
        self.service: Service | None = None
        self.parameter_set: ParameterSet | None = None
        self.vehicle_limits: PowerLimits | None = None
        self.needs: EnergyNeeds | None = None
        self.profile: PowerProfile | None = None
        self.needs_seen = 0
        self.choices_seen = 0
        self.ended_because: str | None = None
        self.present_v = 0.0
        self._session_numbers = session_numbers or count(1)
        self._contactor_closed = False
        self._exchanging = False
        self._now_s = 0.0
        self._last_precharge_s = 0.0
        self._check_done = Deadline()
        self._exchange_due = Deadline()
        self._sequence = Deadline()
        self._handlers: dict[type[m.Request], Callable[[Any], m.Response]] = {
            m.SdpReq: self._sdp,
            m.SupportedAppProtocolReq: self._protocol,
            m.SessionSetupReq: self._setup,
            m.AuthorizationSetupReq: self._authorization_setup,
            m.AuthorizationReq: self._authorization,
            m.ServiceDiscoveryReq: self._services,
            m.ServiceDetailReq: self._detail,
            m.ServiceSelectionReq: self._select,
            m.ChargeParameterDiscoveryReq: self._parameters,
            m.ScheduleExchangeReq: self._schedule,
            m.CableCheckReq: self._cable_check,
            m.PreChargeReq: self._precharge,
            m.PowerDeliveryReq: self._power_delivery,
            m.ChargeLoopReq: self._loop,
            m.WeldingDetectionReq: self._welding,
            m.SessionStopReq: self._stop,
        }

    @property
    def flow_allowed(self) -> bool:
        """Whether the station lets current flow: in the charge loop, contactors closed, nothing broken."""
        return self._contactor_closed and self.state is _S.LOOP and self.faults.shutdown is None

    @property
    def running(self) -> bool:
        """Whether a session runs."""
        return self.state not in (_S.DISCONNECTED, _S.PAUSED, _S.ENDED)

    @property
    def dynamic(self) -> bool:
        """Whether dynamic control was chosen."""
        return self.parameter_set is not None and self.parameter_set.control_mode is ControlMode.DYNAMIC

    def receive(self, request: m.Request, now_s: float) -> m.Response:
        """Answer a request. A FAILED answer opens the contactors and ends the session."""
        self._now_s = now_s
        before = self.session_id
        response = self._answer(request)
        if response.code.failed:
            self._end(f"{type(request).__name__}: {response.code}")
        self._sequence.lift()
        if self.running:
            self._sequence.start(now_s, SEQUENCE_S)
        return replace(response, session_id=self.session_id or before)

    def tick(self, now_s: float) -> None:
        """Let time pass: a vehicle that says nothing for too long has lost its session."""
        self._now_s = now_s
        if self._sequence.missed(now_s):
            self._end("sequence timeout")

    def disconnect(self) -> None:
        """The cable was pulled: everything ends, and a paused session is forgotten."""
        self._end("unplugged")
        self.state = _S.DISCONNECTED
        self.session_id = ""
        self.evcc_id = None

    def lose_connection(self, reason: str) -> None:
        """The vehicle closed the connection without a word."""
        if self.running:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self._contactor_closed = False
        self._sequence.lift()
        self._leave_service()
        self.state = _S.ENDED
        self.session_id = ""
        self.ended_because = reason

    def _leave_service(self) -> None:
        self.service = None
        self.parameter_set = None
        self.profile = None
        self.present_v = 0.0
        self._exchanging = False
        self._check_done.lift()
        self._exchange_due.lift()

    def _answer(self, request: m.Request) -> m.Response:
        kind = type(request)
        if kind not in EXPECTED[self.state]:
            return _failed(kind, ResponseCode.FAILED_SEQUENCE)
        if not isinstance(request, SERVED_WITHOUT_SESSION) and request.session_id != self.session_id:
            return _failed(kind, ResponseCode.FAILED_UNKNOWN_SESSION)
        return self._handlers[kind](request)

    # Getting to know each other.

    def _sdp(self, _: m.SdpReq) -> m.Response:
        self.state = _S.PROTOCOL
        self.ended_because = None
        return m.Response()

    def _protocol(self, request: m.SupportedAppProtocolReq) -> m.Response:
        chosen = next((each for each in request.protocols if each in PROTOCOLS.values()), None)
        if chosen is None:
            return _failed(type(request), ResponseCode.FAILED)
        self.state = _S.SETUP
        return m.SupportedAppProtocolRes(protocol=chosen)

    def _setup(self, request: m.SessionSetupReq) -> m.Response:
        joins = bool(self.session_id) and request.session_id == self.session_id and request.evcc_id == self.evcc_id
        if not joins:
            self.session_id = f"{next(self._session_numbers):016X}"
            self.evcc_id = request.evcc_id
        self.state = _S.AUTHORIZATION_SETUP
        code = ResponseCode.OK_OLD_SESSION if joins else ResponseCode.OK_NEW_SESSION
        return m.SessionSetupRes(code=code, evse_id=self.spec.evse_id)

    def _authorization_setup(self, _: m.AuthorizationSetupReq) -> m.Response:
        self.state = _S.AUTHORIZATION
        return m.Response()

    def _authorization(self, _: m.AuthorizationReq) -> m.Response:
        if self.orders.authorized is None:
            return m.AuthorizationRes(processing=Processing.CUSTOMER)
        if not self.orders.authorized:
            return m.AuthorizationRes(code=ResponseCode.WARNING_AUTHORIZATION)
        self.state = _S.SERVICES
        return m.AuthorizationRes()

    def _services(self, _: m.ServiceDiscoveryReq) -> m.Response:
        self.state = _S.DETAIL
        self.offered = self.orders.services
        return m.ServiceDiscoveryRes(
            services=tuple(int(each) for each in self.offered),
            renegotiation_supported=self.spec.renegotiation_supported,
        )

    def _detail(self, request: m.ServiceDetailReq) -> m.Response:
        if request.service not in self.orders.services:
            return _failed(type(request), ResponseCode.FAILED_SERVICE_ID)
        return m.ServiceDetailRes(parameter_sets=parameter_sets(Service(request.service)))

    def _select(self, request: m.ServiceSelectionReq) -> m.Response:
        if request.service is None:
            return _failed(type(request), ResponseCode.FAILED_NO_ENERGY_SERVICE)
        if request.service not in self.orders.services:
            return _failed(type(request), ResponseCode.FAILED_SERVICE_SELECTION)
        service = Service(request.service)
        chosen = [each for each in parameter_sets(service) if each.set_id == request.parameter_set]
        if not chosen:
            return _failed(type(request), ResponseCode.FAILED_SERVICE_SELECTION)
        self.service, self.parameter_set = service, chosen[0]
        self.state = _S.PARAMETERS
        return m.Response()

    def _parameters(self, request: m.ChargeParameterDiscoveryReq) -> m.Response:
        service = self._chosen_service()
        if request.dc != service.is_dc:
            return _failed(type(request), ResponseCode.FAILED_SEQUENCE)
        if not request.limits.sound(bidirectional=service.is_bidirectional, dc=service.is_dc):
            return _failed(type(request), ResponseCode.FAILED_CHARGE_PARAMETER)
        self.vehicle_limits = request.limits
        self.state = _S.SCHEDULE
        own = self.spec.limits
        if not service.is_bidirectional:
            own = replace(own, maximum_discharge_w=None, minimum_discharge_w=0.0)
        return m.ChargeParameterDiscoveryRes(limits=own)

    def _schedule(self, request: m.ScheduleExchangeReq) -> m.Response:
        self.needs = request.needs
        if not self._exchanging:
            self._exchanging = True
            self.needs_seen += 1
            self._exchange_due.start(self._now_s, SECC_ONGOING_S)
            # Who watches gets the chance to look for a schedule before anything is answered for good.
            return m.ScheduleExchangeRes(processing=Processing.ONGOING)
        if not self.orders.schedule_ready and not self._exchange_due.missed(self._now_s):
            return m.ScheduleExchangeRes(processing=Processing.ONGOING)
        if not self.dynamic and not self.orders.schedules:
            return _failed(type(request), ResponseCode.FAILED)
        self._exchanging = False
        self._exchange_due.lift()
        needs_check = self._chosen_service().is_dc and not self._contactor_closed
        self.state = _S.CABLE_CHECK if needs_check else _S.READY
        return m.ScheduleExchangeRes(schedules=() if self.dynamic else self.orders.schedules)

    # Making the cable ready.

    def _cable_check(self, request: m.CableCheckReq) -> m.Response:
        if self.faults.isolation:
            return _failed(type(request), ResponseCode.FAILED)
        self._check_done.start_once(self._now_s, self.spec.cable_check_s)
        if not self._check_done.missed(self._now_s):
            return m.CableCheckRes(processing=Processing.ONGOING)
        self._check_done.lift()
        self._last_precharge_s = self._now_s
        self.state = _S.PRECHARGE
        return m.CableCheckRes()

    def _precharge(self, request: m.PreChargeReq) -> m.Response:
        risen_v = (self._now_s - self._last_precharge_s) * self.spec.precharge_v_per_s
        self._last_precharge_s = self._now_s
        self.present_v = min(request.target_v, self.present_v + risen_v)
        return m.PreChargeRes(present_v=self.present_v)

    # Power.

    def _power_delivery(self, request: m.PowerDeliveryReq) -> m.Response:
        if request.progress is ChargeProgress.START:
            refusal = self._start_refusal(request)
            if refusal is not None:
                return _failed(type(request), refusal)
            self._contactor_closed = True
            self.state = _S.LOOP
            return m.Response(notification=self._notification())
        if self.state is _S.SCHEDULE and not self._contactor_closed:
            return _failed(type(request), ResponseCode.FAILED_SEQUENCE)
        if request.progress is ChargeProgress.STOP:
            self._contactor_closed = False
            self.state = _S.STOPPED
            return m.Response()
        if self.state is not _S.LOOP or self.dynamic:
            return _failed(type(request), ResponseCode.FAILED_SCHEDULE_RENEGOTIATION)
        self.state = _S.SCHEDULE
        return m.Response()

    def _start_refusal(self, request: m.PowerDeliveryReq) -> ResponseCode | None:
        if self.state in (_S.LOOP, _S.SCHEDULE):
            return ResponseCode.FAILED_SEQUENCE
        if self.state is _S.PRECHARGE and self.present_v < PRECHARGE_TOLERANCE_V:
            return ResponseCode.FAILED_SEQUENCE
        if self.orders.power is None or self.faults.shutdown is not None:
            return ResponseCode.FAILED_POWER_DELIVERY
        if self.faults.contactor:
            return ResponseCode.FAILED_CONTACTOR
        return None if self.dynamic else self._profile_refusal(request.profile)

    def _profile_refusal(self, profile: PowerProfile | None) -> ResponseCode | None:
        offered = {each.schedule_id: each for each in self.orders.schedules}
        if profile is None or profile.schedule_id not in offered:
            return ResponseCode.FAILED_SCHEDULE_SELECTION
        if not profile.fits(offered[profile.schedule_id]):
            return ResponseCode.FAILED_POWER_PROFILE_INVALID
        self.profile = profile
        self.choices_seen += 1
        return None

    def _loop(self, request: m.ChargeLoopReq) -> m.Response:
        service = self._chosen_service()
        if request.dc != service.is_dc:
            return _failed(type(request), ResponseCode.FAILED_SEQUENCE)
        if not request.limits.sound(bidirectional=service.is_bidirectional, dc=service.is_dc):
            return _failed(type(request), ResponseCode.FAILED_CHARGE_PARAMETER)
        if self.faults.contactor:
            return _failed(type(request), ResponseCode.FAILED_CONTACTOR)
        self.vehicle_limits, self.needs = request.limits, request.needs
        return m.ChargeLoopRes(order=self._order(service), notification=self._notification())

    def _order(self, service: Service) -> PowerOrder:
        order = self.orders.power
        # A service that may no longer be offered carries nothing until another one is chosen.
        if order is None or self.faults.shutdown is not None or service not in self.orders.services:
            return PowerOrder()
        return order if service.is_bidirectional else replace(order, maximum_discharge_w=0.0)

    def _notification(self) -> EvseNotification | None:
        broken = self.faults.shutdown is not None or self.orders.power is None
        return EvseNotification.TERMINATE if broken else self.orders.notification

    # Leaving.

    def _welding(self, request: m.WeldingDetectionReq) -> m.Response:
        if not self._chosen_service().is_dc:
            return _failed(type(request), ResponseCode.FAILED_SEQUENCE)
        self.present_v = 0.0
        return m.WeldingDetectionRes(present_v=self.present_v)

    def _stop(self, request: m.SessionStopReq) -> m.Response:
        if request.kind is StopKind.TERMINATE:
            self._end(request.reason or "stopped")
            return m.Response()
        if self.state is not _S.STOPPED:
            return _failed(type(request), ResponseCode.FAILED_SEQUENCE)
        if request.kind is StopKind.PAUSE:
            if not self.spec.pause_allowed:
                return _failed(type(request), ResponseCode.FAILED_PAUSE_NOT_ALLOWED)
            self._leave_service()
            self.state = _S.PAUSED
            return m.Response()
        if not self.spec.renegotiation_supported:
            return _failed(type(request), ResponseCode.FAILED_NO_SERVICE_RENEGOTIATION)
        self._leave_service()
        self.state = _S.SERVICES
        return m.Response()

    def _chosen_service(self) -> Service:
        if self.service is None:
            raise RuntimeError("A station without a chosen service was asked about it.")
        return self.service


def _failed(kind: type[m.Request], code: ResponseCode) -> m.Response:
    return RESPONSES.get(kind, m.Response)(code=code)
