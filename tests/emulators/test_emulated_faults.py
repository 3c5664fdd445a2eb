"""Whatever is injected behaves as it does in a garage: offline stations go on, queues are kept, meters fall silent."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.emulators.sessions import start_v16, start_v201, v16_profile, v201_profile
from tests.emulators.station_bench import Bench


async def inject(bench: Bench, command: str, **fields: Any) -> str:
    status, answer = await post(bench, {"command": command, **fields})
    assert status == 200, answer
    return str(answer["done"])


async def post(bench: Bench, body: Any) -> tuple[int, dict[str, Any]]:
    host, port = bench.addresses.control
    async with aiohttp.ClientSession() as client, client.post(f"http://{host}:{port}/commands", json=body) as response:
        return response.status, await response.json()


async def get(bench: Bench, path: str) -> tuple[int, dict[str, Any]]:
    host, port = bench.addresses.control
    async with aiohttp.ClientSession() as client, client.get(f"http://{host}:{port}{path}") as response:
        return response.status, await response.json()


async def test_an_offline_1_6_station_charges_on_and_delivers_everything_later(bench: Bench) -> None:
    central = bench.central
    await central.call("S16", "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"})
    transaction_id = await start_v16(bench)
    profile = v16_profile(9, transactionId=transaction_id)
    await central.call("S16", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    await inject(bench, "station_offline", station="S16")
    await bench.until(lambda: not bench.station("S16").link.online)
    central.calls.clear()
    await bench.passes(30)
    assert bench.drawn_a("right") == pytest.approx(9)
    await inject(bench, "unplug", charger="right")
    await bench.passes(5)
    assert central.heard("S16", "StopTransaction") == []
    await inject(bench, "station_online", station="S16")
    stopped = await central.hears("S16", "StopTransaction", transactionId=transaction_id, reason="EVDisconnected")
    kept = central.heard("S16", "MeterValues", transactionId=transaction_id)
    assert len(kept) >= 5
    stamps = [values["meterValue"][0]["timestamp"] for values in kept] + [stopped["timestamp"]]
    assert stamps == sorted(stamps)
    assert central.heard("S16", "BootNotification") == []
    await central.hears("S16", "StatusNotification", connectorId=1, status="Available")


async def test_an_offline_2_0_1_station_marks_what_happened_meanwhile(bench: Bench) -> None:
    await start_v201(bench)
    await bench.draws("left", 16)
    await inject(bench, "station_offline", station="S201")
    await bench.until(lambda: not bench.station("S201").link.online)
    await inject(bench, "unplug", charger="left")
    await bench.passes(2)
    await inject(bench, "station_online", station="S201")
    ended = await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
    assert ended["offline"] is True
    sequence = [event["seqNo"] for event in bench.central.heard("S201", "TransactionEvent")]
    assert sequence == list(range(len(sequence)))


async def test_an_offline_station_starts_a_session_only_for_a_card_it_knows(bench: Bench) -> None:
    station, outlet = bench.station("S16"), bench.outlet("S16")
    await inject(bench, "plug", charger="right")
    await inject(bench, "rfid", charger="right", id_tag="CARD")
    await bench.until(lambda: outlet.transaction is not None)
    await inject(bench, "rfid", charger="right", id_tag="CARD")
    await bench.central.hears("S16", "StopTransaction", reason="Local")
    await inject(bench, "station_offline", station="S16")
    await bench.until(lambda: not station.ready)
    await inject(bench, "rfid", charger="right", id_tag="STRANGER")
    await bench.passes(3)
    assert outlet.transaction is None
    await inject(bench, "rfid", charger="right", id_tag="CARD")
    await bench.draws("right", 16)
    await inject(bench, "station_online", station="S16")
    await bench.central.hears("S16", "StartTransaction", times=2, idTag="CARD")


async def test_a_station_finds_back_when_the_central_system_restarts(bench: Bench) -> None:
    transaction_id = await start_v201(bench)
    await bench.central.hang_up()
    await bench.until(lambda: not bench.station("S201").link.online)
    profile = v201_profile(7, transaction_id)
    await bench.until(lambda: bench.station("S201").ready)
    answer = await bench.central.call("S201", "SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
    assert answer == {"status": "Accepted"}
    await bench.draws("left", 7)


async def test_a_refused_station_waits_longer_each_time_and_says_why(bench: Bench) -> None:
    bench.central.refuse_with = 401
    await bench.central.hang_up()
    await bench.until(lambda: bench.station("S16").link.refusal is not None)
    _, world = await get(bench, "/world")
    assert "401" in world["stations"]["S16"]["refusal"]
    assert not world["stations"]["S16"]["connected"]
    bench.central.refuse_with = None
    await bench.until(lambda: bench.station("S16").ready)
    assert bench.station("S16").link.refusal is None


async def test_a_station_that_loses_power_ends_its_session_and_boots_again(bench: Bench) -> None:
    transaction_id = await start_v16(bench)
    await inject(bench, "reboot", station="S16")
    assert bench.drawn_a("right") == 0
    await bench.central.hears("S16", "BootNotification", times=2)
    stopped = await bench.central.hears("S16", "StopTransaction", transactionId=transaction_id)
    assert stopped["reason"] == "PowerLoss"
    await bench.central.hears("S16", "StatusNotification", times=2, connectorId=1, status="Preparing")


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_a_1_6_reset_ends_the_session_with_its_reason(bench: Bench, kind: str, reason: str) -> None:
    await start_v16(bench)
    assert await bench.central.call("S16", "Reset", {"type": kind}) == {"status": "Accepted"}
    await bench.central.hears("S16", "StopTransaction", reason=reason)
    await bench.central.hears("S16", "BootNotification", times=2)


async def test_a_2_0_1_reset_on_idle_waits_for_the_session(bench: Bench) -> None:
    transaction_id = await start_v201(bench)
    assert await bench.central.call("S201", "Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
    await bench.passes(5)
    assert len(bench.central.heard("S201", "BootNotification")) == 1
    await bench.central.call("S201", "RequestStopTransaction", {"transactionId": transaction_id})
    again = await bench.central.hears("S201", "BootNotification", times=2)
    assert again["reason"] == "ScheduledReset"


async def test_a_2_0_1_immediate_reset_ends_the_session(bench: Bench) -> None:
    await start_v201(bench)
    await bench.central.call("S201", "Reset", {"type": "Immediate"})
    ended = await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
    assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"


async def test_profiles_outlive_a_reboot_except_those_of_the_transaction(bench: Bench) -> None:
    transaction_id = await start_v16(bench)
    floor = v16_profile(6, "TxDefaultProfile", chargingProfileId=9)
    for profile in (floor, v16_profile(9, transactionId=transaction_id)):
        await bench.central.call("S16", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    await inject(bench, "reboot", station="S16")
    assert [held.profile_id for held in bench.station("S16").profiles.profiles] == [9]


async def test_a_vehicle_ignores_its_limit_as_long_as_told(bench: Bench) -> None:
    transaction_id = await start_v16(bench)
    profile = v16_profile(8, transactionId=transaction_id)
    await bench.central.call("S16", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    await bench.draws("right", 8)
    await inject(bench, "vehicle_ignores_limit", charger="right", on=True)
    await bench.draws("right", 16)
    await inject(bench, "vehicle_ignores_limit", charger="right", on=False)
    await bench.draws("right", 8)


async def test_meters_fall_silent_and_come_back(bench: Bench) -> None:
    await inject(bench, "meter_silent", meter="grid")
    assert bench.emulation.meters["grid"].silent
    assert not bench.emulation.meters["sub"].silent
    await inject(bench, "meter_resume", meter="grid")
    assert not bench.emulation.meters["grid"].silent


async def test_loads_and_sun_change_what_the_meters_read(bench: Bench) -> None:
    await inject(bench, "pv", power_w=690)
    await inject(bench, "house_load", current_a=[19, 3, 5])
    await inject(bench, "house_load", current_a=2, circuit="garage")
    _, world = await get(bench, "/world")
    assert world["meters"]["grid"]["current_a"] == pytest.approx([20, 4, 6])
    assert world["meters"]["sub"]["current_a"] == pytest.approx([2, 2, 2])


async def test_the_world_shows_everything_that_tests_ask_for(bench: Bench) -> None:
    transaction_id = await start_v201(bench)
    await bench.draws("left", 16)
    _, world = await get(bench, "/world")
    assert world["phases"]["current_a"] == pytest.approx([20, 19, 21])
    assert world["phases"]["limit_a"] == [25, 25, 25]
    assert world["vehicles"]["left"]["current_a"] == pytest.approx([16, 16, 16])
    assert world["stations"]["S201"]["connected"]
    outlet = world["stations"]["S201"]["outlets"]["1"]
    assert outlet["status"] == "charging"
    assert outlet["transaction"]["id"] == transaction_id
    assert outlet["limit_a"] is None
    assert outlet["maximum_seen_a"] == pytest.approx(16)
    assert outlet["energy_wh"] == pytest.approx(world["vehicles"]["left"]["drawn_wh"])


async def test_the_history_since_a_moment_holds_nothing_older(bench: Bench) -> None:
    await bench.passes(2)
    since_s = bench.emulation.time.now_s
    await inject(bench, "house_load", current_a=[30, 3, 5])
    await bench.passes(2)
    _, history = await get(bench, f"/history?since={since_s}")
    assert history["maximum_a"] == pytest.approx([30, 3, 5])
    assert history["limit_a"] == [25, 25, 25]
    assert all(sample["t_s"] > since_s - 1e-3 for sample in history["samples"])
    status, refused = await get(bench, "/history?since=yesterday")
    assert (status, refused["error"]["field"]) == (400, "since")


@pytest.mark.parametrize(
    ("body", "field", "value", "remedy"),
    [
        ({"command": "flood"}, "command", "flood", "house_load"),
        ({}, "command", None, "house_load"),
        ([], "body", [], "object"),
        ({"command": "plug", "charger": "moon"}, "charger", "moon", "left, right, yard"),
        ({"command": "plug"}, "charger", None, "Give charger"),
        ({"command": "plug", "charger": "left", "hard": True}, "hard", True, "no such key"),
        ({"command": "meter_silent", "meter": "moon"}, "meter", "moon", "grid, sub"),
        ({"command": "station_offline", "station": "moon"}, "station", "moon", "S16, S201"),
        ({"command": "house_load", "current_a": [1, 2]}, "current_a", [1, 2], "L1, L2, L3"),
        ({"command": "pv", "power_w": -1}, "power_w", -1, "zero or more"),
        ({"command": "vehicle_ignores_limit", "charger": "left", "on": "yes"}, "on", "yes", "true or false"),
        ({"command": "house_load", "current_a": 1, "circuit": "moon"}, "circuit", "moon", "main, garage"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_field_value_and_remedy(
    bench: Bench, body: Any, field: str, value: Any, remedy: str
) -> None:
    status, answer = await post(bench, body)
    assert status == 400
    assert (answer["error"]["field"], answer["error"]["value"]) == (field, value)
    assert remedy in answer["error"]["remedy"]
