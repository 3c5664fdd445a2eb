"""What Tidewatt has an emulated station do ends by itself when Tidewatt is gone, and as Tidewatt expects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.emulators.v2g_home import Home, home
from tidewatt.drivers.ocpp.blocks.charging_limits import ChargingLimits
from tidewatt.emulators.station import Station
from tidewatt.ocpp.charging import Period, ProfileKind, Purpose
from tidewatt.site import FaultCode, Reason, ReasonCode, Setpoint

HOLDS_S = 240.0
"""By the station's clock, which runs fifty times as fast as ours, five seconds."""


async def follows(here: Home, current_a: float, power_w: float) -> None:
    """Apply a setpoint that holds for minutes, and wait for its power."""
    reason = Reason(code=ReasonCode.CIRCUIT)
    setpoint = Setpoint(charger_id="drive", current_a=current_a, reason=reason, valid_for_s=HOLDS_S)
    await here.central.port("drive").apply(setpoint)
    await here.until(lambda: here.power_w == pytest.approx(power_w, abs=70))


def station_of(here: Home) -> Station:
    return here.bench.station("V2G")


async def test_a_lost_connection_ends_discharging(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.until(lambda: any(state.discharge_maximum_a for state in here.states))
        await follows(here, -8.0, -5_520)
        await station_of(here).link.block("cable cut")
        after = here.central.station("drive").block(ChargingLimits).expected(1, after_s=HOLDS_S + 10)
        assert after is not None
        assert (after.discharge_a, after.current_a) == (0, 6), "expected by the central system"
        await here.until(lambda: here.power_w >= 0)
        await here.until(lambda: here.power_w == pytest.approx(6 * 690, abs=70))
        assert any(held.kind is ProfileKind.DYNAMIC for held in station_of(here).profiles.profiles)


async def test_a_limit_that_somebody_else_raises_is_put_right(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.until(lambda: any(state.discharge_maximum_a for state in here.states))
        await follows(here, 7.0, 4_830)
        station = station_of(here)
        ours = next(held for held in station.profiles.profiles if held.kind is ProfileKind.DYNAMIC)
        schedule = replace(ours.schedule, periods=(Period(limit=16.0),), start_utc_s=0.0, duration_s=None)
        theirs = replace(
            ours,
            profile_id=900,
            stack_level=8,
            kind=ProfileKind.ABSOLUTE,
            updated_utc_s=None,
            schedule=schedule,
        )
        view = next(iter(station.outlets.values())).view
        assert station.profiles.install(theirs, station.outlets, view, utc_s=station.time.utc_s) is None
        await here.until(lambda: here.power_w > 6_000)
        await here.central.station("drive").block(ChargingLimits).verify()
        assert FaultCode.SCHEDULING_CONFLICT in here.faults
        assert 900 not in {held.profile_id for held in station.profiles.profiles}
        assert station.profiles.select(purpose=Purpose.TX)
