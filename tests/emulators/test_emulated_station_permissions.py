"""Who may charge at an emulated station, when, and what it does until the central system takes it in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.emulators.sessions import TOKEN, VEHICLES, start_v16, start_v201, v16_profile, v201_profile
from tests.emulators.site_of import document
from tests.emulators.station_bench import Bench, Payload, bench_of


@asynccontextmanager
async def bench_with(vehicles: list[dict[str, Any]] | None = None, **changes: Any) -> AsyncIterator[Bench]:
    """Run both stations with these changes to each, until they have reported."""
    stations = [{"station": "S16", "version": "1.6"} | changes, {"station": "S201", "version": "2.0.1"} | changes]
    async with bench_of(document(stations=stations, vehicles=vehicles or VEHICLES)) as bench:
        for station_id, outlets in (("S16", 2), ("S201", 1)):
            await bench.central.hears(station_id, "StatusNotification", times=outlets)
        yield bench


async def test_a_station_open_to_all_charges_whoever_plugs_in() -> None:
    async with bench_with(open_to_all=True) as bench:
        for charger_id in ("left", "right"):
            bench.emulation.world.points[charger_id].plug()
        await bench.until(lambda: bench.drawn_a("left") == bench.drawn_a("right") == 16)
        started = await bench.central.hears("S201", "TransactionEvent", eventType="Started")
        assert started["idToken"]["type"] == "NoAuthorization"


async def test_the_stations_card_is_tapped_for_every_vehicle() -> None:
    async with bench_with(rfid="CARD") as bench:
        bench.outlet("S16").point.plug()
        await bench.central.hears("S16", "StartTransaction", idTag="CARD")


async def test_after_a_reboot_a_station_finds_the_cable_that_is_plugged_in() -> None:
    async with bench_with(open_to_all=True) as bench:
        bench.outlet("S201").point.plug()
        await bench.central.hears("S201", "TransactionEvent", eventType="Started")
        await bench.central.call("S201", "Reset", {"type": "Immediate"})
        await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
        await bench.central.hears("S201", "TransactionEvent", times=2, eventType="Started")


async def test_a_remote_start_asks_about_the_card_where_the_station_is_told_to() -> None:
    async with bench_with() as bench:
        request: Payload = {"key": "AuthorizeRemoteTxRequests", "value": "true"}
        await bench.central.call("S16", "ChangeConfiguration", request)
        await start_v16(bench)
        await bench.central.hears("S16", "Authorize", idTag="CARD")


async def test_another_card_does_not_stop_a_session() -> None:
    async with bench_with() as bench:
        await start_v16(bench)
        bench.station("S16").tap(bench.outlet("S16"), "OTHER")
        await bench.passes(2)
        assert bench.outlet("S16").transaction is not None


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_a_station_keeps_quiet_until_its_boot_is_accepted(status: str) -> None:
    async with bench_with(open_to_all=True, boot_s=0) as bench:
        boots: list[Payload] = []

        def answer(boot: Payload) -> Payload:
            boots.append(boot)
            accepted = len(boots) >= 3
            return {"status": "Accepted" if accepted else status, "currentTime": "2027-01-01T00:00:00Z", "interval": 5}

        bench.central.answers["BootNotification"] = answer
        bench.central.calls.clear()
        await bench.central.call("S16", "Reset", {"type": "Hard"})
        bench.outlet("S16").point.plug()
        await bench.central.hears("S16", "StartTransaction")
        said = [action for station, action, _ in bench.central.calls if station == "S16"]
        assert said[:3] == ["BootNotification"] * 3
        assert bench.station("S16").heartbeat_interval_s() == 5


async def test_a_second_start_at_the_same_outlet_is_rejected() -> None:
    async with bench_with() as bench:
        await start_v16(bench)
        answer = await bench.central.call("S16", "RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"})
        assert answer == {"status": "Rejected"}
        await start_v201(bench)
        request = {"evseId": 1, "idToken": TOKEN, "remoteStartId": 6}
        refused = await bench.central.call("S201", "RequestStartTransaction", request)
        assert refused == {"status": "Rejected", "statusInfo": {"reasonCode": "TxInProgress"}}


async def test_a_start_without_a_connector_takes_the_first_free_one() -> None:
    async with bench_with() as bench:
        await start_v16(bench)
        bench.outlet("S16", 2).point.plug()
        await bench.central.call("S16", "RemoteStartTransaction", {"idTag": "CARD"})
        await bench.central.hears("S16", "StartTransaction", connectorId=2)


async def test_unlocking_ends_the_session_in_1_6_and_is_refused_during_one_in_2_0_1() -> None:
    async with bench_with() as bench:
        await start_v16(bench)
        assert await bench.central.call("S16", "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
        await bench.central.hears("S16", "StopTransaction", reason="UnlockCommand")
        await start_v201(bench)
        answer = await bench.central.call("S201", "UnlockConnector", {"evseId": 1, "connectorId": 1})
        assert answer == {"status": "OngoingAuthorizedTransaction"}


async def test_switching_off_waits_for_the_end_of_the_session() -> None:
    async with bench_with() as bench:
        transaction_id = await start_v201(bench)
        request = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
        assert await bench.central.call("S201", "ChangeAvailability", request) == {"status": "Scheduled"}
        await bench.passes(1)
        assert bench.outlet("S201").operative
        await bench.central.call("S201", "RequestStopTransaction", {"transactionId": transaction_id})
        await bench.central.hears("S201", "StatusNotification", connectorStatus="Unavailable")


async def test_a_profile_in_a_remote_start_that_makes_no_sense_rejects_the_start() -> None:
    async with bench_with() as bench:
        request: Payload = {"idTag": "CARD", "chargingProfile": v16_profile(8, validTo="tomorrow")}
        assert await bench.central.call("S16", "RemoteStartTransaction", request) == {"status": "Rejected"}
        profile = v201_profile(8, "", validTo="tomorrow")
        request = {"evseId": 1, "idToken": TOKEN, "remoteStartId": 6, "chargingProfile": profile}
        assert (await bench.central.call("S201", "RequestStartTransaction", request))["status"] == "Rejected"


async def test_1_6_clears_profiles_by_purpose() -> None:
    async with bench_with() as bench:
        profile = v16_profile(8, "ChargePointMaxProfile", chargingProfileKind="Absolute")
        request = {"connectorId": 0, "csChargingProfiles": profile}
        assert await bench.central.call("S16", "SetChargingProfile", request) == {"status": "Accepted"}
        criteria = {"chargingProfilePurpose": "ChargePointMaxProfile"}
        assert await bench.central.call("S16", "ClearChargingProfile", criteria) == {"status": "Accepted"}
        assert await bench.central.call("S16", "ClearChargingProfile", criteria) == {"status": "Unknown"}


async def test_2_0_1_tells_its_composite_schedule_in_watts() -> None:
    async with bench_with() as bench:
        transaction_id = await start_v201(bench)
        request: Payload = {"evseId": 1, "chargingProfile": v201_profile(10, transaction_id)}
        await bench.central.call("S201", "SetChargingProfile", request)
        request = {"evseId": 1, "duration": 60, "chargingRateUnit": "W"}
        answer = await bench.central.call("S201", "GetCompositeSchedule", request)
        assert answer["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6900.0, "numberPhases": 3}]
        unknown = await bench.central.call("S201", "GetCompositeSchedule", {"evseId": 4, "duration": 60})
        assert unknown["statusInfo"]["reasonCode"] == "UnknownEvse"


async def test_meter_values_can_be_triggered_outside_a_session() -> None:
    async with bench_with() as bench:
        request = {"requestedMessage": "MeterValues", "evse": {"id": 1}}
        assert await bench.central.call("S201", "TriggerMessage", request) == {"status": "Accepted"}
        await bench.central.hears("S201", "MeterValues", evseId=1)


async def test_an_attribute_that_variables_do_not_have_is_said_so() -> None:
    async with bench_with() as bench:
        variable = {"component": {"name": "TxCtrlr"}, "variable": {"name": "TxStartPoint"}, "attributeType": "MaxSet"}
        answer = await bench.central.call("S201", "GetVariables", {"getVariableData": [variable]})
        assert answer["getVariableResult"][0]["attributeStatus"] == "NotSupportedAttributeType"
