"""The emulated world obeys physics: nothing is drawn that no meter counts, and nothing is drawn that is not allowed."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tests.emulators.site_of import document, emulation_of
from tidewatt.emulators.physics import ChargingPoint, House, LoadStep, Offer, Vehicle, VehicleSpec, World
from tidewatt.emulators.physics.point import CONTACTOR_GRACE_S
from tidewatt.emulators.physics.world import SLICE_S
from tidewatt.site import MAIN_CIRCUIT_ID, Charger, OcppEndpoint, Phase, Site

VOLTAGE_V = 230.0

vehicle_specs = st.builds(
    VehicleSpec,
    battery_wh=st.floats(500, 80_000),
    soc_pct=st.floats(0, 100),
    phases=st.integers(1, 3),
    minimum_a=st.floats(6, 10),
    maximum_a=st.floats(10, 32),
    efficiency=st.floats(0.7, 1),
    taper_from_pct=st.floats(50, 95),
    reaction_s=st.floats(0, 3),
    rise_a_per_s=st.floats(0.5, 50),
    fall_a_per_s=st.floats(0.5, 100),
)
offers = st.lists(
    st.tuples(st.none() | st.builds(Offer, st.floats(0, 40), st.integers(1, 3)), st.floats(0.05, 30)), max_size=8
)
wirings = st.permutations(list(Phase)).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))


def point_with(spec: VehicleSpec, phases: tuple[Phase, ...] = tuple(Phase), reaction_s: float = 0.0) -> ChargingPoint:
    charger = Charger(
        charger_id="left",
        name="Left",
        circuit_id=MAIN_CIRCUIT_ID,
        endpoint=OcppEndpoint(station_id="S"),
        phases=phases,
        maximum_a=32,
    )
    return ChargingPoint(
        charger, voltage_v=VOLTAGE_V, vehicle=Vehicle(spec), reaction_s=reaction_s, plug_in_after_s=0.0
    )


def settle(point: ChargingPoint, offer: Offer | None, seconds: float = 60.0) -> None:
    point.offer(offer)
    for _ in range(round(seconds / SLICE_S)):
        point.step(SLICE_S)


def vehicle(**changes: Any) -> VehicleSpec:
    fields: dict[str, Any] = {"battery_wh": 50_000.0, "soc_pct": 30.0} | changes
    return VehicleSpec(**fields)


@given(spec=vehicle_specs, wired=wirings, offered=offers)
@settings(deadline=None)
def test_what_the_cable_brings_is_stored_less_the_losses(
    spec: VehicleSpec, wired: tuple[Phase, ...], offered: list[tuple[Offer | None, float]]
) -> None:
    point = point_with(spec, wired)
    assert point.vehicle is not None
    before_wh = point.vehicle.stored_wh
    counted_wh = 0.0
    for offer, seconds in offered:
        point.offer(offer)
        for _ in range(math.ceil(seconds / SLICE_S)):
            point.step(SLICE_S)
            counted_wh += sum(point.terminal_current_a) * VOLTAGE_V * SLICE_S / 3600
    assert point.energy_wh == pytest.approx(counted_wh, abs=1e-6)
    assert point.vehicle.stored_wh - before_wh == pytest.approx(point.energy_wh * spec.efficiency, abs=1e-6)
    assert point.vehicle.soc_pct <= 100 + 1e-9


@given(spec=vehicle_specs, wired=wirings, offered=offers)
@settings(deadline=None)
def test_a_vehicle_draws_no_more_than_the_pilot_allowed_while_it_could_react(
    spec: VehicleSpec, wired: tuple[Phase, ...], offered: list[tuple[Offer | None, float]]
) -> None:
    point = point_with(spec, wired)
    window = math.ceil((spec.reaction_s + spec.maximum_a / spec.fall_a_per_s) / SLICE_S) + 2
    pilots: list[float] = []
    for offer, seconds in offered:
        point.offer(offer)
        for _ in range(math.ceil(seconds / SLICE_S)):
            point.step(SLICE_S)
            pilots.append(point.pilot_a)
            assert max(point.terminal_current_a) <= max(pilots[-window:]) + 1e-9
            assert max(point.terminal_current_a) <= spec.maximum_a + 1e-9


@given(spec=vehicle_specs, offered=offers, load=st.tuples(*[st.floats(0, 20)] * 3), pv_w=st.floats(0, 12_000))
@settings(deadline=None, max_examples=40)
def test_every_meter_reads_the_sum_of_what_is_behind_it(
    spec: VehicleSpec,
    offered: list[tuple[Offer | None, float]],
    load: tuple[float, float, float],
    pv_w: float,
) -> None:
    site = emulation_of(document()).site
    points = {
        charger.charger_id: ChargingPoint(
            charger, voltage_v=site.voltage_v, vehicle=Vehicle(spec), reaction_s=0.0, plug_in_after_s=0.0
        )
        for charger in site.chargers
    }
    world = World(site, points, House({MAIN_CIRCUIT_ID: load, "garage": (1.0, 0.0, 2.0)}, pv_w=pv_w))
    drawn_wh = 0.0
    for offer, seconds in offered:
        for point in points.values():
            point.offer(offer)
        world.step(seconds)
        drawn_wh += (sum(load) + 3.0 - pv_w / VOLTAGE_V) * VOLTAGE_V * seconds / 3600
        _assert_kirchhoff(world, load, pv_w)
    main = world.circuit_sample(MAIN_CIRCUIT_ID)
    vehicles_wh = sum(point.energy_wh for point in points.values())
    assert main.import_wh - main.export_wh == pytest.approx(drawn_wh + vehicles_wh, abs=1e-3)


def _assert_kirchhoff(world: World, load: tuple[float, float, float], pv_w: float) -> None:
    garage = world.circuit_current_a("garage")
    main = world.circuit_current_a(MAIN_CIRCUIT_ID)
    yard = world.points["yard"].site_current_a
    assert garage == pytest.approx((1.0 + yard[0], yard[1], 2.0 + yard[2]))
    for phase in Phase:
        vehicles_a = sum(world.points[name].site_current_a[phase] for name in ("left", "right"))
        assert main[phase] == pytest.approx(garage[phase] + load[phase] - pv_w / 3 / VOLTAGE_V + vehicles_a)


def test_the_same_steps_give_the_same_world(two_worlds: tuple[World, World]) -> None:
    for world in two_worlds:
        for dt_s in (0.1, 3.7, 60.0, 0.05):
            world.step(dt_s)
    assert two_worlds[0].history.since(0) == two_worlds[1].history.since(0)


@pytest.fixture
def two_worlds() -> tuple[World, World]:
    def world() -> World:
        vehicles = [{"charger": "left", "battery_kwh": 50, "soc_pct": 30, "plug_in_after_s": 2}]
        emulation = emulation_of(document(vehicles=vehicles, house_load_profile=[{"after_s": 5, "current_a": 9}]))
        emulation.world.points["left"].offer(Offer(16.0))
        return emulation.world

    return world(), world()


def test_a_rotated_charger_loads_the_phases_it_is_wired_to() -> None:
    point = point_with(vehicle(phases=2), (Phase.L2, Phase.L3, Phase.L1))
    settle(point, Offer(10.0))
    assert point.terminal_current_a == pytest.approx((10, 10, 0))
    assert point.site_current_a == pytest.approx((0, 10, 10))


def test_fewer_phases_offered_are_fewer_phases_used() -> None:
    point = point_with(vehicle())
    settle(point, Offer(10.0, phases=1))
    assert point.terminal_current_a == pytest.approx((10, 0, 0))


def test_below_six_ampere_is_a_pause() -> None:
    point = point_with(vehicle())
    settle(point, Offer(16.0))
    settle(point, Offer(5.9))
    assert point.pilot_a == 0
    assert point.terminal_current_a == (0, 0, 0)


def test_a_vehicle_sleeps_below_its_own_minimum() -> None:
    point = point_with(vehicle(minimum_a=8.0))
    settle(point, Offer(7.0))
    assert point.pilot_a == 7.0
    assert not point.vehicle_accepts
    assert point.terminal_current_a == (0, 0, 0)


def test_the_current_tapers_towards_a_full_battery() -> None:
    point = point_with(vehicle(soc_pct=90.0))
    settle(point, Offer(16.0), 5)
    assert max(point.terminal_current_a) == pytest.approx(8.0, rel=0.01)


def test_a_full_vehicle_draws_nothing_and_says_so() -> None:
    point = point_with(vehicle(battery_wh=500.0, soc_pct=99.0))
    settle(point, Offer(16.0), 60)
    assert point.vehicle is not None
    assert point.vehicle.full
    assert not point.vehicle_accepts
    assert point.terminal_current_a == (0, 0, 0)


def test_a_change_of_the_pilot_is_followed_after_a_delay_and_along_a_ramp() -> None:
    point = point_with(vehicle(reaction_s=1.0, rise_a_per_s=2.0, fall_a_per_s=4.0))
    settle(point, Offer(16.0), 5.0)
    assert 6 < max(point.terminal_current_a) < 10
    settle(point, Offer(16.0))
    settle(point, Offer(8.0), 0.9)
    assert max(point.terminal_current_a) == pytest.approx(16)
    settle(point, Offer(8.0), 1.0)
    assert 8 < max(point.terminal_current_a) < 16
    settle(point, Offer(8.0), 2.0)
    assert max(point.terminal_current_a) == pytest.approx(8)


def test_a_vehicle_that_ignores_the_limit_draws_its_maximum() -> None:
    point = point_with(vehicle())
    assert point.vehicle is not None
    point.vehicle.ignores_limit = True
    settle(point, Offer(6.0))
    assert max(point.terminal_current_a) == pytest.approx(16)


def test_the_contactor_cuts_a_vehicle_off_that_does_not_pause() -> None:
    point = point_with(vehicle())
    assert point.vehicle is not None
    point.vehicle.ignores_limit = True
    settle(point, Offer(16.0))
    settle(point, Offer(0.0), CONTACTOR_GRACE_S - 0.5)
    assert max(point.terminal_current_a) > 0
    settle(point, Offer(0.0), 1.0)
    assert point.terminal_current_a == (0, 0, 0)


def test_pulling_the_cable_ends_the_current_at_once() -> None:
    point = point_with(vehicle())
    settle(point, Offer(16.0))
    point.unplug()
    assert point.site_current_a == (0, 0, 0)


def test_a_vehicle_plugs_in_when_its_time_has_come() -> None:
    emulation = emulation_of(
        document(vehicles=[{"charger": "left", "battery_kwh": 50, "soc_pct": 30, "plug_in_after_s": 4}])
    )
    emulation.step(3.9)
    assert not emulation.world.points["left"].plugged
    emulation.step(0.2)
    assert emulation.world.points["left"].plugged


def test_the_house_follows_its_profile_and_starts_over() -> None:
    house = House(
        {MAIN_CIRCUIT_ID: (1.0, 1.0, 1.0)},
        profile=[LoadStep(after_s=10, current_a=(5.0, 5.0, 5.0)), LoadStep(after_s=20, current_a=(2.0, 2.0, 2.0))],
    )
    seen = []
    for _ in range(9):
        house.step(5.0)
        seen.append(house.current_a(MAIN_CIRCUIT_ID)[0])
    assert seen == [1, 1, 5, 5, 5, 5, 2, 2, 5]


def test_setting_the_house_load_ends_its_profile() -> None:
    house = House({}, profile=[LoadStep(after_s=1, current_a=(5.0, 5.0, 5.0))])
    house.set_load(MAIN_CIRCUIT_ID, (3.0, 3.0, 3.0))
    house.step(100.0)
    assert house.current_a(MAIN_CIRCUIT_ID) == (3, 3, 3)


def test_more_sun_than_load_is_exported() -> None:
    site: Site = emulation_of(document()).site
    world = World(site, {}, House({MAIN_CIRCUIT_ID: (1.0, 1.0, 1.0)}, pv_w=6900.0))
    world.step(3600)
    sample = world.circuit_sample(MAIN_CIRCUIT_ID)
    assert sample.current_a == pytest.approx((-9, -9, -9))
    assert sample.import_wh == 0
    assert sample.export_wh == pytest.approx(27 * 230)


def test_the_history_remembers_each_phase_and_its_highest() -> None:
    emulation = emulation_of(document())
    emulation.step(1.0)
    emulation.world.house.set_load(MAIN_CIRCUIT_ID, (30.0, 1.0, 1.0))
    emulation.step(1.0)
    history = emulation.world.history
    assert history.maximum_a == pytest.approx((30, 3, 5))
    assert [current_a[0] for _, current_a in history.since(1.55)] == [30.0] * 5


def test_time_never_goes_back() -> None:
    with pytest.raises(ValueError, match="Time only moves forward"):
        emulation_of(document()).step(-1)
