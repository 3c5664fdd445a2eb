"""Stations are told how often to show that they are there, and not to give up on what belongs to a transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import V16, V201, RawStation, central, charger, connected

V21 = "ocpp2.1"


def settings_of(station: RawStation) -> dict[str, str]:
    """Return what the station was told to set."""
    told: dict[str, str] = {}
    for action, payload in station.asked:
        if action == "ChangeConfiguration":
            told[payload["key"]] = payload["value"]
        elif action == "SetVariables":
            for row in payload["setVariableData"]:
                instance = row["variable"].get("instance")
                name = row["variable"]["name"] + (f"[{instance}]" if instance else "")
                told[name] = row["attributeValue"]
    return told


def with_values(values: dict[str, str]) -> dict[str, Any]:
    """Return a script by which a station has these settings and takes all others."""

    def configuration(_: dict[str, Any]) -> dict[str, Any]:
        return {"configurationKey": [{"key": key, "readonly": False, "value": values[key]} for key in values]}

    def variables(request: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for asked in request["getVariableData"]:
            name = asked["variable"]["name"]
            found = {"attributeStatus": "Accepted", "attributeValue": values[name]} if name in values else {}
            rows.append({"attributeStatus": "UnknownVariable", **asked, **found})
        return {"getVariableResult": rows}

    return {"GetConfiguration": configuration, "GetVariables": variables}


@shows("1.6 5.3", ocpp="1.6")
@pytest.mark.parametrize("version", [V16, V201, V21])
async def test_the_heartbeat_interval_is_told_with_the_boot_and_set(version: str) -> None:
    async with central([charger()], heartbeat_interval_s=77) as rig, connected(rig, version=version) as station:
        assert (await station.boot())["interval"] == 77
        await station.prepared()
        assert settings_of(station)["HeartbeatInterval"] == "77"


@shows("G02.FR.03", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", [V16, V201, V21])
async def test_a_heartbeat_is_answered_with_the_time(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        assert (await station.call("Heartbeat", {}))["currentTime"].endswith("Z")


@shows("G02.FR.04", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", [V16, V201, V21])
async def test_any_message_shows_that_the_station_is_there(version: str) -> None:
    async with central([charger()], boot_grace_s=3600) as rig, connected(rig, version=version) as station:
        assert not rig.state().online
        await station.call("Heartbeat", {})
        assert rig.state().online


NAMES = {V16: "TransactionMessageAttempts", V201: "MessageAttempts", V21: "MessageAttempts"}


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize(("present", "told"), [("3", "10"), ("0", "10"), ("10", None), ("99", None), ("many", None)])
async def test_a_station_that_gives_up_early_is_told_to_try_longer(
    version: str, present: str, told: str | None
) -> None:
    script = with_values({NAMES[version]: present})
    async with central([charger()]) as rig, connected(rig, version=version, answers=script) as station:
        await station.boot()
        await station.prepared()
        name = NAMES[version] if version == V16 else f"{NAMES[version]}[TransactionEvent]"
        assert settings_of(station).get(name) == told


@shows("1.6 3.7.1", ocpp="1.6")
async def test_a_start_that_is_sent_again_is_the_same_transaction() -> None:
    """The station repeats what it has no answer to, with the same or with another message id."""
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        start = {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": "2026-11-20T10:00:00Z"}
        first = await station.call("StartTransaction", start)
        assert await station.call("StartTransaction", start) == first
        stop = {"transactionId": first["transactionId"], "meterStop": 9, "timestamp": "2026-11-20T11:00:00Z"}
        assert await station.call("StopTransaction", stop) == await station.call("StopTransaction", stop)


@shows("E13.FR.02", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", [V201, V21])
async def test_an_event_that_is_sent_again_is_taken_once(version: str) -> None:
    event = {
        "eventType": "Started",
        "timestamp": "2026-11-20T10:00:00Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "evse": {"id": 1},
        "transactionInfo": {"transactionId": "t"},
    }
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        assert await station.call("TransactionEvent", event) == await station.call("TransactionEvent", event)
        session = rig.state().session
        assert session is not None
        assert session.transaction_id == "t"
