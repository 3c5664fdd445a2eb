"""What can be wrong with an emulated station shows on its wire, and only there where it was injected."""

from __future__ import annotations

import pytest

from tests.emulators.sessions import start_v16, start_v201, v16_profile, v201_profile
from tests.emulators.station_bench import Bench
from tests.emulators.test_emulated_faults import inject, post
from tidewatt.emulators.station import FaultKind, Faults
from tidewatt.ocpp.errors import OcppTimeoutError


async def test_a_dropped_answer_is_missed_by_the_central_system_and_the_station_goes_on(bench: Bench) -> None:
    await inject(bench, "fault", station="S16", fault="drop", value=1)
    with pytest.raises(OcppTimeoutError):
        await bench.central.sessions["S16"].call("GetConfiguration", {}, timeout_s=0.2)
    await inject(bench, "heal", station="S16")
    assert await bench.central.call("S16", "GetConfiguration", {})


async def test_a_duplicated_call_arrives_twice(bench: Bench) -> None:
    await inject(bench, "fault", station="S16", fault="duplicate", value=1)
    await bench.central.call("S16", "GetConfiguration", {})
    await bench.until(lambda: bench.central.sessions["S16"].counters.unmatched_answers == 1)


async def test_a_reordered_frame_leaves_after_the_next(bench: Bench) -> None:
    await inject(bench, "fault", station="S201", fault="reorder", value=1)
    bench.outlet("S201").point.plug()
    await bench.until(lambda: bench.outlet("S201").reported == {1: "Occupied"})
    assert bench.central.heard("S201", "StatusNotification", connectorStatus="Occupied") == []
    await bench.central.call("S201", "GetTransactionStatus", {})
    await bench.central.hears("S201", "StatusNotification", connectorStatus="Occupied")


async def test_a_call_of_the_wrong_schema_is_counted_and_the_session_lives(bench: Bench) -> None:
    await inject(bench, "fault", station="S201", fault="wrong_schema", value=1)
    bench.outlet("S201").point.plug()
    session = bench.central.sessions["S201"]
    await bench.until(lambda: session.counters.schema_violations > 0)
    assert not session.closed


async def test_a_half_open_socket_lets_nothing_through_until_it_heals(bench: Bench) -> None:
    await inject(bench, "fault", station="S16", fault="half_open", value=True)
    session = bench.central.sessions["S16"]
    with pytest.raises(OcppTimeoutError):
        await session.call("GetConfiguration", {}, timeout_s=0.2)
    assert bench.station("S16").link.online
    await inject(bench, "heal", station="S16")
    assert await session.call("GetConfiguration", {})


async def test_a_delay_holds_every_frame_back_by_emulated_seconds(bench: Bench) -> None:
    await inject(bench, "fault", station="S16", fault="delay_s", value=30)
    asked_s = bench.emulation.time.now_s
    await bench.central.call("S16", "GetConfiguration", {})
    assert bench.emulation.time.now_s - asked_s >= 30


async def test_a_station_that_rejects_tx_profiles_takes_default_profiles(bench: Bench) -> None:
    await inject(bench, "fault", station="S16", fault="rejects_tx_profile", value=True)
    transaction_id = await start_v16(bench)
    tx = {"connectorId": 1, "csChargingProfiles": v16_profile(9, transactionId=transaction_id)}
    assert await bench.central.call("S16", "SetChargingProfile", tx) == {"status": "Rejected"}
    default = {"connectorId": 1, "csChargingProfiles": v16_profile(9, "TxDefaultProfile")}
    assert await bench.central.call("S16", "SetChargingProfile", default) == {"status": "Accepted"}


async def test_a_station_that_ignores_limits_accepts_and_does_not_follow(bench: Bench) -> None:
    await inject(bench, "fault", station="S201", fault="ignores_limits", value=True)
    transaction_id = await start_v201(bench)
    request = {"evseId": 1, "chargingProfile": v201_profile(8, transaction_id)}
    assert (await bench.central.call("S201", "SetChargingProfile", request))["status"] == "Accepted"
    await bench.draws("left", 16)
    await inject(bench, "heal", station="S201")
    await bench.draws("left", 8)


async def test_a_clock_that_jumps_shows_in_every_timestamp_and_lets_time_pass_as_before(bench: Bench) -> None:
    await inject(bench, "fault", station="S201", fault="clock_offset_s", value=-7200)
    bench.outlet("S201").point.plug()
    told = await bench.central.hears("S201", "StatusNotification", connectorStatus="Occupied")
    assert told["timestamp"] < bench.emulation.time.timestamp()
    assert bench.station("S201").time.utc_s == pytest.approx(bench.emulation.time.utc_s - 7200)
    assert bench.station("S201").time.now_s == bench.emulation.time.now_s


async def test_a_reboot_in_a_transaction_ends_it_and_tells_why(bench: Bench) -> None:
    transaction_id = await start_v16(bench)
    await inject(bench, "reboot", station="S16")
    stopped = await bench.central.hears("S16", "StopTransaction", transactionId=transaction_id)
    assert stopped["reason"] == "PowerLoss"


@pytest.mark.parametrize(
    ("fault", "value", "remedy"),
    [
        ("gremlins", 1, "drop"),
        ("drop", 2, "0 to 1"),
        ("half_open", 1, "true or false"),
        ("delay_s", -1, "zero or more"),
    ],
)
async def test_a_fault_that_cannot_be_is_refused_with_what_it_takes(
    bench: Bench, fault: str, value: float, remedy: str
) -> None:
    status, answer = await post(bench, {"command": "fault", "station": "S16", "fault": fault, "value": value})
    assert status == 400
    assert remedy in answer["error"]["remedy"]


def test_healing_takes_every_fault_away() -> None:
    faults = Faults()
    for kind in FaultKind:
        faults.set(kind, True if isinstance(getattr(faults, kind), bool) else 1)
    assert faults != Faults()
    faults.heal()
    assert faults == Faults()
