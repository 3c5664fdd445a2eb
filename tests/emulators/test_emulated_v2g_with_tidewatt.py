"""A whole V2G session between an emulated station, its vehicle, and Tidewatt's own central system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulators.v2g_home import Home, home
from tidewatt.drivers.ocpp import Der, V2x, der, v2x
from tidewatt.site import CommandError, FaultCode

TEN_A = {"discharge_maximum_a": 10}
WAYS = [
    {"service": "DC_BPT"},
    {"service": "DC_BPT", "control_mode": "scheduled"},
    {"service": "AC_BPT"},
    {"service": "AC_BPT", "control_mode": "scheduled"},
]


@pytest.mark.parametrize("way", WAYS)
async def test_a_vehicle_is_negotiated_with_charged_and_discharged(tmp_path: Path, way: dict[str, Any]) -> None:
    async with home(tmp_path, iso15118=way) as here:
        agreed = await here.agreed()
        assert agreed.discharge_maximum_a == pytest.approx(8_000 / 690, rel=0.01)
        await here.flows(10.0, 6_900)
        await here.flows(-8.0, -5_520)
        await here.until(lambda: sum(here.states[-1].current_a or (0.0,)) < -20)
        assert here.states[-1].soc_pct == pytest.approx(60, abs=3)
        await here.flows(-3.0, -2_070)
        await here.flows(0.0, 0)
        await here.flows(6.0, 4_140)
    assert here.faults == []


async def test_pulling_the_cable_while_discharging_ends_everything_cleanly(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.agreed()
        await here.flows(-8.0, -5_520)
        here.bench.emulation.world.points["drive"].unplug()
        assert here.power_w == 0
        await here.until(lambda: here.states[-1].session is None and here.states[-1].plugged is False)
        assert not here.states[-1].discharge_maximum_a


async def test_plug_negotiate_charge_discharge_reach_the_floor_and_stop(tmp_path: Path) -> None:
    async with home(tmp_path, charger=TEN_A, plugged=False) as here:
        here.plug()
        await here.until(lambda: here.state.discharge_maximum_a is not None)
        assert here.state.discharge_maximum_a == pytest.approx(10.0)

        await here.until(lambda: here.state.soc_pct is not None)
        await here.set(8)
        await here.flowing(8 * 690)

        await here.set(-6)
        await here.flowing(-6 * 690)
        await here.until(lambda: (here.state.power_w or 0) < -3000)
        await here.until(lambda: (here.state.energy_discharged_wh or 0) > 0)

        here.central.set_battery("drive", minimum_soc_pct=99, soc_pct=None)
        await here.until(lambda: FaultCode.BATTERY_LOWER_LIMIT in here.faults)
        await here.flowing(0, within_w=1)
        with pytest.raises(CommandError, match="floor 99 %"):
            await here.set(-6)

        await here.central.port("drive").stop()
        await here.until(lambda: here.state.session is None and here.state.discharge_maximum_a is None)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_older_station_of_a_known_model_discharges_above_the_floor_only(tmp_path: Path, version: str) -> None:
    station = {"version": version, "negative_limit": True}
    async with home(tmp_path, charger=TEN_A, station=station, plugged=False) as here:
        here.central.set_battery("drive", minimum_soc_pct=20, soc_pct=60)
        here.plug()
        await here.until(lambda: here.state.session is not None and here.state.discharge_maximum_a is not None)
        await here.set(-6)
        await here.flowing(-6 * 690)
        here.central.set_battery("drive", minimum_soc_pct=20, soc_pct=20)
        await here.flowing(0, within_w=1)
        with pytest.raises(CommandError, match="floor 20 %"):
            await here.set(-6)


async def negotiated(here: Home) -> None:
    """Plug in and wait until the vehicle may discharge."""
    here.plug()
    await here.until(lambda: here.state.discharge_maximum_a is not None and here.state.soc_pct is not None)


async def test_operation_modes_are_followed_and_end(tmp_path: Path) -> None:
    async with home(tmp_path, charger=TEN_A, plugged=False) as here:
        await negotiated(here)
        await here.set(8)
        modes = here.central.station("drive").block(V2x).modes
        for power_w in (-2000, -3000, 2500):
            await modes.operate(1, v2x.CentralSetpoint(setpoint_w=power_w, duration_s=3600))
            await here.flowing(power_w)

        curve = (v2x.FrequencyPoint(49.8, -4000), v2x.FrequencyPoint(50, 0), v2x.FrequencyPoint(50.2, 4000))
        signals = (v2x.SignalPoint(-1, -500), v2x.SignalPoint(0, 0), v2x.SignalPoint(1, 500))
        await modes.operate(1, v2x.LocalFrequency(baseline_w=1000, curve=curve, signal_curve=signals))
        here.bench.emulation.world.frequency_hz = 49.9
        await here.flowing(-1000)
        await modes.signal(1, -1)
        await here.flowing(-1500)

        await modes.operate(1, v2x.Idle())
        await here.flowing(0, within_w=1)
        await modes.end(1)
        await here.flowing(8 * 690)
        assert here.faults == []


async def test_permission_is_taken_back_and_given_again_in_the_middle_of_a_session(tmp_path: Path) -> None:
    async with home(tmp_path, charger=TEN_A, plugged=False) as here:
        await negotiated(here)
        await here.set(-6)
        await here.flowing(-6 * 690)
        block = here.central.station("drive").block(V2x)
        await block.permit(1, permitted=False)
        await here.until(lambda: here.power_w >= -1)
        assert here.state.discharge_maximum_a is None
        await block.permit(1, permitted=True)
        await here.until(lambda: here.state.discharge_maximum_a is not None)
        await here.until(lambda: here.state.soc_pct is not None)
        await here.set(-6)
        await here.flowing(-6 * 690)


async def test_der_controls_are_set_reported_superseded_and_cleared(tmp_path: Path) -> None:
    async with home(tmp_path, charger=TEN_A, plugged=False) as here:
        block = here.central.station("drive").block(Der)
        first, _ = await block.set(der.LimitMaxDischarge(power_pct=80, priority=5))
        second, superseded = await block.set(der.LimitMaxDischarge(power_pct=50, priority=1))
        assert superseded == (first,)
        found = {control.control_id: control for control in await block.report()}
        assert found[first].is_superseded
        assert (found[second].priority, found[second].control_type) == (1, "LimitMaxDischarge")
        assert await block.clear(is_default=True) is True
        assert await block.report() == ()


async def test_priority_charging_goes_before_setpoints_and_ends(tmp_path: Path) -> None:
    async with home(tmp_path, charger=TEN_A, plugged=False) as here:
        await negotiated(here)
        await here.set(7)
        await here.flowing(7 * 690)
        modes = here.central.station("drive").block(V2x).modes
        await modes.prioritise(1, 12)
        await here.flowing(12 * 690)
        assert modes.is_prioritised(1)
        await modes.prioritise(1, None)
        await here.flowing(7 * 690)
