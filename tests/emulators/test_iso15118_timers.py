"""Every time limit of an ISO 15118-20 session ends it when it passes, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.emulators.iso15118_bench import Cable
from tidewatt.emulators.iso15118 import ControlMode, EvccState, SeccState, Service
from tidewatt.emulators.iso15118.timing import (
    CABLE_CHECK_S,
    CHARGE_LOOP_S,
    COMMUNICATION_SETUP_S,
    MESSAGE_S,
    ONGOING_S,
    PRECHARGE_S,
    SECC_ONGOING_S,
    SEQUENCE_S,
    SERVICE_DETAIL_S,
)


def falls_silent_at(cable: Cable, state: EvccState) -> float:
    """Lose the station's answers from a state on; returns when the vehicle gives up, in seconds."""
    cable.until(state)
    cable.talk.deaf = True
    since_s = cable.now_s
    cable.until(EvccState.ENDED)
    return cable.now_s - since_s


@pytest.mark.parametrize(
    ("state", "limit_s"),
    [
        (EvccState.PROTOCOL, MESSAGE_S),
        (EvccState.SETUP, MESSAGE_S),
        (EvccState.AUTHORIZATION, MESSAGE_S),
        (EvccState.DETAIL, SERVICE_DETAIL_S),
        (EvccState.SCHEDULE, MESSAGE_S),
        (EvccState.PRECHARGE, MESSAGE_S),
        (EvccState.START, MESSAGE_S),
        (EvccState.LOOP, CHARGE_LOOP_S),
    ],
)
def test_a_vehicle_waits_for_each_answer_only_so_long(state: EvccState, limit_s: float) -> None:
    cable = Cable()
    gave_up_s = falls_silent_at(cable, state)
    assert limit_s <= gave_up_s <= limit_s + 0.4
    assert cable.evcc.ended_because is not None
    assert "in time" in cable.evcc.ended_because
    assert cable.secc.state is SeccState.ENDED


def test_a_slow_line_is_borne_within_the_limits() -> None:
    cable = Cable()
    cable.talk.lag_s = 0.2
    cable.until(EvccState.LOOP)
    cable.passes(5)
    assert cable.flowed[-1] == 7_000


def test_communication_setup_has_a_limit_of_its_own() -> None:
    cable = Cable()
    cable.passes(0.1)
    # A vehicle that does not get round to its next request has no session in time either.
    for step in range(1, round(COMMUNICATION_SETUP_S) + 1):
        assert cable.evcc.running
        cable.evcc.tick(0.1 + step)
    assert cable.evcc.ended_because == "communication setup took too long"


def test_a_cable_check_that_does_not_end_ends_the_session() -> None:
    cable = Cable()
    cable.secc.spec = replace(cable.secc.spec, cable_check_s=1000.0)
    cable.until(EvccState.CABLE_CHECK)
    since_s = cable.now_s
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "cable check took too long"
    assert cable.now_s - since_s == pytest.approx(CABLE_CHECK_S, abs=0.3)


def test_a_precharge_that_does_not_reach_the_battery_ends_the_session() -> None:
    cable = Cable()
    cable.secc.spec = replace(cable.secc.spec, precharge_v_per_s=1.0)
    cable.until(EvccState.PRECHARGE)
    since_s = cable.now_s
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "precharge took too long"
    assert cable.now_s - since_s == pytest.approx(PRECHARGE_S, abs=0.3)


def test_a_station_that_waits_for_a_schedule_answers_before_the_vehicle_gives_up() -> None:
    cable = Cable()
    cable.secc.orders.schedule_ready = False
    cable.until(EvccState.SCHEDULE)
    since_s = cable.now_s
    cable.until(EvccState.CABLE_CHECK)
    assert cable.now_s - since_s == pytest.approx(SECC_ONGOING_S, abs=1.0)
    assert SECC_ONGOING_S < ONGOING_S


def test_a_station_without_any_schedule_cannot_serve_scheduled_control() -> None:
    cable = Cable(control_mode=ControlMode.SCHEDULED)
    cable.until(EvccState.ENDED)
    assert cable.evcc.ended_because == "ScheduleExchangeReq: FAILED"


@pytest.mark.parametrize("service", [Service.AC_BPT, Service.DC_BPT])
def test_a_silent_vehicle_loses_its_session_after_a_minute_and_its_current_at_once(service: Service) -> None:
    cable = Cable(service)
    cable.until(EvccState.LOOP)
    cable.passes(2)
    cable.evcc.go_silent("TIMEOUT_BMS_RESPONSE")
    cable.passes(0.1)
    assert cable.flowed[-1] == 0
    since_s = cable.now_s
    cable.until(SeccState.ENDED)
    assert cable.now_s - since_s == pytest.approx(SEQUENCE_S, abs=0.5)
    assert cable.secc.ended_because == "sequence timeout"
