"""Messages for people at the station, and what a station keeps about them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V16, V21, V201, RawStation, Rig, central, charger, connected
from tests.drivers_ocpp.ocpp_v201_words import at
from tidewatt.drivers.ocpp.blocks import CustomerInformation, DisplayMessage, DisplayMessages, DisplayPriority
from tidewatt.site import CommandError

BOTH = pytest.mark.parametrize("version", [V201, V21])


def display(rig: Rig) -> DisplayMessages:
    return rig.system.station("left").block(DisplayMessages)


def customers(rig: Rig) -> CustomerInformation:
    return rig.system.station("left").block(CustomerInformation)


@BOTH
@shows("O01.FR.04", "O01.FR.05", ocpp=("2.0.1", "2.1"))
async def test_a_message_is_shown_for_a_while(version: str) -> None:
    answers = {"SetDisplayMessage": ACCEPTED, "ClearDisplayMessage": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        message = DisplayMessage(
            text="Cheap from 22:00",
            priority=DisplayPriority.IN_FRONT,
            state="Idle",
            starts_at_utc=datetime(2026, 11, 20, 18, tzinfo=UTC),
            ends_at_utc=datetime(2026, 11, 20, 22, tzinfo=UTC),
            language="en",
        )
        message_id = await display(rig).show(message)
        assert (await station.next_asked("SetDisplayMessage"))["message"] == {
            "id": message_id,
            "priority": "InFront",
            "state": "Idle",
            "startDateTime": "2026-11-20T18:00:00Z",
            "endDateTime": "2026-11-20T22:00:00Z",
            "message": {"format": "UTF8", "language": "en", "content": "Cheap from 22:00"},
        }
        await display(rig).clear(message_id)
        assert await station.next_asked("ClearDisplayMessage") == {"id": message_id}
        station.answers["ClearDisplayMessage"] = {"status": "Unknown"}
        with pytest.raises(CommandError, match="Unknown"):
            await display(rig).clear(message_id)
        station.answers["SetDisplayMessage"] = {"status": "NotSupportedPriority"}
        with pytest.raises(CommandError, match="showing a message failed: NotSupportedPriority"):
            await display(rig).show(message)


@BOTH
async def test_the_messages_of_a_station_are_read_in_parts(version: str) -> None:
    answers = {"GetDisplayMessages": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        task = asyncio.create_task(display(rig).shown())
        request = await station.next_asked("GetDisplayMessages")
        for number, tbc in ((1, True), (2, False)):
            row = {"id": number, "priority": "InFront", "message": {"format": "ASCII", "content": f"text {number}"}}
            payload = {"requestId": request["requestId"], "tbc": tbc, "messageInfo": [row, {"id": 9}]}
            assert await station.call("NotifyDisplayMessages", payload) == {}
        assert [(each.message_id, each.text) for each in await task] == [(1, "text 1"), (2, "text 2")]
        station.answers["GetDisplayMessages"] = {"status": "Unknown"}
        assert await display(rig).shown() == ()


async def told(station: RawStation, request_id: int, number: int, data: str, *, tbc: bool) -> None:
    payload: dict[str, Any] = {"requestId": request_id, "seqNo": number, "generatedAt": at(), "data": data, "tbc": tbc}
    assert await station.call("NotifyCustomerInformation", payload) == {}


@BOTH
@shows("N09.FR.01", ocpp=("2.0.1", "2.1"))
async def test_what_a_station_knows_of_somebody_is_told(version: str) -> None:
    answers = {"CustomerInformation": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        task = asyncio.create_task(customers(rig).report(tag="04A1B2C3"))
        request = await station.next_asked("CustomerInformation")
        assert (request["report"], request["clear"]) == (True, False)
        assert request["idToken"] == {"idToken": "04A1B2C3", "type": "ISO14443"}
        await told(station, request["requestId"], 1, "in the cache.", tbc=False)
        await told(station, request["requestId"], 0, "The card is ", tbc=True)
        assert await task == "The card is in the cache."


@BOTH
@shows("N10.FR.08", ocpp=("2.0.1", "2.1"))
async def test_what_a_station_knows_of_somebody_is_deleted(version: str) -> None:
    answers = {"CustomerInformation": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await customers(rig).clear(customer="ada")
        request = await station.next_asked("CustomerInformation")
        assert (request["report"], request["clear"], request["customerIdentifier"]) == (False, True, "ada")
        station.answers["CustomerInformation"] = {"status": "Invalid"}
        with pytest.raises(CommandError, match="Invalid"):
            await customers(rig).report(customer="bob")
        with pytest.raises(ValueError, match="either a tag or a customer"):
            await customers(rig).clear()


@BOTH
@shows("N10.FR.02", ocpp=("2.0.1", "2.1"))
async def test_who_was_deleted_and_is_listed_is_listed_anew(version: str) -> None:
    held = [0]

    def take(payload: dict[str, Any]) -> dict[str, str]:
        held[0] = payload["versionNumber"]
        return ACCEPTED

    answers = {
        "CustomerInformation": ACCEPTED,
        "GetLocalListVersion": lambda _: {"versionNumber": held[0]},
        "SendLocalList": take,
    }
    async with (
        central([charger(id_tags=("CARD",))]) as rig,
        connected(rig, version=version, answers=answers) as station,
    ):
        await station.boot()
        assert (await station.next_asked("SendLocalList"))["versionNumber"] == 1
        await customers(rig).clear(tag="CARD")
        again = await station.next_asked("SendLocalList")
        assert (again["versionNumber"], again["updateType"], len(again["localAuthorizationList"])) == (2, "Full", 1)


async def test_an_answer_does_not_outlive_its_connection() -> None:
    async with central([charger()]) as rig:
        async with connected(rig, version=V201, answers={"CustomerInformation": ACCEPTED}) as station:
            await station.boot()
            task = asyncio.create_task(customers(rig).report(tag="CARD"))
            await told(station, (await station.next_asked("CustomerInformation"))["requestId"], 0, "half", tbc=True)
        with pytest.raises(CommandError, match="The connection closed before all parts had come"):
            await task


async def test_1_6_has_none_of_this() -> None:
    async with central([charger()]) as rig, connected(rig, version=V16) as station:
        await station.boot()
        with pytest.raises(CommandError, match="is no message of this OCPP version"):
            await display(rig).show(DisplayMessage(text="hello"))
        assert station.count("SetDisplayMessage") == 0
