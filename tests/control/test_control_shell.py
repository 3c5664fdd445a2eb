"""The shell around `decide`: when it decides, what it sends, and what it keeps."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.control.control_plant import charger, site
from tests.control.control_rig import DictStore, ObedientPort, Rig
from tidewatt.control import ControlSettings
from tidewatt.site import CommandError, Fault, FaultCode, MeterReading, Mode, ReasonCode, SiteError, Wish


async def test_a_meter_reading_starts_a_cycle_at_once() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        rig.plug("a")
        decision = await rig.read_meter()
        assert decision.setpoints[0].current_a == 6
        await rig.ports["a"].until_told(1)
        assert rig.ports["a"].currents_a == [6]


async def test_without_readings_there_is_a_cycle_all_the_same() -> None:
    async with Rig(site(charger("a")), settings=ControlSettings(cycle_s=0.01)).running() as rig:
        await rig.until_cycles(3)


async def test_plugging_in_starts_a_cycle_but_a_measurement_does_not() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        rig.plug("a")
        await rig.until_cycles(1)
        rig.plug("a", measured_at_s=rig.clock.now_s, current_a=(5.0, 5.0, 5.0))
        rig.plug("a", plugged=False)
        await rig.until_cycles(2)
        assert rig.cycles[-1][0].chargers["a"].plugged is False


async def test_only_what_changed_is_sent() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        rig.plug("a")
        for _ in range(4):
            await rig.read_meter()
            rig.clock.now_s += 1
        assert rig.ports["a"].currents_a == [6]
        rig.clock.now_s += 1
        await rig.read_meter()
        await rig.ports["a"].until_told(2)
        assert rig.ports["a"].currents_a == [6, 10]


async def test_a_setpoint_is_repeated_after_half_of_its_validity() -> None:
    rig = Rig(site(charger("a", maximum_a=6.0)))
    async with rig.running():
        rig.plug("a")
        for _ in range(7):
            await rig.read_meter()
            rig.clock.now_s += 10
        await rig.ports["a"].until_told(2)
        assert rig.ports["a"].currents_a == [6, 6]


async def test_a_charger_that_comes_back_and_a_new_session_are_told_again() -> None:
    async with Rig(site(charger("a", maximum_a=6.0))).running() as rig:
        rig.plug("a")
        await rig.ports["a"].until_told(1)
        rig.plug("a", online=False)
        await rig.until_cycles(2)
        rig.plug("a")
        await rig.ports["a"].until_told(2)
        rig.plug("a", session=None)
        rig.clock.now_s += 1
        await rig.read_meter()
        assert len(rig.ports["a"].setpoints) == 2
        rig.plug("a")
        await rig.ports["a"].until_told(3)


async def test_a_slow_charger_delays_no_other_and_gets_only_the_newest() -> None:
    async with Rig(
        site(charger("slow", maximum_a=14.0), charger("quick", maximum_a=14.0), fuse_a=63.0)
    ).running() as rig:
        slow, quick = rig.ports["slow"], rig.ports["quick"]
        slow.hold.clear()
        rig.plug("slow")
        rig.plug("quick")
        for told, _ in enumerate((6, 10, 14), start=1):
            await rig.read_meter()
            await quick.until_told(told)
            rig.clock.now_s += 5
        assert quick.currents_a == [6, 10, 14]
        assert slow.currents_a == [6]
        slow.hold.set()
        await slow.until_told(2)
        assert slow.currents_a == [6, 14]


@pytest.mark.parametrize(
    ("cause", "code"), [(None, FaultCode.COMMAND_REJECTED), (TimeoutError(), FaultCode.COMMAND_TIMEOUT)]
)
async def test_a_failed_command_is_a_fault_until_one_succeeds(cause: Exception | None, code: FaultCode) -> None:
    async with Rig(site(charger("a", maximum_a=6.0))).running() as rig:
        port = rig.ports["a"]
        port.error = CommandError("a", "limiting to 6 A", "Rejected")
        port.error.__cause__ = cause
        rig.plug("a")
        decision = await rig.until(lambda decision: any(fault.code is code for fault in decision.faults))
        fault = next(fault for fault in decision.faults if fault.code is code)
        assert fault.subject_id == "a"
        assert "a was told 6 A: Rejected" in fault.detail
        await rig.read_meter()
        assert len(port.setpoints) == 1
        port.error = None
        rig.clock.now_s += 2
        await rig.read_meter()
        await rig.until(lambda decision: not any(fault.code is code for fault in decision.faults))
        assert port.currents_a == [6, 6]
        health = rig.controller.health
        assert (health.commands_sent, health.commands_failed) == (2, 1)


async def test_a_reduction_is_sent_even_while_a_failure_is_waited_out() -> None:
    async with Rig(site(charger("a", maximum_a=6.0))).running() as rig:
        port = rig.ports["a"]
        port.error = CommandError("a", "limiting", "Rejected")
        rig.plug("a")
        await rig.until(lambda decision: any(fault.code is FaultCode.COMMAND_REJECTED for fault in decision.faults))
        rig.controller.set_wish("a", Wish(mode=Mode.OFF))
        await port.until_told(2)
        assert port.currents_a == [6, 0]


async def test_a_wish_starts_a_cycle_and_outlives_a_restart() -> None:
    store = DictStore()
    async with Rig(site(charger("a")), store=store).running() as rig:
        rig.plug("a")
        await rig.until_cycles(1)
        rig.controller.set_wish("a", Wish(mode=Mode.OFF, weight=2.0))
        decision = await rig.until_cycles(2)
        assert decision.setpoints[0].reason.code is ReasonCode.MODE_OFF
        await store.until_saved("wishes")
    async with Rig(site(charger("a"), charger("b")), store=store).running() as rig:
        assert rig.controller.wish("a") == Wish(mode=Mode.OFF, weight=2.0)
        assert rig.controller.wish("b") == Wish(mode=Mode.FAST)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(mode=Mode.FAST, weight=0.0), "weight"),
        (Wish(mode=Mode.FAST, weight=float("nan")), "weight"),
        (Wish(mode=Mode.FAST, maximum_a=17.0), "maximum_a"),
        (Wish(mode=Mode.FAST, minimum_a=5.0), "minimum_a"),
        (Wish(mode=Mode.FAST, minimum_a=10.0, maximum_a=8.0), "maximum_a"),
        (Wish(mode=Mode.FAST, limit_a=-1.0), "limit_a"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_with_its_field(wish: Wish, field: str) -> None:
    async with Rig(site(charger("a"))).running() as rig:
        with pytest.raises(SiteError) as refusal:
            rig.controller.set_wish("a", wish)
        assert refusal.value.field == f"wishes.a.{field}"
        with pytest.raises(KeyError):
            rig.controller.set_wish("nobody", Wish(mode=Mode.FAST))


async def test_timers_outlive_a_restart() -> None:
    store = DictStore()
    async with Rig(site(charger("a")), store=store).running() as rig:
        rig.plug("a")
        await rig.read_meter()
        rig.clock.now_s += 1
        decision = await rig.read_meter(60.0, 2.0, 2.0)
        assert decision.setpoints[0].reason.code is ReasonCode.CIRCUIT
    async with Rig(site(charger("a")), store=store).running() as rig:
        rig.clock.now_s += 30
        rig.plug("a")
        decision = await rig.read_meter()
        assert decision.setpoints[0].reason.code is ReasonCode.MINIMUM_TIME


@pytest.mark.parametrize("name", ["wishes", "memory"])
async def test_stored_nonsense_is_not_fatal(name: str) -> None:
    store = DictStore()
    store.texts[name] = json.dumps({"a": {"mode": "warp"}, "chargers": 7})
    async with Rig(site(charger("a")), store=store).running() as rig:
        rig.plug("a")
        await rig.read_meter()
        assert rig.controller.wish("a") == Wish(mode=Mode.FAST)


async def test_what_a_charger_was_told_is_on_disk_before_long() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        rig.plug("a")
        await rig.read_meter()

        # Long before the regular save: a power cut must not make control forget what may be flowing.
        await rig.store.until_saved("memory")
        told = json.loads(rig.store.texts["memory"])["chargers"]["a"]["told"]
        assert told[-1][1] == 6


async def test_a_disk_that_hangs_delays_no_cycle() -> None:
    store = DictStore()
    async with Rig(site(charger("a")), store=store).running() as rig:
        store.hold.clear()
        rig.plug("a")
        rig.controller.set_wish("a", Wish(mode=Mode.FAST, weight=2.0))
        for _ in range(3):
            await rig.read_meter()
            rig.clock.now_s += 1
        assert "wishes" not in store.texts


async def test_reconfiguring_keeps_what_stays() -> None:
    async with Rig(site(charger("a", maximum_a=6.0), charger("b"))).running() as rig:
        rig.plug("a")
        rig.controller.set_wish("b", Wish(mode=Mode.OFF))
        await rig.read_meter()
        port = rig.ports["a"]
        await port.until_told(1)
        rig.ports = {"a": port, "c": ObedientPort()}
        cycles = len(rig.cycles)
        rig.controller.update(site(charger("a", maximum_a=6.0), charger("c")), rig.ports)
        decision = await rig.until_cycles(cycles + 1)
        assert [setpoint.charger_id for setpoint in decision.setpoints] == ["a", "c"]
        assert decision.setpoints[0].current_a == 6
        assert port.currents_a == [6]
        with pytest.raises(KeyError):
            rig.controller.wish("b")


async def test_a_failing_listener_does_not_end_control() -> None:
    rig = Rig(site(charger("a")))
    async with rig.running():

        def fail() -> None:
            raise RuntimeError("the listener has a bug")

        rig.on_cycle = fail
        await rig.read_meter()
        rig.on_cycle = lambda: None
        await rig.read_meter()
        assert rig.controller.health.cycles_failed == 1


async def test_what_a_driver_reported_is_shown_for_a_while() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        fault = Fault(code=FaultCode.PAYLOAD_INVALID, subject_id="a", detail="StatusNotification without a status")
        rig.controller.report(fault)
        assert fault in (await rig.read_meter()).faults
        rig.clock.now_s += 61
        assert fault not in (await rig.read_meter()).faults


async def test_a_meter_that_reads_again_has_no_fault_any_more() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        fault = Fault(code=FaultCode.CHARGER_UNREACHABLE, subject_id="main-meter", detail="no answer within 1 s")
        rig.controller.report(fault)
        assert fault in rig.controller.health.faults
        assert fault not in (await rig.read_meter()).faults


async def test_a_flood_of_readings_is_answered_once() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        for _ in range(1000):
            rig.controller.push(MeterReading(meter_id="main-meter", at_s=rig.clock.now_s, current_a=(2.0, 2.0, 2.0)))
        await rig.until_cycles(1)
        await asyncio.sleep(0)
        assert len(rig.cycles) == 1


async def test_health_tells_how_it_goes() -> None:
    async with Rig(site(charger("a"))).running() as rig:
        assert rig.controller.health.cycle_age_s is None
        rig.plug("a")
        await rig.read_meter()
        await rig.ports["a"].until_told(1)
        rig.clock.now_s += 3
        health = rig.controller.health
        assert health.cycles == 1
        assert health.cycle_age_s == 3
        assert health.command_latency_s is not None
