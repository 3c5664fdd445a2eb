"""Wishes to discharge in the shell around `decide`: kept, ended, and carried out without delay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control.control_plant import charger, site
from tests.control.control_rig import DictStore, Rig
from tidewatt.control.wishes import wishes_document, wishes_from_document
from tidewatt.site import Charger, CommandError, DischargeWish, LinkQuality, Mode, Site, Wish

STATION = charger("a", discharge_maximum_a=16.0)
WISHED = Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=4000.0, until_soc_pct=30.0))


def exporting(*chargers: Charger) -> Site:
    of = site(*(chargers or (STATION,)))
    root = replace(of.circuits[0], export_limit_a=(16.0, 16.0, 16.0))
    return replace(of, circuits=(root,))


def plug(rig: Rig, current_a: float = 0.0) -> None:
    """Report a vehicle that may give back."""
    rig.plug(
        "a",
        at_s=rig.clock.now_s,
        measured_at_s=rig.clock.now_s,
        current_a=(current_a,) * 3,
        discharge_maximum_a=16.0,
        soc_pct=80.0,
        soc_at_s=rig.clock.now_s,
        link=LinkQuality(round_trip_s=0.1),
    )


async def discharge(rig: Rig) -> None:
    """Let time pass until the charger is told to give back."""
    plug(rig)
    await rig.read_meter()
    rig.controller.set_wish("a", WISHED)
    for _ in range(20):
        rig.clock.now_s += 1.0
        plug(rig)
        decision = await rig.read_meter()
        if decision.setpoints[0].current_a < 0:
            return
    raise AssertionError(decision)


async def test_a_wish_is_kept_over_a_restart() -> None:
    store = DictStore()
    async with Rig(exporting(), store=store).running() as rig:
        rig.controller.set_wish("a", WISHED)
        await store.until_saved("wishes")
    async with Rig(exporting(), store=store).running() as rig:
        assert rig.controller.wish("a") == WISHED


async def test_a_vehicle_that_leaves_takes_the_wish_along() -> None:
    async with Rig(exporting()).running() as rig:
        await discharge(rig)
        rig.plug("a", plugged=False, session=None)
        assert rig.controller.wish("a") == Wish(mode=Mode.FAST)


@pytest.mark.parametrize("when", ["before the start", "while it runs"])
async def test_a_wish_that_the_configuration_rules_out_is_forgotten(when: str) -> None:
    store = DictStore()
    async with Rig(exporting(), store=store).running() as rig:
        rig.controller.set_wish("a", WISHED)
        await store.until_saved("wishes")
        if when == "while it runs":
            rig.controller.update(exporting(charger("a")), rig.ports)
            assert rig.controller.wish("a").discharge is None
            return
    async with Rig(exporting(charger("a")), store=store).running() as rig:
        assert rig.controller.wish("a") == Wish(mode=Mode.FAST)


async def test_an_agreement_that_is_withdrawn_ends_the_discharge_at_once() -> None:
    async with Rig(exporting()).running() as rig:
        await discharge(rig)
        cycles = len(rig.cycles)
        rig.plug("a", measured_at_s=rig.clock.now_s, current_a=(-4.0,) * 3, discharge_maximum_a=None)
        decision = await rig.until_cycles(cycles + 1)
        assert decision.setpoints[0].current_a == 0


async def test_a_smaller_discharge_does_not_wait_for_a_retry() -> None:
    async with Rig(exporting()).running() as rig:
        await discharge(rig)
        port = rig.ports["a"]
        port.error = CommandError("a", "discharging", "busy")
        rig.clock.now_s += 6.0
        plug(rig, -4.0)
        await rig.read_meter(-2.0, -2.0, -2.0)
        await rig.until(lambda decision: bool(decision.faults))
        told = len(port.setpoints)
        rig.controller.set_wish("a", Wish(mode=Mode.FAST))
        await port.until_told(told + 1)
        assert port.currents_a[-1] == 0


def test_wishes_of_before_discharging_was_known_are_read() -> None:
    assert wishes_from_document({"a": {"mode": "fast"}}) == {"a": Wish(mode=Mode.FAST)}
    assert wishes_from_document(wishes_document({"a": WISHED})) == {"a": WISHED}
