"""No energy is lost or counted twice, in whatever order and however often a transaction's messages come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import V16, V21, V201, DictStore, Rig, central, charger, connected
from tests.drivers_ocpp.ocpp_v16_words import start, status as status_v16
from tests.drivers_ocpp.ocpp_v201_words import TX, charging, meter_value
from tidewatt.drivers.ocpp import sequence
from tidewatt.drivers.ocpp.blocks import TransactionState, TransactionStatus
from tidewatt.drivers.ocpp.memory import Memory, TransactionRecord
from tidewatt.drivers.ocpp.meter_values import Measurement
from tidewatt.drivers.ocpp.transactions import TransactionBook
from tidewatt.site import ChargerStatus, CommandError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOTH = pytest.mark.parametrize("version", [V201, V21])


def numbered(kind: str, number: int, energy_kwh: float, *, minutes: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a TransactionEvent with its number; `minutes` after the transaction began, a moment ago."""
    when = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    return {
        "eventType": kind,
        "timestamp": when,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": TX, "chargingState": more.pop("state", "Charging")},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": meter_value(energy_kwh, (10.0, 10.0, 10.0), when),
    } | more


def session_wh(rig: Rig) -> float:
    session = rig.state().session
    assert session is not None
    return session.energy_wh


@given(st.permutations(range(12)), st.data())
def test_energy_does_not_depend_on_the_order_of_messages(order: list[int], data: st.DataObject) -> None:
    system = Memory(DictStore(), 10.0)
    book = TransactionBook(system.system, system.station("CP-1"))
    transaction = book.open("1", 1, NOON, None, None)
    for number in [*order, *data.draw(st.lists(st.sampled_from(order)))]:
        moment = NOON + timedelta(minutes=number)
        measurement = Measurement(at_utc=moment, energy_wh=1000.0 + 100 * number, exported_wh=10.0 * number)
        book.count(transaction, measurement)
    assert transaction.exported is not None
    assert (transaction.energy_wh, transaction.exported.total_wh) == (1100, 110)


@given(st.lists(st.integers(0, 40)))
def test_what_was_seen_and_what_is_missing_make_up_all_numbers(numbers: list[int]) -> None:
    seen: list[tuple[int, int]] = []
    for count, number in enumerate(numbers):
        assert sequence.note(seen, number) == (number not in numbers[:count])
    found = {number for first, last in seen for number in range(first, last + 1)}
    lacking = {number for first, last in sequence.missing(seen) for number in range(first, last + 1)}
    assert found == set(numbers)
    assert lacking == set(range(min(numbers), max(numbers) + 1)) - found if numbers else not lacking


def test_a_station_that_counts_at_random_fills_no_memory() -> None:
    seen: list[tuple[int, int]] = []
    for number in (*range(0, 10_000, 2), -1, 2**40):
        sequence.note(seen, number)
    assert len(seen) == 100


def test_a_station_that_does_not_count_is_believed_by_its_clock() -> None:
    book = TransactionBook(Memory(DictStore(), 10.0).system, Memory(DictStore(), 10.0).station("CP-1"))
    transaction = TransactionRecord("1", 1, NOON)
    verdicts = [book.is_overtaken(transaction, 0, NOON + timedelta(minutes=minute)) for minute in (0, 1, 2, 1)]
    assert verdicts == [False, False, False, True]


@BOTH
@shows("E01.FR.07", "J02.FR.19", ocpp=("2.0.1", "2.1"))
async def test_an_overtaken_message_counts_its_energy_and_says_nothing_of_now(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        late = numbered("Updated", 1, 1.5, minutes=-0.2, state="SuspendedEV")
        await station.call("TransactionEvent", numbered("Started", 0, 1.0, minutes=-0.4))
        await station.call("TransactionEvent", numbered("Updated", 2, 2.0))
        await station.call("TransactionEvent", late)
        await station.call("TransactionEvent", late)
        assert (rig.state().status, session_wh(rig)) == (ChargerStatus.CHARGING, 1000)


@BOTH
async def test_the_start_may_come_last(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.call("TransactionEvent", numbered("Updated", 1, 2.0))
        first = numbered("Started", 0, 1.0, minutes=-0.5, idToken={"idToken": "CARD", "type": "ISO14443"})
        await station.call("TransactionEvent", first)
        session = rig.state().session
        assert session is not None
        assert (session.energy_wh, session.id_tag, rig.state().status) == (1000, "CARD", ChargerStatus.CHARGING)


@BOTH
@shows("E04.FR.03", ocpp=("2.0.1", "2.1"))
async def test_a_start_that_comes_after_the_end_opens_nothing(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.call("TransactionEvent", numbered("Ended", 2, 3.0, minutes=-5, offline=True))
        await station.call("TransactionEvent", numbered("Started", 0, 1.0, minutes=-9, offline=True))
        assert (rig.state().session, rig.state().energy_wh) == (None, 3000)


@BOTH
@shows("E14.FR.03", ocpp=("2.0.1", "2.1"))
async def test_a_transaction_that_the_station_denies_is_closed(version: str) -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        await charging(station)
    answers = {"GetTransactionStatus": {"ongoingIndicator": False, "messagesInQueue": False}}
    async with central([charger()], store) as rig, connected(rig, version=version, answers=answers) as station:
        assert await station.next_asked("GetTransactionStatus") == {"transactionId": TX}
        await rig.until_state(lambda state: state.online and state.session is None)


@BOTH
@shows("E14.FR.02", "E14.FR.04", ocpp=("2.0.1", "2.1"))
async def test_what_is_missing_is_waited_for_as_long_as_the_station_has_it(version: str) -> None:
    asked = iter([True, True, False])
    answers = {"GetTransactionStatus": lambda _: {"messagesInQueue": next(asked), "ongoingIndicator": True}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        await station.call("TransactionEvent", numbered("Started", 0, 1.0, minutes=-0.5))
        await station.call("TransactionEvent", numbered("Updated", 3, 2.0))
        for _ in range(3):
            await station.next_asked("GetTransactionStatus")
        status = rig.system.station("left").block(TransactionStatus)
        await station.call("Heartbeat", {})
        assert status.diagnostics() == {"missing_messages": {TX: 2}}


@BOTH
@shows("E14.FR.06", ocpp=("2.0.1", "2.1"))
async def test_a_person_may_ask_for_the_queue_of_a_station(version: str) -> None:
    answers = {"GetTransactionStatus": {"messagesInQueue": True}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        status = rig.system.station("left").block(TransactionStatus)
        assert await status.status() == TransactionState(is_ongoing=None, has_queued_messages=True)
        station.answers["GetTransactionStatus"] = lambda _: {}
        assert not (await status.status(TX)).has_queued_messages
        del station.answers["GetTransactionStatus"]
        with pytest.raises(CommandError, match="NotImplemented"):
            await status.status()


async def test_energy_given_back_is_counted_apart_over_restarts() -> None:
    def given_back(energy_wh: float, soc_pct: float) -> list[dict[str, Any]]:
        samples = [
            {"value": "-5.0", "measurand": "Current.Import", "phase": "L1"},
            {"value": "2.3", "measurand": "Power.Active.Export", "unit": "kW"},
            {"value": str(energy_wh), "measurand": "Energy.Active.Export.Register"},
            {"value": str(soc_pct), "measurand": "SoC", "location": "EV", "unit": "Percent"},
        ]
        return [{"timestamp": datetime.now(UTC).isoformat(), "sampledValue": samples}]

    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        await station.boot()
        transaction_id = await start(station)
        for register_wh, soc_pct in ((500, 71.0), (700, 70.5)):
            payload = {
                "connectorId": 1,
                "transactionId": transaction_id,
                "meterValue": given_back(register_wh, soc_pct),
            }
            await station.call("MeterValues", payload)
        state = rig.state()
        assert (state.energy_discharged_wh, state.soc_pct, state.power_w) == (700, 70.5, -2300)
        assert state.current_a == (-5.0, 0.0, 0.0)
        await station.call(
            "StopTransaction",
            {"transactionId": transaction_id, "meterStop": 1000, "timestamp": datetime.now(UTC).isoformat()},
        )
        await status_v16(station, "Available")
        await rig.until_state(lambda state: state.soc_pct is None)  # whoever comes next has another one
    async with central([charger()], store) as rig, connected(rig) as station:
        await station.boot()
        assert rig.state().energy_discharged_wh == 700


@pytest.mark.parametrize("soc", ["101", "-1", "full"])
async def test_an_impossible_state_of_charge_is_none(soc: str) -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        sample = {"value": soc, "measurand": "SoC"}
        when = datetime.now(UTC).isoformat()
        await station.call(
            "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": when, "sampledValue": [sample]}]}
        )
        assert rig.state().soc_pct is None


def signed_16(data: str, context: str) -> dict[str, Any]:
    return {"value": data, "format": "SignedData", "context": context}


def signed_2x(data: str, context: str) -> dict[str, Any]:
    signed = {"signedMeterData": data, "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": "0xPUB"}
    return {"value": 1.0, "context": context, "signedMeterValue": signed}


@pytest.mark.parametrize("version", [V16, V201, V21])
@shows("J02.FR.21", ocpp=("2.0.1", "2.1"))
async def test_signed_values_are_kept_as_they_came_with_their_transaction(version: str) -> None:
    store = DictStore()
    when = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    later = datetime.now(UTC).isoformat()
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        await station.boot()
        if version == V16:
            transaction_id = str(await start(station))
            begin = [{"timestamp": when, "sampledValue": [signed_16("OCMF|begin", "Transaction.Begin")]}]
            end = [{"timestamp": later, "sampledValue": [signed_16("OCMF|end", "Transaction.End")]}]
            stop = {"transactionId": int(transaction_id), "meterStop": 2000, "timestamp": later}
            await station.call("StopTransaction", stop | {"transactionData": [*begin, *end]})
        else:
            transaction_id = TX
            begin = [{"timestamp": when, "sampledValue": [signed_2x("OCMF|begin", "Transaction.Begin")]}]
            end = [{"timestamp": later, "sampledValue": [signed_2x("OCMF|end", "Transaction.End")]}]
            await station.call("TransactionEvent", numbered("Started", 0, 1.0) | {"meterValue": begin})
            for number in range(1, 5):
                await station.call("TransactionEvent", numbered("Updated", number, 1.0) | {"meterValue": begin})
            await station.call("TransactionEvent", numbered("Ended", 9, 1.0) | {"meterValue": end})
    async with central([charger()], store) as rig:
        first, last = await rig.system.station("left").signed.of(transaction_id)
        assert (first.data, last.data, last.context) == ("OCMF|begin", "OCMF|end", "Transaction.End")
        expected = (None, None, None) if version == V16 else ("OCMF", "ECDSA", "0xPUB")
        assert (last.encoding_method, last.signing_method, last.public_key) == expected


async def test_signed_values_without_end_do_not_fill_the_disk() -> None:
    async with central([charger()]) as rig, connected(rig, version=V21) as station:
        await station.boot()
        await station.call("TransactionEvent", numbered("Started", 0, 1.0))
        for number in range(1, 9):
            value = signed_2x(f"{number}".rjust(30_000, "x"), "Sample.Periodic")
            when = (datetime.now(UTC) + timedelta(seconds=number)).isoformat()
            moment = [{"timestamp": when, "sampledValue": [value, signed_2x("y" * 40_000, "Trigger")]}]
            await station.call("TransactionEvent", numbered("Updated", number, 1.0) | {"meterValue": moment})
        kept = [value.data[-1] for value in await rig.system.station("left").signed.of(TX)]
        assert kept == ["1", "2", "7", "8"]
