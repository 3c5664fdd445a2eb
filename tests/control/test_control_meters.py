"""A lost meter is noticed, named and answered with the safe current; a meter that returns ends that."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest

from tests.control.control_plant import Car, Plant, charger, meter, site
from tidewatt.site import Circuit, Fault, FaultCode, Mode, ReasonCode, Wish


def meter_faults(plant: Plant) -> list[Fault]:
    assert plant.decision is not None
    return [fault for fault in plant.decision.faults if fault.code in {FaultCode.METER_STALE, FaultCode.METER_MISSING}]


def test_a_silent_meter_brings_all_to_their_safe_current_and_back() -> None:
    plant = Plant(site(charger("a"), charger("b"), fuse_a=40.0), {"a": Car(), "b": Car()})
    plant.run(60)
    assert plant.current_a("a") == 16
    plant.silent_meters.add("main-meter")
    plant.run(10)
    assert plant.current_a("a") == 16
    plant.run(2)
    for charger_id in "ab":
        setpoint = plant.setpoint(charger_id)
        assert setpoint.current_a == 6
        assert (setpoint.reason.code, setpoint.reason.circuit_id) == (ReasonCode.FAIL_SAFE, "main")
    (fault,) = meter_faults(plant)
    assert fault.code is FaultCode.METER_STALE
    assert fault.subject_id == "main-meter"
    assert "Meter of main was last read 12 s ago" in fault.detail
    plant.silent_meters.clear()
    plant.run(2)
    assert plant.current_a("a") == 10
    plant.run(30)
    assert plant.current_a("a") == 16
    assert not meter_faults(plant)


def test_a_meter_that_never_reported_counts_as_missing() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.silent_meters.add("main-meter")
    plant.run(30)
    assert plant.current_a("a") == 6
    assert [fault.code for fault in meter_faults(plant)] == [FaultCode.METER_MISSING]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e12])
def test_a_reading_that_is_no_current_counts_as_missing(value: float) -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(60)
    reading = plant.meters["main-meter"]
    plant.silent_meters.add("main-meter")
    plant.meters["main-meter"] = replace(reading, current_a=(2.0, value, 2.0))
    plant.run(1)
    assert plant.current_a("a") == 6
    assert plant.setpoint("a").reason.code is ReasonCode.FAIL_SAFE


def test_on_a_one_phase_site_only_that_phase_counts() -> None:
    plant = Plant(replace(site(charger("a", phases=(0,))), phases=1), {"a": Car(phases=1)})
    plant.house_a = lambda _: (5.0, math.nan, 40.0)
    plant.run(60)
    assert plant.current_a("a") == 16
    assert plant.decision is not None
    assert plant.decision.circuits[0].overloaded == (False, False, False)


def test_a_site_without_a_main_meter_is_cautious_for_ever() -> None:
    plant = Plant(site(charger("a"), charger("b"), meters=()), {"a": Car(), "b": Car()})
    plant.run(60)
    assert [plant.current_a(charger_id) for charger_id in "ab"] == [6, 6]
    assert [(fault.code, fault.subject_id) for fault in meter_faults(plant)] == [(FaultCode.METER_MISSING, "main")]


def test_the_safe_currents_keep_the_limits_too() -> None:
    plant = Plant(site(charger("a"), charger("b"), charger("c"), fuse_a=16.0), {key: Car() for key in "abc"})
    plant.silent_meters.add("main-meter")
    plant.run(60)
    assert sorted(plant.current_a(charger_id) for charger_id in "abc") == [0, 6, 6]


def test_who_is_off_stays_off_without_a_meter() -> None:
    plant = Plant(site(charger("a"), charger("b"), charger("c")), {"a": Car(), "b": Car(plugged=False), "c": Car()})
    plant.wishes = {"a": Wish(mode=Mode.OFF), "c": Wish(mode=Mode.FAST, limit_a=0.0)}
    plant.silent_meters.add("main-meter")
    plant.run(30)
    assert [(plant.current_a(key), plant.setpoint(key).reason.code) for key in "abc"] == [
        (0, ReasonCode.MODE_OFF),
        (0, ReasonCode.NOT_CONNECTED),
        (0, ReasonCode.USER_LIMIT),
    ]


def test_a_safe_current_of_zero_is_a_pause_that_says_why() -> None:
    plant = Plant(site(charger("a", safe_a=0.0)), {"a": Car()})
    plant.run(30)
    plant.silent_meters.add("main-meter")
    plant.run(20)
    assert plant.current_a("a") == 0
    assert plant.setpoint("a").reason.code is ReasonCode.FAIL_SAFE


def test_a_lost_meter_below_affects_only_what_is_below_it() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(32.0, 32.0, 32.0))
    plant = Plant(
        site(
            charger("in", circuit_id="garage"),
            charger("out"),
            fuse_a=50.0,
            circuits=(garage,),
            meters=(meter(), meter("garage")),
        ),
        {"in": Car(), "out": Car()},
    )
    plant.run(60)
    plant.silent_meters.add("garage-meter")
    plant.run(30)
    assert (plant.current_a("in"), plant.current_a("out")) == (6, 16)
    assert plant.setpoint("in").reason.circuit_id == "garage"
