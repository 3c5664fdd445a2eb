"""The faults of V7 that stations tell in their own words, and the quirk of stations that discharge unnegotiated."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v16_words as v16, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, central, charger, connected, setpoint
from tidewatt.drivers.ocpp.blocks.v2x.troubles import event_troubles, fault_of, status_troubles, transaction_trouble
from tidewatt.site import CommandError, FaultCode


def event(**options: Any) -> dict[str, Any]:
    """Return a NotifyEvent of EVSE 1; `tech` is its code, other options are fields of the event."""
    data = {
        "eventId": 1,
        "timestamp": words.at(),
        "trigger": "Alerting",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Problem"},
    }
    if "tech" in options:
        data["techCode"] = options.pop("tech")
    return {"generatedAt": words.at(), "seqNo": 0, "eventData": [data | options]}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("E_INVERTER_PHASE_MISMATCH", FaultCode.PHASE_MISMATCH),
        ("Phase rotation", FaultCode.PHASE_MISMATCH),
        ("ERR_GRID_SYNC_LOST", FaultCode.GRID_SYNC_LOST),
        ("loss of mains", FaultCode.GRID_SYNC_LOST),
        ("TIMEOUT_BMS_RESPONSE", FaultCode.BMS_TIMEOUT),
        ("BMS communication timeout", FaultCode.BMS_TIMEOUT),
        ("BatteryLowerLimit", FaultCode.BATTERY_LOWER_LIMIT),
        ("SoC too low", FaultCode.BATTERY_LOWER_LIMIT),
        ("ERR_V2G_LIMIT_REACHED", FaultCode.DISCHARGE_LIMIT),
        ("ERR_BIDIRECTIONAL_UNSUPPORTED", FaultCode.BIDIRECTIONAL_UNSUPPORTED),
        ("ERR_SIG_TIMEOUT signal timeout", FaultCode.SIGNAL_TIMEOUT),
    ],
)
async def test_events_of_a_station_become_named_faults(word: str, code: FaultCode) -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await station.call("NotifyEvent", event(tech=word))
        assert (rig.faults[-1].code, rig.faults[-1].subject_id) == (code, "left")
        assert word in rig.faults[-1].detail


async def test_what_is_over_or_means_nothing_here_is_no_fault() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await station.call("NotifyEvent", event(tech="GridSyncLost", cleared=True))
        await station.call("NotifyEvent", event(tech="GridSyncLost", actualValue="false"))
        await station.call("NotifyEvent", event(tech="DoorOpen"))
        assert rig.faults == []


async def test_a_charger_that_never_discharges_has_no_faults_of_discharging() -> None:
    async with central([charger()]) as rig, connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
        await station.boot()
        await station.call("NotifyEvent", event(tech="GridSyncLost"))
        assert rig.faults == []


@pytest.mark.parametrize(
    ("payload", "discharging", "code"),
    [
        ({"triggerReason": "EVCommunicationLost"}, False, FaultCode.BMS_TIMEOUT),
        ({"triggerReason": "SoCLimitReached"}, True, FaultCode.BATTERY_LOWER_LIMIT),
        ({"transactionInfo": {"stoppedReason": "SOCLimitReached"}}, True, FaultCode.BATTERY_LOWER_LIMIT),
        ({"transactionInfo": {"stoppedReason": "PowerQuality"}}, False, FaultCode.GRID_SYNC_LOST),
        (
            {"transactionInfo": {"stoppedReason": "ReqEnergyTransferRejected"}},
            False,
            FaultCode.BIDIRECTIONAL_UNSUPPORTED,
        ),
    ],
)
def test_reasons_of_a_transaction_become_named_faults(
    payload: dict[str, Any], discharging: bool, code: FaultCode
) -> None:
    trouble = transaction_trouble(payload, discharging=discharging)
    assert trouble is not None
    assert trouble[0] is code


@pytest.mark.parametrize("payload", [{"triggerReason": "SoCLimitReached"}, {"triggerReason": "MeterValuePeriodic"}, {}])
def test_a_full_battery_and_everyday_reasons_are_no_fault(payload: dict[str, Any]) -> None:
    assert transaction_trouble(payload, discharging=False) is None


async def test_a_transaction_that_ends_for_a_reason_of_v2x_is_reported() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-6))
        await words.event(station, "Ended", "Idle", reason="SOCLimitReached")
        await rig.until(lambda: any(fault.code is FaultCode.BATTERY_LOWER_LIMIT for fault in rig.faults))


async def test_error_codes_of_1_6_become_named_faults() -> None:
    async with central([charger(discharge_maximum_a=16)]) as rig, connected(rig) as station:
        await station.boot()
        payload = {"connectorId": 1, "status": "Faulted", "errorCode": "EVCommunicationError"}
        await station.call("StatusNotification", payload)
        assert [fault.code for fault in rig.faults] == [FaultCode.BMS_TIMEOUT]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["eventData", "transactionInfo", "triggerReason", "errorCode", "info"]), JSON))
def test_no_hostile_word_breaks_the_reading(payload: dict[str, Any]) -> None:
    list(event_troubles(payload))
    list(status_troubles(payload))
    transaction_trouble(payload, discharging=True)


@given(st.text(max_size=600))
def test_every_word_names_one_fault_or_none(word: str) -> None:
    assert fault_of(word) is None or isinstance(fault_of(word), FaultCode)


async def remembered_with_the_quirk(version: str) -> DictStore:
    """Return the store of a central system that knows a station with the quirk."""
    store = DictStore()
    async with central([charger(discharge_maximum_a=8)], store) as rig, connected(rig, version=version) as station:
        await station.boot()
    store.documents = {
        name: text.replace('"quirks": []', '"quirks": ["negative_limit"]') for name, text in store.documents.items()
    }
    return store


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_station_with_negative_limits_discharges_only_in_a_transaction_above_the_floor(version: str) -> None:
    store = await remembered_with_the_quirk(version)
    async with central([charger(discharge_maximum_a=8)], store) as rig, connected(rig, version=version) as station:
        await station.boot()
        with pytest.raises(CommandError, match="No transaction"):
            await rig.system.port("left").apply(setpoint(-6))
        await (v16 if version == V16 else words).charging(station)
        await soc(station, version, None)
        state = await rig.until_state(lambda state: state.discharge_maximum_a is not None)
        assert state.discharge_maximum_a == pytest.approx(8.0)
        with pytest.raises(CommandError, match="not known"):
            await rig.system.port("left").apply(setpoint(-6))
        await soc(station, version, 70)
        await rig.system.port("left").apply(setpoint(-6))
        await soc(station, version, 20)
        assert rig.faults[-1].code is FaultCode.BATTERY_LOWER_LIMIT


async def test_every_transaction_of_1_6_is_told_of_anew() -> None:
    store = await remembered_with_the_quirk(V16)
    async with central([charger(discharge_maximum_a=8)], store) as rig, connected(rig, version=V16) as station:
        await station.boot()
        for meter_start in (1000, 5000):
            transaction_id = await v16.start(station, meter_start)
            await soc(station, V16, 20)
            with pytest.raises(CommandError, match="floor 20 %"):
                await rig.system.port("left").apply(setpoint(-6))
            stop = {"transactionId": transaction_id, "meterStop": meter_start, "timestamp": v16.at()}
            await station.call("StopTransaction", stop)
        assert [fault.code for fault in rig.faults] == [FaultCode.BATTERY_LOWER_LIMIT] * 2


async def test_without_the_quirk_an_older_station_never_discharges() -> None:
    async with central([charger(discharge_maximum_a=8)]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        await soc(station, V201, 70)
        with pytest.raises(CommandError, match="not agreed"):
            await rig.system.port("left").apply(setpoint(-6))


async def soc(station: Any, version: str, percent: float | None) -> None:
    """Send MeterValues with a voltage and, unless None, a state of charge."""
    samples: list[dict[str, Any]] = [{"value": 230, "measurand": "Voltage"}]
    if percent is not None:
        samples.append({"value": percent, "measurand": "SoC"})
    if version == V16:
        samples = [sample | {"value": str(sample["value"])} for sample in samples]
    meter_value = [{"timestamp": words.at(), "sampledValue": samples}]
    await station.call("MeterValues", {"connectorId" if version == V16 else "evseId": 1, "meterValue": meter_value})
