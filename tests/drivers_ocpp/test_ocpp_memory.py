"""What is counted never falls, what is remembered survives, and old messages are told from wrong clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, strategies as st

from tests.drivers_ocpp.ocpp_rig import DictStore
from tidewatt.drivers.ocpp.lateness import LatenessJudge
from tidewatt.drivers.ocpp.memory import DOCUMENT, Memory
from tidewatt.drivers.ocpp.meter_values import Measurement
from tidewatt.drivers.ocpp.register import EnergyCount
from tidewatt.drivers.ocpp.transactions import TransactionBook

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def count(*raw_wh: float) -> float:
    energy = EnergyCount(0.0, raw_wh[0], NOON)
    for number, raw in enumerate(raw_wh[1:], 1):
        energy.take(raw, NOON + timedelta(minutes=number))
    return energy.total_wh


def test_energy_follows_the_register() -> None:
    assert count(1000, 1500, 1500, 2200) == 1200


def test_rounding_does_not_look_like_a_new_register() -> None:
    assert count(1000, 1234.5, 1234, 1230, 1234, 1240) == 240


def test_a_glitch_to_zero_is_ignored() -> None:
    assert count(1000, 2000, 0, 2100) == 1100


def test_a_register_that_starts_anew_is_followed_without_losing_its_first_steps() -> None:
    assert count(1000, 2000, 0, 20, 40, 60) == 1060


def test_a_slip_of_the_unit_is_not_counted_as_energy() -> None:
    assert count(5e6, 5.001e6, 5.002e9, 5.002e6) == 2000
    assert count(5e6, 5.001e6, *(5.002e9 + step for step in (0, 10, 20, 30))) == 1030


def test_an_old_reading_never_counts_as_a_new_register() -> None:
    energy = EnergyCount(0.0, 5000, NOON)
    for minutes in range(1, 9):
        energy.take(1000, NOON - timedelta(minutes=minutes))
    energy.take(5100, NOON + timedelta(minutes=1))
    assert energy.total_wh == 100


@given(
    st.lists(
        st.tuples(st.floats(0, 1e9, allow_nan=False), st.none() | st.integers(-1000, 1000)), min_size=1, max_size=50
    )
)
def test_a_count_never_falls(readings: list[tuple[float, int | None]]) -> None:
    energy = EnergyCount(0.0, readings[0][0], NOON)
    for raw_wh, minutes in readings:
        before = energy.total_wh
        energy.take(raw_wh, None if minutes is None else NOON + timedelta(minutes=minutes))
        assert energy.total_wh >= before


def test_a_message_of_now_is_not_late() -> None:
    judge = LatenessJudge()
    assert not judge.is_late(NOON, NOON + timedelta(seconds=3))
    assert not judge.is_late(None, NOON)


def test_kept_messages_that_come_all_at_once_are_late() -> None:
    judge = LatenessJudge()
    for minutes in range(60, 2, -1):
        received = NOON + timedelta(seconds=(60 - minutes) * 0.2)
        assert judge.is_late(NOON - timedelta(minutes=minutes), received)
    assert not judge.is_late(NOON + timedelta(seconds=12), NOON + timedelta(seconds=12))


def test_a_station_whose_clock_is_behind_is_believed_once_its_pace_shows_it() -> None:
    judge = LatenessJudge()
    behind = timedelta(hours=1)
    verdicts = [
        judge.is_late(NOON - behind + timedelta(seconds=seconds), NOON + timedelta(seconds=seconds))
        for seconds in range(0, 60, 10)
    ]
    assert verdicts == [True, False, False, False, False, False]


def test_a_clock_that_was_never_set_says_nothing() -> None:
    assert not LatenessJudge().is_late(datetime(1970, 1, 1, tzinfo=UTC), NOON)


def test_a_station_whose_clock_is_ahead_is_believed() -> None:
    judge = LatenessJudge()
    assert not judge.is_late(NOON + timedelta(hours=2), NOON)
    assert not judge.is_late(NOON + timedelta(hours=2, seconds=10), NOON + timedelta(seconds=10))


async def test_transactions_survive_a_restart() -> None:
    store = DictStore()
    memory = Memory(store, 10.0)
    book = TransactionBook(memory.system, memory.station("CP-1"))
    opened = book.open_numbered(1, NOON, 1000.0, "CARD")
    book.count(opened, Measurement(at_utc=NOON + timedelta(minutes=5), energy_wh=1500.0))
    await memory.save()
    again = Memory(store, 10.0)
    await again.load()
    assert again.system == memory.system
    assert again.system.next_transaction_id == int(opened.transaction_id) + 1


async def test_ids_are_not_used_twice_even_when_the_document_is_lost(freezer: FrozenDateTimeFactory) -> None:
    ids: list[int] = []
    for _ in range(2):
        memory = Memory(DictStore(), 10.0)
        book = TransactionBook(memory.system, memory.station("CP-1"))
        ids += [int(book.open_numbered(1, NOON, float(energy), None).transaction_id) for energy in range(30)]
        freezer.tick(60)
    assert len(set(ids)) == 60
    assert all(0 < number < 2**31 for number in ids), "stations keep them in 32 bits"


async def test_a_document_that_cannot_be_read_is_started_anew() -> None:
    store = DictStore()
    store.documents[DOCUMENT] = json.dumps({"next_transaction_id": "many"})
    memory = Memory(store, 10.0)
    await memory.load()
    assert memory.system.stations == {}


async def test_saves_at_the_same_time_share_one_write() -> None:
    writes = 0

    class CountingStore(DictStore):
        async def save(self, name: str, document: Mapping[str, Any]) -> None:
            nonlocal writes
            writes += 1
            await super().save(name, document)

    memory = Memory(CountingStore(), 10.0)
    await asyncio.gather(*(memory.save() for _ in range(20)))
    assert writes <= 2
    memory.save_soon()
    await memory.close()
    assert writes <= 3


def test_only_some_ended_transactions_are_remembered() -> None:
    memory = Memory(DictStore(), 10.0)
    station = memory.station("CP-1")
    book = TransactionBook(memory.system, station)
    for hours in range(50):
        book.end(book.open_numbered(1, NOON + timedelta(hours=hours), 0.0, None), NOON, presumed=False)
    running = book.open_numbered(1, NOON + timedelta(hours=60), 0.0, None)
    assert len(station.transactions) < 15
    assert book.running(1) is running


def test_a_presumed_end_can_be_taken_back_and_a_told_one_not() -> None:
    memory = Memory(DictStore(), 10.0)
    book = TransactionBook(memory.system, memory.station("CP-1"))
    first = book.open_numbered(1, NOON, 0.0, None)
    second = book.open_numbered(1, NOON + timedelta(hours=1), 0.0, None)
    assert (book.running(1), first.end_presumed) == (second, True)
    book.reopen(first)
    assert (book.running(1), second.end_presumed) == (first, True)
    book.end(first, NOON, presumed=False)
    book.end(first, NOON + timedelta(hours=2), presumed=True)
    assert (first.ended_at_utc, first.end_presumed) == (NOON, False)
