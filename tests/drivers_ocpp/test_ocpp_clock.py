"""A station's clock that is wrong is measured, named, and allowed for in the times that it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from tests.drivers_ocpp.ocpp_rig import (
    V16,
    V201,
    RawStation,
    Rig,
    central,
    charger,
    connected,
    profile_of,
    setpoint,
)
from tidewatt.drivers.ocpp import blocks
from tidewatt.drivers.ocpp.clock import ClockWatch, looks_like_a_zone
from tidewatt.site import FaultCode

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)


def heard(*messages: tuple[float, float]) -> float | None:
    """Return the skew told by messages, as (when they came, how old they claimed to be), in s."""
    watch = ClockWatch()
    for at_s, age_s in messages:
        received = T0 + timedelta(seconds=at_s)
        watch.take(received - timedelta(seconds=age_s), received)
    return watch.skew_s


def test_three_messages_with_some_time_between_them_tell_the_clock() -> None:
    assert heard((0, 0), (1, 0)) is None
    assert heard((0, 0), (1, 0), (2, 0)) is None
    assert heard((0, 0.5), (10, 0.2), (20, 0.4)) == pytest.approx(-0.2)
    assert heard((0, -90), (10, -90), (20, -91)) == pytest.approx(91)


def test_messages_kept_while_offline_do_not_make_a_clock_late() -> None:
    assert heard((0, 3600), (0.1, 1800), (0.2, 60), (30, 0.1)) == pytest.approx(-0.1)


def test_a_clock_that_was_set_is_seen_after_some_messages() -> None:
    late = [(10.0 * number, -90.0) for number in range(5)]
    right = [(100 + 10.0 * number, 0.0) for number in range(8)]
    assert heard(*late, *right) == pytest.approx(0)


@given(skew_s=st.floats(-1e6, 1e6), ages_s=st.lists(st.floats(0, 1e5), min_size=2, max_size=7))
def test_of_late_and_live_messages_the_live_one_counts(skew_s: float, ages_s: list[float]) -> None:
    messages = [(number * 20.0, age_s - skew_s) for number, age_s in enumerate([*ages_s, 0.0])]
    assert heard(*messages) == pytest.approx(skew_s, abs=1e-3)


@pytest.mark.parametrize(
    ("skew_s", "expected"),
    [(3600, True), (-18000, True), (19815, True), (0, False), (30, False), (1500, False), (86400 * 365, False)],
)
def test_whole_half_hours_look_like_another_time_zone(skew_s: float, expected: bool) -> None:
    assert looks_like_a_zone(skew_s) is expected


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three messages tell the clock, however close together."""
    monkeypatch.setattr("tidewatt.drivers.ocpp.clock._SPREAD_S", 0.0)


def stamp(skew_s: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=skew_s)).isoformat()


async def say(station: RawStation, skew_s: float, times: int = 8) -> None:
    """Send statuses with timestamps of a skewed clock."""
    for _ in range(times):
        if station.version == V16:
            status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": stamp(skew_s)}
        else:
            status = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied", "timestamp": stamp(skew_s)}
        await station.call("StatusNotification", status)


def skewed(rig: Rig) -> list[str]:
    return [fault.detail for fault in rig.faults if fault.code is FaultCode.CLOCK_SKEWED]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("version", [V16, V201])
@pytest.mark.parametrize(("skew_s", "words"), [(100, "100 s ahead"), (-86400 * 200 - 77, "s behind")])
async def test_a_wrong_clock_is_named_and_allowed_for(version: str, skew_s: int, words: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.prepared()
        await say(station, skew_s)
        assert words in skewed(rig)[0]
        assert len(skewed(rig)) == 1, "not with every message"
        clock = rig.system.diagnostics()["CP-1"]["blocks"][blocks.StationClock.__name__]
        assert clock["skew_s"] == pytest.approx(skew_s, abs=5)
        assert clock["allowed_for_s"] == pytest.approx(skew_s, abs=5)


@pytest.mark.usefixtures("impatient")
async def test_limits_begin_and_end_by_the_stations_clock() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": stamp(5000)}
        await station.call("StartTransaction", start)
        await rig.system.port("left").apply(setpoint(16))
        await station.next_profile("TxProfile")
        await say(station, 5000)
        schedule = profile_of(await station.next_profile("TxProfile"))["chargingSchedule"]
        begins = datetime.fromisoformat(schedule["startSchedule"])
        their_now = datetime.now(UTC) + timedelta(seconds=5000)
        assert begins < their_now < begins + timedelta(seconds=schedule["duration"])


@pytest.mark.usefixtures("impatient")
async def test_a_clock_that_looks_like_another_zone_is_named_and_left_alone() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await say(station, 3600)
        assert "another zone" in skewed(rig)[0]
        assert rig.system.diagnostics()["CP-1"]["blocks"]["StationClock"]["allowed_for_s"] == 0


@pytest.mark.usefixtures("impatient")
async def test_a_right_clock_is_no_fault_and_a_boot_measures_anew() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await say(station, 0)
        assert skewed(rig) == []
        await say(station, 500)
        assert rig.system.diagnostics()["CP-1"]["blocks"]["StationClock"]["allowed_for_s"] > 0
        await station.boot()
        clock = rig.system.diagnostics()["CP-1"]["blocks"]["StationClock"]
        assert clock == {"skew_s": None, "allowed_for_s": 0.0}
