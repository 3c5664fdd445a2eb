"""No order of messages, however mad, leaves a side with current flowing that must not flow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from tests.emulators.iso15118_bench import BATTERY, NEEDS, VEHICLE_LIMITS, Cable
from tidewatt.emulators.iso15118 import (
    EvccState,
    EvseNotification,
    PowerOrder,
    ResponseCode,
    SeccState,
    Service,
    StopKind,
    messages as m,
)
from tidewatt.emulators.iso15118.sequence import RESPONSES
from tidewatt.emulators.iso15118.words import PROTOCOLS, ChargeProgress, Processing

CHARGING_LIMITS = replace(VEHICLE_LIMITS, maximum_discharge_w=None)
dc = st.booleans()
limits = st.sampled_from([VEHICLE_LIMITS, CHARGING_LIMITS])
requests = st.one_of(
    st.just(m.SdpReq()),
    st.just(m.SupportedAppProtocolReq(protocols=tuple(PROTOCOLS.values()))),
    st.just(m.SessionSetupReq(evcc_id="020000000001")),
    st.just(m.AuthorizationSetupReq()),
    st.just(m.AuthorizationReq()),
    st.just(m.ServiceDiscoveryReq()),
    st.builds(m.ServiceDetailReq, service=st.integers(0, 8)),
    st.builds(m.ServiceSelectionReq, service=st.sampled_from([None, 1, 2, 5, 6]), parameter_set=st.integers(0, 7)),
    st.builds(m.ChargeParameterDiscoveryReq, limits=limits, dc=dc),
    st.just(m.ScheduleExchangeReq(needs=NEEDS)),
    st.just(m.CableCheckReq()),
    st.just(m.PreChargeReq(target_v=400.0)),
    st.builds(m.PowerDeliveryReq, progress=st.sampled_from(ChargeProgress)),
    st.builds(m.ChargeLoopReq, limits=limits, needs=st.just(NEEDS), dc=dc),
    st.just(m.WeldingDetectionReq()),
    st.builds(m.SessionStopReq, kind=st.sampled_from(StopKind)),
)
starts = st.sampled_from([SeccState.PROTOCOL, SeccState.DETAIL, SeccState.PRECHARGE, SeccState.LOOP])


@given(
    start=starts, service=st.sampled_from(Service), asked=st.lists(st.tuples(requests, st.floats(0, 70)), max_size=25)
)
@settings(deadline=None, max_examples=80)
def test_a_station_lets_current_flow_only_between_an_accepted_start_and_the_next_stop(
    start: SeccState, service: Service, asked: list[tuple[m.Request, float]]
) -> None:
    cable = Cable(service)
    if start is not SeccState.PRECHARGE or service.is_dc:
        cable.until(start)
    secc, started = cable.secc, cable.secc.flow_allowed
    for request, pause_s in asked:
        cable.now_s += pause_s
        secc.tick(cable.now_s)
        started = started and pause_s < 60
        answer = secc.receive(replace(request, session_id=secc.session_id), cable.now_s)
        if isinstance(request, m.PowerDeliveryReq):
            started = request.progress is ChargeProgress.START and not answer.code.failed
        started = started and not answer.code.failed and isinstance(request, m.PowerDeliveryReq | m.ChargeLoopReq)
        assert secc.flow_allowed == started
        assert not secc.flow_allowed or secc.state is SeccState.LOOP
        assert not answer.code.failed or secc.state is SeccState.ENDED


responses = st.builds(
    lambda kind, code, note: kind(code=code, notification=note, session_id="0000000000000001"),
    st.sampled_from([m.Response, *RESPONSES.values()]),
    st.sampled_from(ResponseCode),
    st.none() | st.sampled_from(EvseNotification),
) | st.builds(
    lambda order: m.ChargeLoopRes(order=order, session_id="0000000000000001"),
    st.builds(
        PowerOrder,
        maximum_charge_w=st.floats(0, 30_000),
        maximum_discharge_w=st.floats(0, 30_000),
        setpoint_w=st.none() | st.floats(-30_000, 30_000),
    ),
)
openings = st.sampled_from([EvccState.DISCOVERY, EvccState.SCHEDULE, EvccState.START, EvccState.LOOP])


@given(start=openings, answers=st.lists(st.tuples(responses, st.floats(0, 3)), max_size=25))
@settings(deadline=None, max_examples=80)
def test_a_vehicle_lets_current_flow_only_in_the_loop_and_within_its_own_limits(
    start: EvccState, answers: list[tuple[m.Response, float]]
) -> None:
    cable = Cable(Service.DC_BPT)
    evcc = cable.evcc
    if start is EvccState.DISCOVERY:
        evcc.plug(cable.now_s)
    else:
        cable.until(start)
    for answer, pause_s in answers:
        cable.now_s += pause_s
        evcc.tick(cable.now_s)
        evcc.poll(cable.now_s, BATTERY)
        evcc.receive(answer, cable.now_s)
        assert not evcc.flow_allowed or evcc.state is EvccState.LOOP
        power_w = evcc.power_w(cable.now_s, BATTERY)
        assert -8_000 <= power_w <= 11_000
        assert evcc.flow_allowed or power_w == 0
        assert not (answer.code.failed and evcc.flow_allowed) or not evcc.running or evcc.state is EvccState.LOOP


def test_an_unfinished_answer_is_asked_for_again_and_again() -> None:
    cable = Cable()
    cable.until(EvccState.SCHEDULE)
    ongoing = m.ScheduleExchangeRes(processing=Processing.ONGOING, session_id=cable.secc.session_id)
    for _ in range(5):
        cable.now_s += 0.5
        assert isinstance(cable.evcc.poll(cable.now_s, BATTERY), m.ScheduleExchangeReq)
        cable.evcc.receive(ongoing, cable.now_s)
    assert cable.evcc.state is EvccState.SCHEDULE
