"""The driver's own safety net: no discharging beyond agreement, configuration, floor and knowledge (V1, V7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import RawStation, Rig, charger, setpoint
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp.agreement import Agreement
from tidewatt.drivers.ocpp.discharge import DischargeGuard
from tidewatt.drivers.ocpp.evse import Evse
from tidewatt.drivers.ocpp.memory import EvseRecord, TransactionRecord
from tidewatt.drivers.ocpp.settings import OcppSettings
from tidewatt.drivers.ocpp.tasks import Tasks
from tidewatt.site import CommandError, FaultCode


def codes(rig: Rig) -> list[FaultCode]:
    return [fault.code for fault in rig.faults]


async def test_at_the_floor_discharging_is_refused_with_a_named_fault() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await v2x.state_of_charge(station, 20)
        with pytest.raises(CommandError, match="is 20 %, its floor 20 %"):
            await rig.system.port("left").apply(setpoint(-6))
        assert codes(rig) == [FaultCode.BATTERY_LOWER_LIMIT]


async def test_a_repeated_refusal_is_reported_once() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await v2x.state_of_charge(station, 10)
        for _ in range(3):
            with pytest.raises(CommandError):
                await rig.system.port("left").apply(setpoint(-6))
        assert codes(rig) == [FaultCode.BATTERY_LOWER_LIMIT]
        await v2x.state_of_charge(station, 60)
        await rig.system.port("left").apply(setpoint(-6))
        await v2x.state_of_charge(station, 15)
        assert codes(rig) == [FaultCode.BATTERY_LOWER_LIMIT] * 2


async def test_an_unknown_state_of_charge_discharges_nothing() -> None:
    now = [1000.0]
    async with v2x.bidirectional(clock=lambda: now[0]) as (rig, station, _):
        now[0] += 301
        await words.event(station, "Updated")
        with pytest.raises(CommandError, match="not known"):
            await rig.system.port("left").apply(setpoint(-6))
        assert codes(rig) == [FaultCode.BATTERY_LOWER_LIMIT]


async def test_the_owners_floor_and_the_vehicles_own_word_count() -> None:
    async with v2x.bidirectional() as (rig, _, _):
        rig.system.set_battery("left", minimum_soc_pct=55, soc_pct=None)
        await rig.system.port("left").apply(setpoint(-6))
        rig.system.set_battery("left", minimum_soc_pct=55, soc_pct=54)
        with pytest.raises(CommandError, match="is 54 %, its floor 55 %"):
            await rig.system.port("left").apply(setpoint(-6))


async def test_reaching_the_floor_ends_a_discharge_at_once() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await rig.system.port("left").apply(setpoint(-6))
        assert v2x.amount(station) == -6 * 230 * 3
        assert block.diagnostics()["evses"][1]["discharging"]
        await v2x.state_of_charge(station, 20)
        assert codes(rig) == [FaultCode.BATTERY_LOWER_LIMIT]
        await paused(rig, station)


async def test_a_state_of_charge_that_is_told_no_more_ends_a_discharge() -> None:
    now = [1000.0]
    async with v2x.bidirectional(clock=lambda: now[0], discharge_watch_s=0.01) as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-6, valid_for_s=3600))
        now[0] += 301
        await rig.until(lambda: FaultCode.BATTERY_LOWER_LIMIT in codes(rig))
        await paused(rig, station)


async def paused(rig: Rig, station: RawStation) -> None:
    """Wait until the station was told to give nothing back."""
    async with asyncio.timeout(PATIENCE_S):
        while v2x.amount(station) != 0:
            station.was_asked.clear()
            await station.was_asked.wait()
    assert rig.system.station("left").points[1].present_a == 0


async def test_more_than_agreed_is_cut_and_named() -> None:
    async with v2x.bidirectional() as (rig, _, _):
        await rig.system.port("left").apply(setpoint(-12))
        assert rig.system.station("left").points[1].present_a == pytest.approx(-10.0)
        assert codes(rig) == [FaultCode.DISCHARGE_LIMIT]


async def test_less_than_the_vehicle_can_give_back_is_nothing() -> None:
    async with v2x.bidirectional(needs={"v2x": {"minDischargePower": 3000}}) as (rig, _, _):
        await rig.system.port("left").apply(setpoint(-2))
        assert rig.system.station("left").points[1].present_a == 0


async def test_a_vehicle_that_gives_back_too_much_is_reported() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-10))
        await v2x.state_of_charge(station, 60, (-10.5, -10.5, -10.5))
        assert codes(rig) == []
        await v2x.state_of_charge(station, 60, (-14.0, -14.0, -14.0))
        assert codes(rig) == [FaultCode.DISCHARGE_LIMIT]


async def test_a_charger_that_may_discharge_no_more_stops() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-6))
        rig.system.update_chargers([charger(discharge_maximum_a=0)])
        assert codes(rig) == [FaultCode.BIDIRECTIONAL_UNSUPPORTED]
        await paused(rig, station)


TX = TransactionRecord("tx", 1, datetime(2026, 1, 1, tzinfo=UTC))


def guarded(configured_a: float, agreement: Agreement | None, floor_pct: float, soc_pct: float | None) -> Any:
    """Return the guard of an EVSE in a state that hypothesis made up."""

    async def stop() -> None:
        return None

    evse = Evse(charger(discharge_maximum_a=configured_a), EvseRecord())
    evse.agreement = agreement
    if soc_pct is not None:
        evse.take_soc(soc_pct, 0.0)
    guard = DischargeGuard(
        evse,
        lambda: TX,
        stop=stop,
        report=lambda _code, _detail: None,
        tasks=Tasks("test"),
        clock=lambda: 0.0,
        settings=OcppSettings(),
    )
    guard.take_battery(floor_pct, None)
    return guard


AGREEMENTS = st.none() | st.builds(
    Agreement,
    transaction_id=st.sampled_from(["tx", "another"]),
    energy_transfer=st.just("DC_BPT"),
    bidirectional=st.booleans(),
    maximum_discharge_w=st.none() | st.floats(0, 50_000),
    minimum_discharge_w=st.floats(0, 5000),
)


@given(
    st.floats(-100, -0.01),
    st.floats(0, 50),
    AGREEMENTS,
    st.floats(-10, 110),
    st.none() | st.floats(0, 100),
)
def test_no_setpoint_is_ever_outside_agreement_configuration_and_floor(
    asked_a: float, configured_a: float, agreement: Agreement | None, floor_pct: float, soc_pct: float | None
) -> None:
    async def judge() -> None:
        guard = guarded(configured_a, agreement, floor_pct, soc_pct)
        try:
            admitted = guard.admit(setpoint(asked_a)).current_a
        except CommandError:
            return
        finally:
            guard.forget()
            await guard._tasks.close()
        assert agreement is not None
        assert agreement.bidirectional
        assert agreement.transaction_id == "tx"
        assert soc_pct is not None
        assert soc_pct > floor_pct
        assert 0 <= floor_pct <= 100
        assert asked_a <= admitted <= 0
        assert -admitted <= configured_a
        assert agreement.maximum_discharge_w is not None
        assert -admitted * 3 * 230 <= agreement.maximum_discharge_w * (1 + 1e-9)
        assert admitted == 0 or -admitted * 3 * 230 >= agreement.minimum_discharge_w * (1 - 1e-9)

    asyncio.run(judge())


def test_a_charging_setpoint_passes_untouched() -> None:
    guard = guarded(0.0, None, 20.0, None)
    assert guard.admit(setpoint(16)) == setpoint(16)
    assert replace(guard.admit(setpoint(0)), current_a=1) == setpoint(1)
