"""A station that boots is accepted unless somebody says otherwise; until it is, it is kept from charging and quiet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    V16,
    V21,
    V201,
    DictStore,
    RawStation,
    Rig,
    central,
    charger,
    connected,
)
from tests.drivers_ocpp.ocpp_v16_words import status as status_v16
from tests.drivers_ocpp.ocpp_v201_words import status
from tidewatt.drivers.ocpp import Registration, RegistrationStatus, RemoteControl
from tidewatt.site import CommandError

ALL = pytest.mark.parametrize("version", [V16, V201, V21])


def registration(rig: Rig) -> Registration:
    return rig.system.station("left").block(Registration)


async def code_of(station: RawStation, action: str, payload: dict[str, Any]) -> str:
    """Return the code of the CALLERROR that answers a call."""
    with pytest.raises(AssertionError) as refused:
        await station.call(action, payload)
    return str(json.loads(str(refused.value).splitlines()[0].replace("'", '"'))[0])


async def authorize(station: RawStation) -> str:
    payload: dict[str, Any] = {"idTag": "CARD"}
    if station.version != V16:
        payload = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}
    return await code_of(station, "Authorize", payload)


@ALL
@shows("B01.FR.02", ocpp=("2.0.1", "2.1"))
async def test_a_configured_station_is_accepted(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        answer = await station.boot()
        assert (answer["status"], answer["interval"]) == ("Accepted", 60)


@ALL
@shows("B02.FR.01", "B02.FR.06", "B02.FR.09", ocpp=("2.0.1", "2.1"))
async def test_a_station_that_has_to_wait_is_set_up_but_does_not_charge(version: str) -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        await station.boot()
        await registration(rig).decide(RegistrationStatus.PENDING)
        asked = await station.next_asked("TriggerMessage")
        while asked["requestedMessage"] != "BootNotification":
            asked = await station.next_asked("TriggerMessage")
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        assert (await station.boot())["status"] == "Pending"
        await station.next_asked("GetConfiguration" if version == V16 else "GetVariables")
        assert await authorize(station) == "SecurityError"
        await (status_v16 if version == V16 else status)(station, "Available")
        await registration(rig).decide(RegistrationStatus.ACCEPTED)
        assert (await station.boot())["status"] == "Accepted"


@ALL
@shows("B03.FR.07", ocpp=("2.0.1", "2.1"))
async def test_a_refused_station_is_told_nothing(version: str) -> None:
    async with central([charger()], boot_grace_s=0.01) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.prepared()
        await registration(rig).decide(RegistrationStatus.REJECTED)
        assert (await station.boot())["status"] == "Rejected"
        assert await code_of(station, "Heartbeat", {}) == await authorize(station) == "SecurityError"
        with pytest.raises(CommandError, match="has not said anything yet"):
            await rig.system.station("left").block(RemoteControl).unlock(1)
        asked = station.count("TriggerMessage")
        assert (await station.boot())["status"] == "Rejected"
        assert (station.count("TriggerMessage"), station.count("UnlockConnector")) == (asked, 0)
        await registration(rig).decide(RegistrationStatus.ACCEPTED)
        assert (await station.boot())["status"] == "Accepted"
        station.answers["UnlockConnector"] = {"status": "Unlocked"}
        await rig.system.station("left").block(RemoteControl).unlock(1)
        assert ACCEPTED["status"] == registration(rig).status
