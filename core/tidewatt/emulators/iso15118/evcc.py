"""The vehicle's side of an ISO 15118-20 session (EVCC): a state machine that asks one question at a time.

Pure: no I/O and no clock. `poll` returns the next request when one is due, `receive` takes its answer, `tick` lets its
time limits pass, `flow_allowed` says whether the vehicle's contactors are closed and its charger may run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tidewatt.emulators.physics.power import PowerOrder

from . import messages as m
from .choices import (
    BatteryView,
    EvccSpec,
    EvccState,
    choose_parameters,
    choose_profile,
    choose_service,
    patience_s,
    worth_it,
)
from .parameters import ParameterSet, PowerProfile
from .questions import Standing, next_request
from .sequence import RESPONSES
from .timing import CABLE_CHECK_S, COMMUNICATION_SETUP_S, ONGOING_S, PRECHARGE_S, Deadline
from .words import (
    NEW_SESSION_ID,
    ControlMode,
    EvseNotification,
    Processing,
    ResponseCode,
    Service,
    StopKind,
)

LOOP_PAUSE_S = 0.2
"""From an answer of the charge loop to the next request."""
WAITING_PAUSE_S = 0.4
"""From an unfinished answer to the same request again."""
PRECHARGED_WITHIN_V = 20.0
WELDING_CHECKS = 2


_S = EvccState
_SILENT = frozenset({_S.UNPLUGGED, _S.PAUSED, _S.ENDED})


class Evcc:
    """One vehicle's side. What it is told from outside are `plug`, `unplug`, `ask_to_stop`, `wake` and `go_silent`.

    `ended_because` says why the last session ended, None while one runs. `order` is what the station lets flow.
    """

    def __init__(self, spec: EvccSpec) -> None:
        self.spec = spec
        self.state = EvccState.UNPLUGGED
        self.session_id = NEW_SESSION_ID
        self.service: Service | None = None
        self.parameter_set: ParameterSet | None = None
        self.profile: PowerProfile | None = None
        self.profile_since_s = 0.0
        self.order = PowerOrder()
        self.ended_because: str | None = None
        self._wish: StopKind | None = None
        self._wish_reason: str | None = None
        self._contactor_closed = False
        self._silent = False
        self._welding_checks = 0
        self._now_s = 0.0
        self._not_before_s = 0.0
        self._sent: m.Request | None = None
        self._answer_due = Deadline()
        self._setup_due = Deadline()
        self._step_due = Deadline()
        self._renegotiates = False
        self._battery: BatteryView | None = None
        self._takers: dict[EvccState, Callable[[Any], None]] = {
            _S.DISCOVERY: lambda _: self._enter(_S.PROTOCOL),
            _S.PROTOCOL: lambda _: self._enter(_S.SETUP),
            _S.SETUP: self._set_up,
            _S.AUTHORIZATION_SETUP: lambda _: self._enter(_S.AUTHORIZATION, limit_s=ONGOING_S),
            _S.AUTHORIZATION: self._authorized,
            _S.SERVICES: self._found_services,
            _S.DETAIL: self._found_details,
            _S.SELECTION: lambda _: self._enter(_S.PARAMETERS),
            _S.PARAMETERS: lambda _: self._enter(_S.SCHEDULE, limit_s=ONGOING_S),
            _S.SCHEDULE: self._scheduled,
            _S.CABLE_CHECK: self._cable_checked,
            _S.PRECHARGE: self._precharged,
            _S.START: self._started,
            _S.LOOP: self._looped,
            _S.STOP: self._stopped,
            _S.WELDING: self._checked_welding,
            _S.LEAVE: self._left,
        }

    @property
    def flow_allowed(self) -> bool:
        """Whether the vehicle lets current flow: in the charge loop with its contactors closed."""
        return self._contactor_closed and self.state is _S.LOOP and not self._silent

    @property
    def running(self) -> bool:
        """Whether a session runs."""
        return self.state not in _SILENT

    @property
    def dynamic(self) -> bool:
        """Whether the station decides about the power."""
        return self.parameter_set is not None and self.parameter_set.control_mode is ControlMode.DYNAMIC

    def plug(self, now_s: float) -> None:
        """The cable is in: begin."""
        self._begin(now_s)

    def unplug(self) -> None:
        """The cable was pulled: everything ends at once, and a paused session is forgotten."""
        self._end("unplugged")
        self.state = _S.UNPLUGGED

    def wake(self, now_s: float) -> None:
        """Begin again after a pause, with the same session id, or after an end or silence, with a new one."""
        if self._silent:
            self._end(self.ended_because)
        if self.state in (_S.PAUSED, _S.ENDED):
            self._begin(now_s)

    def ask_to_stop(self, kind: StopKind, reason: str | None = None) -> None:
        """Leave as soon as the session is where it can be left."""
        if self.running:
            self._wish, self._wish_reason = kind, reason

    def go_silent(self, reason: str) -> None:
        """Open the contactors and say nothing any more, as a vehicle does whose controller hangs."""
        if self.running:
            self._silent = True
            self._contactor_closed = False
            self.ended_because = reason

    def tick(self, now_s: float) -> None:
        """Let time pass: a station that answers too late, or a step that takes too long, ends the session."""
        self._now_s = now_s
        if self._silent or not self.running:
            return
        name = type(self._sent).__name__ if self._sent is not None else self.state.value
        if self._answer_due.missed(now_s):
            self._end(f"no answer to {name} in time")
        elif self._setup_due.missed(now_s):
            self._end("communication setup took too long")
        elif self._step_due.missed(now_s):
            self._end(f"{self.state.value} took too long")

    def poll(self, now_s: float, battery: BatteryView) -> m.Request | None:
        """Return the next request, None while an answer is awaited or nothing is due."""
        self._now_s = now_s
        if self._silent or not self.running or self._sent is not None or now_s < self._not_before_s:
            return None
        if not self._heed_wish():
            return None
        self._battery = battery
        self._sent = request = next_request(self.state, self._standing(), battery)
        self._answer_due.start(now_s, patience_s(request))
        return request

    def receive(self, response: m.Response, now_s: float) -> None:
        """Take the answer to the last request. What was not asked for is not heard."""
        self._now_s = now_s
        if self._silent or self._sent is None or not self.running:
            return
        self._answer_due.lift()
        request, self._sent = self._sent, None
        if response.code.failed:
            self._end(f"{type(request).__name__}: {response.code}")
            return
        self._not_before_s = now_s
        if type(response) is not RESPONSES.get(type(request), m.Response):
            self._end(f"{type(request).__name__} was answered with {type(response).__name__}")
        elif self.session_id not in (NEW_SESSION_ID, response.session_id):
            self._end(f"{type(request).__name__} was answered for another session")
        else:
            self._takers[self.state](response)
            self._heed_notification(response.notification)

    def power_w(self, now_s: float, battery: BatteryView) -> float:
        """Return the power that is to flow now; negative gives, zero while nothing may.

        In dynamic control the station's setpoint counts, without one the vehicle takes what it may. In scheduled
        control the vehicle follows the profile it chose. Limits of both sides hold always.
        """
        if not self.flow_allowed:
            return 0.0
        wish_w = self.order.setpoint_w
        if not self.dynamic and self.profile is not None:
            wish_w = self.profile.power_w(now_s - self.profile_since_s)
        if wish_w is None:
            wish_w = battery.limits.maximum_charge_w if battery.needs.target_wh > 0 else 0.0
        own = PowerOrder(
            maximum_charge_w=battery.limits.maximum_charge_w,
            maximum_discharge_w=battery.limits.maximum_discharge_w or 0.0,
        )
        return worth_it(own.within(self.order.within(wish_w)), battery.limits)

    # Moving on.

    def _begin(self, now_s: float) -> None:
        self._now_s = now_s
        self._silent = False
        self._sent = None
        self._wish = None
        self._renegotiates = False
        self._not_before_s = now_s
        self._forget_service()
        self.ended_because = None
        self._answer_due.lift()
        self._setup_due.start(now_s, COMMUNICATION_SETUP_S)
        self._enter(_S.DISCOVERY)

    def _enter(self, state: EvccState, *, limit_s: float | None = None, pause_s: float = 0.0) -> None:
        self.state = state
        self._not_before_s = self._now_s + pause_s
        self._step_due.lift()
        if limit_s is not None:
            self._step_due.start(self._now_s, limit_s)

    def _again(self) -> None:
        self._not_before_s = self._now_s + WAITING_PAUSE_S

    def _end(self, reason: str | None, state: EvccState = EvccState.ENDED) -> None:
        self._contactor_closed = False
        self._sent = None
        for deadline in (self._answer_due, self._setup_due, self._step_due):
            deadline.lift()
        self._forget_service()
        self._wish = None
        self.state = state
        self.ended_because = reason
        if state is not _S.PAUSED:
            self.session_id = NEW_SESSION_ID

    def _forget_service(self) -> None:
        self.service = None
        self.parameter_set = None
        self.profile = None
        self.order = PowerOrder()

    def _standing(self) -> Standing:
        return Standing(
            session_id=self.session_id,
            spec=self.spec,
            service=self.service,
            parameter_set=self.parameter_set,
            profile=self.profile,
            leaving=self._wish or StopKind.TERMINATE,
            reason=self._wish_reason,
            renegotiates=self._renegotiates,
        )

    def _heed_notification(self, notification: EvseNotification | None) -> None:
        wishes = {
            EvseNotification.TERMINATE: StopKind.TERMINATE,
            EvseNotification.PAUSE: StopKind.PAUSE,
            EvseNotification.SERVICE_RENEGOTIATION: StopKind.SERVICE_RENEGOTIATION,
        }
        if notification in wishes and self._wish is not StopKind.TERMINATE:
            self.ask_to_stop(wishes[notification], f"asked to: {notification}")
        elif notification is EvseNotification.SCHEDULE_RENEGOTIATION and not self.dynamic and self.state is _S.LOOP:
            self._renegotiates = True

    def _heed_wish(self) -> bool:
        """Turn towards the exit if there is a wish to leave. Tells whether the session is still there."""
        if self._wish is None or self.state in (_S.STOP, _S.WELDING, _S.LEAVE):
            return True
        if self.state in (_S.DISCOVERY, _S.PROTOCOL, _S.SETUP):
            if self._wish is StopKind.TERMINATE:
                self._end(self._wish_reason)
                return False
        elif self._contactor_closed:
            self._contactor_closed = False
            self._enter(_S.STOP)
        elif self._wish is StopKind.TERMINATE:
            self._enter(_S.LEAVE)
        return True

    # Taking answers.

    def _set_up(self, response: m.SessionSetupRes) -> None:
        self.session_id = response.session_id
        self._setup_due.lift()
        self._enter(_S.AUTHORIZATION_SETUP)

    def _authorized(self, response: m.AuthorizationRes) -> None:
        if response.code is ResponseCode.WARNING_AUTHORIZATION:
            self._leave("not authorised")
        elif response.processing is Processing.FINISHED:
            self._enter(_S.SERVICES)
        else:
            if response.processing is Processing.CUSTOMER:
                self._step_due.start(self._now_s, ONGOING_S)
            self._again()

    def _found_services(self, response: m.ServiceDiscoveryRes) -> None:
        self.service = choose_service(self.spec, response.services)
        if self.service is None:
            self._leave("no energy service that fits")
        else:
            self._enter(_S.DETAIL)

    def _found_details(self, response: m.ServiceDetailRes) -> None:
        if self.service is not None:
            self.parameter_set = choose_parameters(self.spec, self.service, response.parameter_sets)
        if self.parameter_set is None:
            self._leave("no parameter set that fits")
        else:
            self._enter(_S.SELECTION)

    def _scheduled(self, response: m.ScheduleExchangeRes) -> None:
        if response.processing is not Processing.FINISHED:
            self._again()
            return
        if not self.dynamic and self._battery is not None:
            self.profile = choose_profile(response.schedules, self._battery)
            if self.profile is None:
                self._leave("no schedule offered")
                return
        if self.service is not None and self.service.is_dc and not self._contactor_closed:
            self._enter(_S.CABLE_CHECK, limit_s=CABLE_CHECK_S)
        else:
            self._enter(_S.START)

    def _cable_checked(self, response: m.CableCheckRes) -> None:
        if response.processing is Processing.FINISHED:
            self._enter(_S.PRECHARGE, limit_s=PRECHARGE_S)
        else:
            self._again()

    def _precharged(self, response: m.PreChargeRes) -> None:
        target_v = 0.0 if self._battery is None else self._battery.voltage_v
        if abs(response.present_v - target_v) <= PRECHARGED_WITHIN_V:
            self._enter(_S.START)
        else:
            self._again()

    def _started(self, _: m.Response) -> None:
        self._contactor_closed = True
        self.profile_since_s = self._now_s
        self.order = PowerOrder()
        self._enter(_S.LOOP)

    def _looped(self, response: m.Response) -> None:
        if self._renegotiates:
            self._renegotiates = False
            self._enter(_S.SCHEDULE, limit_s=ONGOING_S)
            return
        if isinstance(response, m.ChargeLoopRes):
            self.order = response.order
        self._enter(_S.LOOP, pause_s=LOOP_PAUSE_S)

    def _stopped(self, _: m.Response) -> None:
        dc = self.service is not None and self.service.is_dc
        self._welding_checks = WELDING_CHECKS
        self._enter(_S.WELDING if dc else _S.LEAVE)

    def _checked_welding(self, _: m.WeldingDetectionRes) -> None:
        self._welding_checks -= 1
        if self._welding_checks == 0:
            self._enter(_S.LEAVE)

    def _left(self, _: m.Response) -> None:
        if self._wish is StopKind.SERVICE_RENEGOTIATION:
            self._wish = None
            self._forget_service()
            self._enter(_S.SERVICES)
        elif self._wish is StopKind.PAUSE:
            self._end(self._wish_reason, _S.PAUSED)
        else:
            self._end(self._wish_reason)

    def _leave(self, reason: str) -> None:
        self._wish, self._wish_reason = StopKind.TERMINATE, reason
        self._enter(_S.LEAVE)
