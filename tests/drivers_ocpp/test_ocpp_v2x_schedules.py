"""K15, K17 and K18: a vehicle's schedule is accepted within the limits it was given, and else refused and renewed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import V201, central, charger, connected, setpoint
from tidewatt.drivers.ocpp.blocks.v2x.schedules import schedule_refusal
from tidewatt.site import FaultCode

SCHEDULED = {"needs": {"controlMode": "ScheduledControl"}}


def schedule(*periods: dict[str, Any], unit: str = "W") -> dict[str, Any]:
    """Return a NotifyEVChargingSchedule of periods a quarter of an hour apart."""
    return {
        "timeBase": words.at(),
        "evseId": 1,
        "chargingSchedule": {
            "id": 15,
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [
                {"startPeriod": 900 * number, **period} for number, period in enumerate(periods)
            ],
        },
    }


@shows("K15.FR.11", ocpp="2.0.1")
@shows("K17.FR.11", "K18.FR.11", ocpp="2.1")
async def test_a_schedule_within_the_limits_is_accepted() -> None:
    async with v2x.bidirectional(**SCHEDULED) as (rig, station, _):
        await rig.system.port("left").apply(setpoint(10))
        for payload in (schedule({"limit": 6900}, {"limit": 0}), schedule({"limit": 10}, unit="A")):
            assert (await station.call("NotifyEVChargingSchedule", payload)) == {"status": "Accepted"}


@shows("K17.FR.12", "K17.FR.13", "K18.FR.12", "K18.FR.13", ocpp="2.1")
async def test_a_schedule_beyond_the_limits_is_rejected_and_the_limits_are_given_again() -> None:
    async with v2x.bidirectional(**SCHEDULED) as (rig, station, _):
        await rig.system.port("left").apply(setpoint(10))
        answer = await station.call("NotifyEVChargingSchedule", schedule({"limit": 6900}, {"limit": 11_000}))
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["additionalInfo"] == "limit 11000 W is more than 6900 W"
        assert rig.faults[-1].code is FaultCode.SCHEDULING_CONFLICT
        assert (await v2x.fallback(station))["transactionId"] == words.TX


@shows("K15.FR.12", "K15.FR.13", ocpp="2.0.1")
async def test_a_schedule_of_iso_15118_2_is_checked_alike() -> None:
    async with central([charger(safe_a=6)]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        answer = await station.call("NotifyEVChargingSchedule", schedule({"limit": 32}, unit="A"))
        assert answer["status"] == "Rejected"
        await v2x.fallback(station)


async def test_discharging_is_checked_against_the_agreement() -> None:
    async with v2x.bidirectional(**SCHEDULED) as (_, station, _):
        answer = await station.call("NotifyEVChargingSchedule", schedule({"setpoint": -6900, "dischargeLimit": -6900}))
        assert answer["status"] == "Accepted"
        answer = await station.call("NotifyEVChargingSchedule", schedule({"setpoint": -9000}))
        assert answer["status"] == "Rejected"


async def test_under_dynamic_control_the_station_repeats_our_schedule() -> None:
    async with v2x.bidirectional() as (_, station, _):
        answer = await station.call("NotifyEVChargingSchedule", schedule({"limit": 22_000}))
        assert answer == {"status": "Accepted"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (schedule(), "no periods"),
        (schedule({"limit": 1}, unit="kW"), "neither A nor W"),
        ({}, "neither A nor W"),
        (schedule({"limit": 3000, "limit_L2": 3000, "limit_L3": 3000}), "more than"),
        (schedule({"limit": 5, "limit_L2": 12, "limit_L3": 5}, unit="A"), "more than"),
        (schedule({"setpoint": -1}), "discharges"),
    ],
)
def test_what_cannot_be_a_schedule_within_the_limits_is_named(payload: dict[str, Any], reason: str) -> None:
    refusal = schedule_refusal(payload, charge_w=6900, discharge_w=0, voltage_v=230, phases=3)
    assert refusal is not None
    assert reason in refusal


VALUES = st.none() | st.floats() | st.text() | st.booleans()


@given(st.lists(st.dictionaries(st.sampled_from(["limit", "setpoint", "dischargeLimit", "limit_L2"]), VALUES)))
def test_no_hostile_schedule_breaks_the_check_or_passes_beyond_the_limits(periods: list[dict[str, Any]]) -> None:
    payload = schedule(*periods)
    refusal = schedule_refusal(payload, charge_w=6900, discharge_w=0, voltage_v=230, phases=3)
    if refusal is None:
        for period in periods:
            value = period.get("setpoint")
            assert not (isinstance(value, float) and value < -100)
