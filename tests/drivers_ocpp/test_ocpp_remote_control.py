"""What a person has a station do: unlock, report, start anew, go out of service; and data of vendors, both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V16, V21, V201, central, charger, connected
from tidewatt.drivers.ocpp.blocks import (
    Availability,
    DataAnswer,
    DataTransfer,
    NetworkProfile,
    NetworkProfiles,
    RemoteControl,
    ResetKind,
    Taken,
)
from tidewatt.site import CommandError

ALL = pytest.mark.parametrize("version", [V16, V201, V21])
BOTH = pytest.mark.parametrize("version", [V201, V21])


@ALL
async def test_a_stuck_plug_is_unlocked(version: str) -> None:
    answers = {"UnlockConnector": {"status": "Unlocked"}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        control = rig.system.station("left").block(RemoteControl)
        await control.unlock(1)
        expected = {"connectorId": 1} if version == V16 else {"evseId": 1, "connectorId": 1}
        assert await station.next_asked("UnlockConnector") == expected
        for refusal in ("UnlockFailed", "OngoingAuthorizedTransaction", "NotSupported"):
            station.answers["UnlockConnector"] = {"status": refusal}
            with pytest.raises(CommandError, match=refusal):
                await control.unlock(1)


@ALL
@shows("F06.FR.01", "F06.FR.02", ocpp=("2.0.1", "2.1"))
async def test_a_station_sends_what_it_is_asked_for(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.prepared()
        control = rig.system.station("left").block(RemoteControl)
        await control.trigger("MeterValues", 1)
        request = await station.next_asked("TriggerMessage")
        while request["requestedMessage"] != "MeterValues":
            request = await station.next_asked("TriggerMessage")
        where = {"connectorId": 1} if version == V16 else {"evse": {"id": 1}}
        assert request == {"requestedMessage": "MeterValues"} | where
        station.answers["TriggerMessage"] = {"status": "NotImplemented"}
        with pytest.raises(CommandError, match="asking for Heartbeat failed: NotImplemented"):
            await control.trigger("Heartbeat")


@BOTH
@shows("F06.FR.13", ocpp=("2.0.1", "2.1"))
async def test_a_state_is_asked_of_a_connector(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.prepared()
        control = rig.system.station("left").block(RemoteControl)
        await control.trigger("StatusNotification", 2)
        asked = [payload for action, payload in station.asked if action == "TriggerMessage"]
        assert asked[-1] == {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}}
        with pytest.raises(ValueError, match="Name the EVSE"):
            await control.trigger("StatusNotification")


async def test_in_1_6_what_the_security_extension_knows_is_asked_for_by_its_own_message() -> None:
    answers = {"ExtendedTriggerMessage": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await rig.system.station("left").block(RemoteControl).trigger("LogStatusNotification")
        assert await station.next_asked("ExtendedTriggerMessage") == {"requestedMessage": "LogStatusNotification"}


@pytest.mark.parametrize(
    ("version", "kind", "evse_id", "request_", "status"),
    [
        (V16, ResetKind.ON_IDLE, None, {"type": "Soft"}, "Accepted"),
        (V16, ResetKind.IMMEDIATE, None, {"type": "Hard"}, "Accepted"),
        (V201, ResetKind.ON_IDLE, None, {"type": "OnIdle"}, "Scheduled"),
        (V201, ResetKind.IMMEDIATE, 1, {"type": "Immediate", "evseId": 1}, "Accepted"),
        (V21, ResetKind.IMMEDIATE_AND_RESUME, None, {"type": "ImmediateAndResume"}, "Accepted"),
    ],
)
@shows("B12.FR.01", "B12.FR.07", ocpp=("2.0.1", "2.1"))
async def test_a_station_or_an_evse_starts_anew(
    version: str, kind: ResetKind, evse_id: int | None, request_: dict[str, Any], status: str
) -> None:
    answers = {"Reset": {"status": status}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        control = rig.system.station("left").block(RemoteControl)
        assert await control.reset(kind, evse_id) is Taken(status)
        assert await station.next_asked("Reset") == request_


async def test_what_a_version_does_not_know_is_not_sent() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        with pytest.raises(CommandError, match="must be one of"):
            await rig.system.station("left").block(RemoteControl).reset(ResetKind.IMMEDIATE_AND_RESUME)
        assert station.count("Reset") == 0


async def test_a_station_that_is_away_can_be_told_nothing() -> None:
    async with central([charger()]) as rig:
        with pytest.raises(CommandError, match="CP-1: resetting failed: The station is not connected"):
            await rig.system.station("left").block(RemoteControl).reset(ResetKind.ON_IDLE)


@ALL
async def test_an_evse_or_the_whole_station_goes_out_of_service(version: str) -> None:
    answers = {"ChangeAvailability": {"status": "Scheduled"}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        availability = rig.system.station("left").block(Availability)
        assert await availability.change(is_operative=False, evse_id=1) is Taken.LATER
        station.answers["ChangeAvailability"] = ACCEPTED
        assert await availability.change(is_operative=True) is Taken.NOW
        first, second = [await station.next_asked("ChangeAvailability") for _ in range(2)]
        if version == V16:
            assert first == {"connectorId": 1, "type": "Inoperative"}
            assert second == {"connectorId": 0, "type": "Operative"}
        else:
            assert first == {"evse": {"id": 1}, "operationalStatus": "Inoperative"}
            assert second == {"operationalStatus": "Operative"}
        station.answers["ChangeAvailability"] = {"status": "Rejected"}
        with pytest.raises(CommandError, match="taking out of service failed: Rejected"):
            await availability.change(is_operative=False)


@ALL
@shows("P02.FR.06", "P02.FR.07", ocpp=("2.0.1", "2.1"))
async def test_data_of_vendors_goes_both_ways(version: str) -> None:
    def serve(message_id: str | None, data: Any) -> Any:
        return {"tariff": f"night {data}"}[message_id or ""]

    answers = {"DataTransfer": {"status": "Accepted", "data": "done"}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        block = rig.system.station("left").block(DataTransfer)
        block.serve("com.acme", serve)
        known = {"vendorId": "com.acme", "messageId": "tariff", "data": "7"}
        assert await station.call("DataTransfer", known) == {"status": "Accepted", "data": "night 7"}
        assert await station.call("DataTransfer", known | {"messageId": "x"}) == {"status": "UnknownMessageId"}
        assert await station.call("DataTransfer", {"vendorId": "other"}) == {"status": "UnknownVendorId"}
        assert await block.send("com.acme", "dim", "50") == DataAnswer(status="Accepted", data="done")
        assert await station.next_asked("DataTransfer") == {"vendorId": "com.acme", "messageId": "dim", "data": "50"}


@BOTH
@shows("B09.FR.01", "B09.FR.03", ocpp=("2.0.1", "2.1"))
async def test_a_station_learns_where_else_to_find_us(version: str) -> None:
    answers = {"SetNetworkProfile": ACCEPTED}
    password = "long-enough".rjust(20, "-")
    profile = NetworkProfile(url="wss://home.example:9443/ocpp", security_profile=2, password=password)
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        profiles = rig.system.station("left").block(NetworkProfiles)
        await profiles.set(2, profile)
        request = await station.next_asked("SetNetworkProfile")
        data = request["connectionData"]
        assert (request["configurationSlot"], data["ocppCsmsUrl"], data["securityProfile"]) == (2, profile.url, 2)
        assert ("basicAuthPassword" in data) == (version == V21)
        station.answers["SetNetworkProfile"] = {"status": "Failed"}
        with pytest.raises(CommandError, match="Failed"):
            await profiles.set(2, profile)
        with pytest.raises(ValueError, match="16 to 64 characters") as wrong:
            await profiles.set(2, replace(profile, password="x" * 65))
        assert "xxx" not in str(wrong.value)
        assert "long-enough" not in repr(profile)
