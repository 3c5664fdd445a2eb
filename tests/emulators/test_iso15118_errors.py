"""Whatever is wrong in a session of ISO 15118-20 has its response code, and ends the flow."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest

from tests.emulators.iso15118_bench import NEEDS, STATION_LIMITS, VEHICLE_LIMITS, Cable
from tidewatt.emulators.iso15118 import (
    ControlMode,
    EvccState,
    EvseNotification,
    PowerLimits,
    PowerProfile,
    ProfileEntry,
    ResponseCode,
    SeccState,
    Service,
    StopKind,
)
from tidewatt.emulators.iso15118.messages import (
    AuthorizationReq,
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    PowerDeliveryReq,
    Request,
    Response,
    ScheduleExchangeReq,
    ServiceDetailReq,
    ServiceSelectionReq,
    SessionSetupReq,
    SessionSetupRes,
    SessionStopReq,
    SupportedAppProtocolReq,
    WeldingDetectionReq,
)
from tidewatt.emulators.iso15118.words import ChargeProgress


def refused(cable: Cable, request: Request) -> ResponseCode:
    """Send a request in the vehicle's name; returns the code, after which nothing may flow any more."""
    own = request if request.session_id else replace(request, session_id=cable.secc.session_id)
    code = cable.secc.receive(own, cable.now_s).code
    assert code.failed
    assert cable.secc.state is SeccState.ENDED
    assert not cable.secc.flow_allowed
    return code


def at(state: EvccState | SeccState, service: Service = Service.DC_BPT, **spec: object) -> Cable:
    cable = Cable(service, **spec)
    cable.until(state)
    return cable


def test_a_message_out_of_turn_is_a_sequence_error() -> None:
    assert refused(at(SeccState.SETUP), AuthorizationReq()) is ResponseCode.FAILED_SEQUENCE
    assert refused(at(SeccState.LOOP), ScheduleExchangeReq(needs=NEEDS)) is ResponseCode.FAILED_SEQUENCE
    stop = SessionStopReq(kind=StopKind.TERMINATE)
    assert refused(at(SeccState.LOOP), stop) is ResponseCode.FAILED_SEQUENCE


def test_a_message_of_another_session_is_refused() -> None:
    stranger = AuthorizationReq(session_id="FFFFFFFFFFFFFFFF")
    assert refused(at(SeccState.AUTHORIZATION), stranger) is ResponseCode.FAILED_UNKNOWN_SESSION


def test_an_unknown_protocol_is_refused() -> None:
    cable = at(SeccState.PROTOCOL)
    assert refused(cable, SupportedAppProtocolReq(protocols=("urn:din:70121",))) is ResponseCode.FAILED


def test_a_service_that_was_not_offered_is_refused() -> None:
    assert refused(at(SeccState.DETAIL), ServiceDetailReq(service=3)) is ResponseCode.FAILED_SERVICE_ID
    selection = ServiceSelectionReq(service=7, parameter_set=1)
    assert refused(at(SeccState.DETAIL), selection) is ResponseCode.FAILED_SERVICE_SELECTION
    unknown_set = ServiceSelectionReq(service=6, parameter_set=99)
    assert refused(at(SeccState.DETAIL), unknown_set) is ResponseCode.FAILED_SERVICE_SELECTION
    nothing = ServiceSelectionReq(service=None, parameter_set=1)
    assert refused(at(SeccState.DETAIL), nothing) is ResponseCode.FAILED_NO_ENERGY_SERVICE


@pytest.mark.parametrize(
    "limits",
    [
        replace(VEHICLE_LIMITS, maximum_charge_w=math.nan),
        replace(VEHICLE_LIMITS, maximum_charge_w=-1.0),
        replace(VEHICLE_LIMITS, maximum_discharge_w=math.inf),
        replace(VEHICLE_LIMITS, maximum_discharge_w=None),
        replace(VEHICLE_LIMITS, minimum_charge_w=12_000.0),
        replace(VEHICLE_LIMITS, minimum_discharge_w=9_000.0),
        replace(VEHICLE_LIMITS, maximum_voltage_v=None),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(limits: PowerLimits) -> None:
    request = ChargeParameterDiscoveryReq(limits=limits, dc=True)
    assert refused(at(SeccState.PARAMETERS), request) is ResponseCode.FAILED_CHARGE_PARAMETER
    loop = ChargeLoopReq(limits=limits, needs=NEEDS, dc=True)
    assert refused(at(SeccState.LOOP), loop) is ResponseCode.FAILED_CHARGE_PARAMETER


def test_discharge_limits_do_not_belong_to_a_service_that_only_charges() -> None:
    request = ChargeParameterDiscoveryReq(limits=VEHICLE_LIMITS, dc=True)
    assert refused(at(SeccState.PARAMETERS, Service.DC), request) is ResponseCode.FAILED_CHARGE_PARAMETER


def test_messages_of_the_other_current_are_out_of_sequence() -> None:
    request = ChargeParameterDiscoveryReq(limits=VEHICLE_LIMITS, dc=False)
    assert refused(at(SeccState.PARAMETERS), request) is ResponseCode.FAILED_SEQUENCE
    loop = ChargeLoopReq(limits=VEHICLE_LIMITS, needs=NEEDS, dc=True)
    assert refused(at(SeccState.LOOP, Service.AC_BPT), loop) is ResponseCode.FAILED_SEQUENCE
    cable = at(SeccState.LOOP, Service.AC_BPT)
    cable.evcc.ask_to_stop(StopKind.TERMINATE)
    cable.until(SeccState.STOPPED)
    assert refused(cable, WeldingDetectionReq()) is ResponseCode.FAILED_SEQUENCE


def test_power_is_not_delivered_before_the_cable_is_charged() -> None:
    start = PowerDeliveryReq(progress=ChargeProgress.START)
    assert refused(at(SeccState.PRECHARGE), start) is ResponseCode.FAILED_SEQUENCE


def test_a_profile_must_be_one_of_the_schedules_offered_and_within_it() -> None:
    def profile(schedule_id: int, power_w: float) -> PowerDeliveryReq:
        entries = (ProfileEntry(duration_s=60, power_w=power_w),)
        chosen = PowerProfile(schedule_id=schedule_id, entries=entries)
        return PowerDeliveryReq(progress=ChargeProgress.START, profile=chosen)

    def ready() -> Cable:
        cable = Cable(Service.AC_BPT, control_mode=ControlMode.SCHEDULED)
        cable.offer_schedule(3_000)
        cable.until(SeccState.READY)
        return cable

    assert refused(ready(), profile(2, 3_000)) is ResponseCode.FAILED_SCHEDULE_SELECTION
    assert refused(ready(), profile(1, 7_500)) is ResponseCode.FAILED_POWER_PROFILE_INVALID
    assert refused(ready(), profile(1, -5_500)) is ResponseCode.FAILED_POWER_PROFILE_INVALID
    bare = PowerDeliveryReq(progress=ChargeProgress.START)
    assert refused(ready(), bare) is ResponseCode.FAILED_SCHEDULE_SELECTION


def test_a_station_without_permission_delivers_no_power() -> None:
    cable = at(SeccState.SCHEDULE)
    cable.secc.orders.power = None
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "PowerDeliveryReq: FAILED_PowerDeliveryNotApplied"


def test_a_contactor_that_does_not_close_is_reported() -> None:
    cable = at(SeccState.SCHEDULE)
    cable.secc.faults.contactor = True
    cable.until(EvccState.ENDED)
    assert cable.answer_of(PowerDeliveryReq).code is ResponseCode.FAILED_CONTACTOR


def test_a_contactor_that_opens_by_itself_ends_the_loop() -> None:
    cable = at(SeccState.LOOP)
    cable.passes(1)
    cable.secc.faults.contactor = True
    cable.until(EvccState.ENDED)
    assert cable.answer_of(ChargeLoopReq).code is ResponseCode.FAILED_CONTACTOR
    assert cable.flowed[-1] == 0


def test_a_cable_that_is_not_isolated_is_not_used() -> None:
    cable = at(SeccState.SCHEDULE)
    cable.secc.faults.isolation = True
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "CableCheckReq: FAILED"


@pytest.mark.parametrize("fault", ["ERR_GRID_SYNC_LOST", "E_INVERTER_PHASE_MISMATCH"])
def test_a_fault_of_the_inverter_ends_the_flow_at_once_and_the_session_in_order(fault: str) -> None:
    cable = at(SeccState.LOOP)
    cable.passes(1)
    cable.secc.faults.shutdown = fault
    cable.passes(0.1)
    assert cable.flowed[-1] == 0
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "asked to: Terminate"
    assert cable.names()[-3:] == ["PowerDelivery", "WeldingDetection", "SessionStop"]


def test_what_a_station_does_not_support_is_refused() -> None:
    for kind, code in (
        (StopKind.PAUSE, ResponseCode.FAILED_PAUSE_NOT_ALLOWED),
        (StopKind.SERVICE_RENEGOTIATION, ResponseCode.FAILED_NO_SERVICE_RENEGOTIATION),
    ):
        cable = at(SeccState.LOOP)
        cable.secc.spec = replace(cable.secc.spec, pause_allowed=False, renegotiation_supported=False)
        cable.evcc.ask_to_stop(kind)
        cable.until(EvccState.ENDED)
        assert cable.answer_of(SessionStopReq).code is code


def test_a_schedule_is_not_renegotiated_in_dynamic_control() -> None:
    cable = at(SeccState.LOOP)
    cable.secc.orders.notification = EvseNotification.SCHEDULE_RENEGOTIATION
    cable.passes(2)
    assert cable.evcc.state is EvccState.LOOP
    asked = PowerDeliveryReq(progress=ChargeProgress.SCHEDULE_RENEGOTIATION)
    assert refused(cable, asked) is ResponseCode.FAILED_SCHEDULE_RENEGOTIATION


def test_a_vehicle_takes_no_answer_that_does_not_belong_to_its_question() -> None:
    for answer in (Response(), SessionSetupRes(), ChargeLoopRes(session_id="another")):
        cable = at(SeccState.LOOP)
        cable.passes(0.5)
        cable.talk.lag_s = 1.0
        for _ in range(4):
            cable.passes(0.1)
        assert cable.evcc.flow_allowed
        cable.evcc.receive(answer, cable.now_s)
        assert cable.evcc.state is EvccState.ENDED
        assert not cable.evcc.flow_allowed


def test_a_station_of_other_services_is_left() -> None:
    cable = Cable(Service.AC_BPT)
    cable.secc.orders.services = (Service.DC, Service.DC_BPT)
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "no energy service that fits"


def test_limits_of_the_station_are_told_as_they_are() -> None:
    cable = at(SeccState.SCHEDULE)
    answer = cable.answer_of(ChargeParameterDiscoveryReq)
    assert getattr(answer, "limits", None) == STATION_LIMITS
    assert cable.answer_of(SessionSetupReq).code is ResponseCode.OK_NEW_SESSION
