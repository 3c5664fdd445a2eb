"""A session of ISO 15118-20 goes through its messages in order, in every service, control mode and detour."""

from __future__ import annotations

import pytest

from tests.emulators.iso15118_bench import Cable
from tidewatt.emulators.iso15118 import (
    BptChannel,
    ControlMode,
    EvccState,
    EvseNotification,
    MobilityNeedsMode,
    PowerOrder,
    ResponseCode,
    SeccState,
    Service,
    StopKind,
)
from tidewatt.emulators.iso15118.messages import (
    AuthorizationReq,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    PowerDeliveryReq,
    ServiceSelectionReq,
    SessionSetupReq,
)

GREETING = ["Sdp", "SupportedAppProtocol", "SessionSetup", "AuthorizationSetup", "Authorization"]
CHOICE = ["ServiceDiscovery", "ServiceDetail", "ServiceSelection", "ChargeParameterDiscovery", "ScheduleExchange"]
DC_READY = ["CableCheck", "PreCharge"]


@pytest.mark.parametrize("service", [Service.DC, Service.DC_BPT])
def test_direct_current_is_checked_and_precharged_before_it_flows(service: Service) -> None:
    cable = Cable(service)
    cable.until(EvccState.LOOP)
    assert cable.names() == [*GREETING, *CHOICE, *DC_READY, "PowerDelivery"]
    cable.passes(1)
    assert cable.names()[-1] == "ChargeLoop"
    cable.evcc.ask_to_stop(StopKind.TERMINATE)
    cable.until(EvccState.ENDED)
    assert cable.names()[-3:] == ["PowerDelivery", "WeldingDetection", "SessionStop"]


@pytest.mark.parametrize("service", [Service.AC, Service.AC_BPT])
def test_alternating_current_goes_without_cable_check_precharge_and_welding_detection(service: Service) -> None:
    cable = Cable(service)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    cable.evcc.ask_to_stop(StopKind.TERMINATE)
    cable.until(EvccState.ENDED)
    assert cable.names() == [*GREETING, *CHOICE, "PowerDelivery", "ChargeLoop", "PowerDelivery", "SessionStop"]


def test_nothing_flows_before_the_charge_loop_nor_after_it() -> None:
    cable = Cable()
    cable.until(EvccState.LOOP)
    assert set(cable.flowed) == {0.0}
    cable.passes(2)
    assert cable.flowed[-1] == 7_000
    cable.evcc.ask_to_stop(StopKind.TERMINATE)
    cable.until(SeccState.STOPPED)
    cable.flowed.clear()
    cable.passes(5)
    assert set(cable.flowed) == {0.0}


@pytest.mark.parametrize(
    ("setpoint_w", "power_w"), [(3_000, 3_000), (-4_000, -4_000), (-9_000, -5_000), (20_000, 7_000), (0, 0)]
)
def test_in_dynamic_control_the_stations_setpoint_is_followed_within_its_limits(
    setpoint_w: float, power_w: float
) -> None:
    cable = Cable()
    cable.secc.orders.power = PowerOrder(maximum_charge_w=7_000, maximum_discharge_w=5_000, setpoint_w=setpoint_w)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    assert cable.flowed[-1] == power_w


def test_a_vehicle_gives_no_more_than_its_battery_lets_it() -> None:
    cable = Cable()
    cable.secc.orders.power = PowerOrder(maximum_discharge_w=5_000, setpoint_w=-5_000)
    cable.discharges_at_most(1_500)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    assert cable.flowed[-1] == -1_500


def test_a_service_that_only_charges_never_discharges_whatever_the_station_orders() -> None:
    cable = Cable(Service.DC)
    cable.secc.orders.power = PowerOrder(maximum_charge_w=7_000, maximum_discharge_w=5_000, setpoint_w=-5_000)
    cable.until(EvccState.LOOP)
    cable.passes(2)
    assert cable.flowed[-1] == 0
    answer = cable.answer_of(ChargeParameterDiscoveryReq)
    assert isinstance(answer, ChargeParameterDiscoveryRes)
    assert answer.limits is not None
    assert answer.limits.maximum_discharge_w is None


def test_in_scheduled_control_the_vehicle_follows_the_profile_it_chose() -> None:
    cable = Cable(control_mode=ControlMode.SCHEDULED)
    cable.offer_schedule(6_000, -4_000)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    assert cable.flowed[-1] == 6_000
    cable.passes(900)
    assert cable.flowed[-1] == -4_000
    assert cable.secc.choices_seen == 1


def test_a_station_without_bidirectional_service_is_charged_from() -> None:
    cable = Cable(Service.AC_BPT)
    cable.secc.orders.services = (Service.AC,)
    cable.until(EvccState.LOOP)
    assert cable.secc.service is Service.AC


@pytest.mark.parametrize("needs_mode", MobilityNeedsMode)
@pytest.mark.parametrize("channel", BptChannel)
def test_the_way_of_using_a_service_is_the_one_the_vehicle_wants(
    needs_mode: MobilityNeedsMode, channel: BptChannel
) -> None:
    cable = Cable(mobility_needs_mode=needs_mode, channel=channel)
    cable.until(EvccState.LOOP)
    chosen = cable.secc.parameter_set
    assert chosen is not None
    assert (chosen.mobility_needs_mode, chosen.channel) == (needs_mode, channel)
    assert chosen.control_mode is ControlMode.DYNAMIC


def test_a_vehicle_waits_for_somebody_to_authorise_it_as_long_as_that_takes() -> None:
    cable = Cable()
    cable.secc.orders.authorized = None
    cable.passes(300)
    assert cable.secc.state is SeccState.AUTHORIZATION
    cable.secc.orders.authorized = True
    cable.until(EvccState.LOOP)


def test_a_refused_vehicle_leaves() -> None:
    cable = Cable()
    cable.secc.orders.authorized = False
    cable.until(EvccState.ENDED)
    assert cable.answer_of(AuthorizationReq).code is ResponseCode.WARNING_AUTHORIZATION
    assert (cable.evcc.ended_because, cable.secc.ended_because) == ("not authorised", "not authorised")


def test_a_new_schedule_is_negotiated_without_leaving_the_session() -> None:
    cable = Cable(control_mode=ControlMode.SCHEDULED)
    cable.offer_schedule(6_000)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    cable.secc.orders.notification = EvseNotification.SCHEDULE_RENEGOTIATION
    cable.until(SeccState.SCHEDULE)
    cable.secc.orders.notification = None
    cable.offer_schedule(-3_000)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    assert cable.flowed[-1] == -3_000
    assert cable.names()[-4:] == ["PowerDelivery", "ScheduleExchange", "PowerDelivery", "ChargeLoop"]
    assert (cable.secc.needs_seen, cable.secc.choices_seen) == (2, 2)


def test_another_service_is_negotiated_in_the_same_session() -> None:
    cable = Cable(Service.DC_BPT)
    cable.secc.orders.services = (Service.DC,)
    cable.until(EvccState.LOOP)
    session_id = cable.secc.session_id
    cable.secc.orders.services = (Service.DC, Service.DC_BPT)
    cable.secc.orders.notification = EvseNotification.SERVICE_RENEGOTIATION
    cable.until(SeccState.SERVICES)
    cable.secc.orders.notification = None
    cable.until(SeccState.LOOP)
    assert cable.secc.service is Service.DC_BPT
    assert cable.secc.session_id == session_id
    assert cable.names().count("SessionSetup") == 1


def test_a_service_that_is_no_longer_allowed_carries_nothing() -> None:
    cable = Cable(Service.DC_BPT)
    cable.until(EvccState.LOOP)
    cable.passes(1)
    cable.secc.orders.services = (Service.DC,)
    cable.passes(0.5)
    assert cable.flowed[-1] == 0


def test_a_paused_session_is_joined_again_with_the_same_id() -> None:
    cable = Cable()
    cable.until(EvccState.LOOP)
    session_id = cable.secc.session_id
    cable.secc.orders.notification = EvseNotification.PAUSE
    cable.until(SeccState.PAUSED)
    cable.passes(3600)
    assert cable.flowed[-1] == 0
    cable.secc.orders.notification = None
    cable.secc.orders.wake = True
    cable.until(SeccState.LOOP)
    assert cable.answer_of(SessionSetupReq).code is ResponseCode.OK_OLD_SESSION
    assert cable.secc.session_id == session_id


def test_a_vehicle_that_was_unplugged_in_its_pause_begins_anew() -> None:
    cable = Cable()
    cable.until(EvccState.LOOP)
    cable.evcc.ask_to_stop(StopKind.PAUSE)
    cable.until(EvccState.PAUSED)
    cable.plugged = False
    cable.passes(1)
    cable.plugged = True
    cable.until(EvccState.LOOP)
    assert cable.answer_of(SessionSetupReq).code is ResponseCode.OK_NEW_SESSION
    assert cable.secc.session_id.endswith("2")


def test_a_station_ends_the_session_and_wakes_the_vehicle_for_the_next() -> None:
    cable = Cable()
    cable.until(EvccState.LOOP)
    cable.secc.orders.power = None
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "asked to: Terminate"
    cable.secc.orders.power = PowerOrder(maximum_charge_w=4_000)
    cable.secc.orders.wake = True
    cable.until(EvccState.LOOP)
    cable.passes(1)
    assert cable.flowed[-1] == 4_000


def test_pulling_the_cable_ends_both_sides_at_once() -> None:
    cable = Cable()
    cable.until(EvccState.LOOP)
    cable.passes(1)
    cable.plugged = False
    cable.passes(0.1)
    assert (cable.evcc.state, cable.secc.state) == (EvccState.UNPLUGGED, SeccState.DISCONNECTED)
    assert cable.flowed[-1] == 0


def test_the_vehicle_says_which_service_it_chose() -> None:
    cable = Cable(Service.AC_BPT)
    cable.until(EvccState.LOOP)
    chosen = [request for request, _ in cable.said if isinstance(request, ServiceSelectionReq)]
    assert [each.service for each in chosen] == [Service.AC_BPT]
    assert any(isinstance(request, PowerDeliveryReq) for request, _ in cable.said)
