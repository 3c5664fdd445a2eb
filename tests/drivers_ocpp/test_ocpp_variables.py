"""What a station is made of is reported in parts, kept, read and set, in messages that it can take."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
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
from tests.drivers_ocpp.ocpp_v201_words import at
from tidewatt.drivers.ocpp.blocks import Variables
from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.site import CommandError

BOTH = pytest.mark.parametrize("version", [V201, V21])

CLOCK = VariableKey("ClockCtrlr", "DateTime")
LIMIT = VariableKey("DeviceDataCtrlr", "ItemsPerMessage", variable_instance="GetVariables")
CURRENT = VariableKey("EVSE", "Current", evse_id=1, connector_id=2)


def row(key: VariableKey, value: str | None = "7", mutability: str = "ReadWrite", **found: Any) -> dict[str, Any]:
    """Return a row of a NotifyReport."""
    attribute = {"mutability": mutability} | ({} if value is None else {"value": value})
    characteristics = {"dataType": "integer", "supportsMonitoring": True} | found
    return key.to_wire() | {"variableAttribute": [attribute], "variableCharacteristics": characteristics}


async def part(station: RawStation, request_id: int, number: int, data: list[dict[str, Any]], *, tbc: bool) -> None:
    payload = {"requestId": request_id, "generatedAt": at(), "seqNo": number, "tbc": tbc, "reportData": data}
    assert await station.call("NotifyReport", payload) == {}


def variables(rig: Rig) -> Variables:
    return rig.system.station("left").block(Variables)


@BOTH
@shows("B07.FR.08", ocpp=("2.0.1", "2.1"))
async def test_a_report_in_parts_becomes_the_model_whatever_their_order(version: str) -> None:
    store, answers = DictStore(), {"GetBaseReport": ACCEPTED}
    async with central([charger()], store) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        request = await station.next_asked("GetBaseReport")
        assert request["reportBase"] == "FullInventory"
        number = request["requestId"]
        await part(station, number, 2, [row(CURRENT, "16", unit="A", maxLimit=32.0)], tbc=False)
        await part(station, number, 0, [row(CLOCK, None), row(CLOCK, "t", "WriteOnly")], tbc=True)
        assert (await variables(rig).model()).variables == {}, "a part is missing"
        await part(station, number, 1, [row(LIMIT, valuesList="a,b")], tbc=True)
        await station.call("Heartbeat", {})
        model = await variables(rig).model()
        assert set(model.variables) == {str(CURRENT), str(CLOCK), str(LIMIT)}
        assert model.generated_at_utc is not None
        current, clock, limit = (model.get(key) for key in (CURRENT, CLOCK, LIMIT))
        assert current is not None
        assert clock is not None
        assert limit is not None
        assert (current.value, current.unit, current.maximum, current.is_writable) == ("16", "A", 32.0, True)
        assert (clock.is_readable, limit.values, limit.can_be_monitored) == (False, ("a", "b"), True)
    async with central([charger()], store) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        await station.call("Heartbeat", {})
        assert (await variables(rig).model()).get(CURRENT) == current
        assert station.count("GetBaseReport") == 0, "the firmware is the same"


@BOTH
async def test_new_firmware_reports_anew(version: str) -> None:
    store, answers = DictStore(), {"GetBaseReport": ACCEPTED}
    async with central([charger()], store) as rig, connected(rig, version=version, answers=answers) as station:
        for firmware in ("1.0", "1.1"):
            about = {"vendorName": "Acme", "model": "Two", "firmwareVersion": firmware}
            await station.call("BootNotification", {"reason": "FirmwareUpdate", "chargingStation": about})
            request = await station.next_asked("GetBaseReport")
            await part(station, request["requestId"], 0, [row(CLOCK, firmware)], tbc=False)
        await station.call("Heartbeat", {})
        known = variables(rig).known(CLOCK)
        assert known is not None
        assert known.value == "1.1"


@BOTH
@shows("B07.FR.07", ocpp=("2.0.1", "2.1"))
async def test_a_station_without_a_full_inventory_reports_its_configuration(version: str) -> None:
    def answer(payload: dict[str, Any]) -> dict[str, str]:
        return {"status": "NotSupported"} if payload["reportBase"] == "FullInventory" else ACCEPTED

    answers = {"GetBaseReport": answer}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        asked = [await station.next_asked("GetBaseReport") for _ in range(2)]
        assert asked[1]["reportBase"] == "ConfigurationInventory"
        await part(station, asked[1]["requestId"], 0, [row(CLOCK)], tbc=False)
        await station.call("Heartbeat", {})
        assert variables(rig).known(CLOCK) is not None


@BOTH
async def test_a_report_that_nobody_asked_for_changes_nothing(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await part(station, 77, 0, [row(CLOCK)], tbc=False)
        assert variables(rig).known(CLOCK) is None
        assert variables(rig).diagnostics()["unexpected_reports"] == 1


@BOTH
async def test_a_report_that_breaks_off_is_not_taken_for_the_whole(version: str) -> None:
    store, answers = DictStore(), {"GetBaseReport": ACCEPTED}
    async with central([charger()], store) as rig:
        async with connected(rig, version=version, answers=answers) as station:
            await station.boot()
            request = await station.next_asked("GetBaseReport")
            await part(station, request["requestId"], 0, [row(CLOCK)], tbc=True)
        await rig.until_state(lambda state: not state.online)
        assert variables(rig).known(CLOCK) is None
        async with connected(rig, version=version, answers=answers) as station:
            await station.boot()
            await station.next_asked("GetBaseReport")


@BOTH
async def test_a_report_that_is_too_large_or_numbered_absurdly_harms_nobody(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version, answers={"GetBaseReport": ACCEPTED}) as it:
        await it.boot()
        number = (await it.next_asked("GetBaseReport"))["requestId"]
        for absurd in (10**9, -1, 2**70):
            await part(it, number, absurd, [row(CLOCK)], tbc=False)
        for index in range(5):
            rows = [row(VariableKey("Acme", f"Long{index}{each}"), "x" * 2500) for each in range(60)]
            await part(it, number, index, rows, tbc=index < 4)
        await it.call("Heartbeat", {})
        assert 190 <= len((await variables(rig).model()).variables) < 220


def stored(values: dict[str, str], most: int) -> dict[str, Any]:
    """Return the answers of a station that has variables and takes few of them at a time."""

    def get(payload: dict[str, Any]) -> dict[str, Any]:
        found = []
        for each in payload["getVariableData"]:
            value = values.get(str(VariableKey.from_wire(each)))
            status = (
                {"attributeStatus": "UnknownVariable"}
                if value is None
                else {"attributeStatus": "Accepted", "attributeValue": value}
            )
            found.append(each | status)
        return {"getVariableResult": found}

    def put(payload: dict[str, Any]) -> dict[str, Any]:
        found = []
        for each in payload["setVariableData"]:
            key = str(VariableKey.from_wire(each))
            status = "Accepted" if key in values else "UnknownVariable"
            if each["attributeValue"] == "later":
                status = "RebootRequired"
            if status != "UnknownVariable":
                values[key] = each["attributeValue"]
            found.append({name: each[name] for name in ("component", "variable")} | {"attributeStatus": status})
        return {"setVariableResult": found}

    values |= {f"DeviceDataCtrlr.ItemsPerMessage[{action}]": str(most) for action in ("GetVariables", "SetVariables")}
    return {"GetVariables": get, "SetVariables": put}


@BOTH
@shows("B06.FR.05", "B05.FR.10", "B06.FR.10", ocpp=("2.0.1", "2.1"))
async def test_variables_are_read_and_set_in_messages_that_the_station_takes(version: str) -> None:
    values = {f"Acme.Setting{number}": str(number) for number in range(10)}
    answers = stored(values, most=4)
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        keys = [VariableKey("Acme", f"Setting{number}") for number in range(11)]
        asked = len(station.asked)
        found = await variables(rig).get(keys)
        assert found == {key: str(number) for number, key in enumerate(keys[:10])}
        changed = {key: f"new {number}" for number, key in enumerate(keys)} | {keys[3]: "later"}
        assert await variables(rig).set(changed) == {keys[3]: "RebootRequired", keys[10]: "UnknownVariable"}
        messages = [
            payload.get("getVariableData") or payload.get("setVariableData") or []
            for _, payload in station.asked[asked:]
        ]
        sizes = [len(rows) for rows in messages if rows and rows[0]["component"]["name"] == "Acme"]
        assert sizes == [4, 4, 3, 4, 4, 3]


@BOTH
@shows("B06.FR.05", ocpp=("2.0.1", "2.1"))
async def test_the_set_up_too_keeps_to_what_the_station_takes(version: str) -> None:
    answers = stored({}, most=6)
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        while version == V21 and "V2XChargingCtrlr" not in str(station.asked):
            await station.next_asked("GetVariables")
        asked = [payload["getVariableData"] for action, payload in station.asked if action == "GetVariables"]
        assert len(asked) > 2
        assert all(len(rows) <= 6 for rows in asked)


@BOTH
@shows("B06.FR.16", ocpp=("2.0.1", "2.1"))
async def test_a_station_that_finds_a_message_too_long_is_asked_in_halves(version: str) -> None:
    values = {f"Acme.Setting{number}": str(number) for number in range(5)}
    answers = stored(values, most=100)
    plain = answers["GetVariables"]
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        refused: list[int] = []

        def strict(payload: dict[str, Any]) -> Any:
            rows = payload["getVariableData"]
            if len(rows) > 2 and rows[0]["component"]["name"] == "Acme":
                refused.append(len(rows))
                return "OccurrenceConstraintViolation"
            return plain(payload)

        station.answers["GetVariables"] = strict
        keys = [VariableKey("Acme", f"Setting{number}") for number in range(5)]
        assert len(await variables(rig).get(keys)) == 5
        assert refused == [5, 3]


async def test_the_keys_of_1_6_have_the_same_face() -> None:
    kept = {"HeartbeatInterval": "60", "AuthorizeRemoteTxRequests": "true"}

    def get(payload: dict[str, Any]) -> dict[str, Any]:
        asked = payload.get("key") or list(kept)
        found = [{"key": key, "readonly": key == "Vendor", "value": kept[key]} for key in asked if key in kept]
        return {"configurationKey": found, "unknownKey": [key for key in asked if key not in kept]}

    def change(payload: dict[str, Any]) -> dict[str, str]:
        status = "RebootRequired" if payload["value"] == "later" else "Accepted"
        return {"status": status if payload["key"] in kept else "NotSupported"}

    answers = {"GetConfiguration": get, "ChangeConfiguration": change}
    heartbeat, remote, unknown = (VariableKey("", key) for key in (*kept, "Unknown"))
    async with central([charger()]) as rig, connected(rig, version=V16, answers=answers) as station:
        await station.boot()
        await station.prepared()
        block = variables(rig)
        model = await block.refresh()
        assert sorted(model.variables) == sorted(kept)
        assert await block.get([heartbeat, unknown]) == {heartbeat: "60"}
        assert await block.set({heartbeat: "later", remote: "false", unknown: "1"}) == {
            heartbeat: "RebootRequired",
            unknown: "NotSupported",
        }
        known = block.known(remote)
        assert known is not None
        assert known.value == "false"
        del station.answers["GetConfiguration"]
        with pytest.raises(CommandError, match="reading the configuration failed: NotImplemented"):
            await block.refresh()


@BOTH
@shows("B08.FR.01", ocpp=("2.0.1", "2.1"))
async def test_some_variables_are_reported_anew(version: str) -> None:
    answers = {"GetReport": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()

        def later(payload: dict[str, Any]) -> dict[str, str]:
            return {"status": "EmptyResultSet"} if payload["componentVariable"] != [CLOCK.to_wire()] else ACCEPTED

        station.answers["GetReport"] = later
        assert await variables(rig).report([LIMIT]) == []


@given(
    st.builds(
        VariableKey,
        st.text("abcXYZ019 _-", min_size=1, max_size=20),
        st.text("abcXYZ019 _-", min_size=1, max_size=20),
        st.text("abc. @1", max_size=9),
        st.text("abc. @1", max_size=9),
        st.integers(0, 9),
    )
)
def test_a_name_that_is_written_can_be_read(key: VariableKey) -> None:
    assert VariableKey.parse(str(key)) == key
    assert VariableKey.from_wire(key.to_wire()) == key


@pytest.mark.parametrize("written", ["", "Clock", "[x].y", "Clock.", "A@x.b]"])
def test_what_is_no_name_says_so(written: str) -> None:
    with pytest.raises(ValueError, match=r"Component\.Variable"):
        VariableKey.parse(written)
