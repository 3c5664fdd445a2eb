"""Energy that flows both ways obeys physics: it is counted, its losses too, and no battery goes below its floor."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tests.emulators.site_of import document, emulation_of
from tidewatt.emulators import Emulation
from tidewatt.emulators.iso15118 import EvccSpec, EvseFaults, EvseSpec, PowerLimits, Service, VehicleSession
from tidewatt.emulators.meters import sdm630_image, sunspec_image
from tidewatt.emulators.physics import (
    BidirectionalSpec,
    BidirectionalVehicle,
    House,
    Offer,
    SimpleLink,
    TwoWayPoint,
    VehicleSpec,
    World,
)
from tidewatt.emulators.physics.world import SLICE_S
from tidewatt.site import MAIN_CIRCUIT_ID, Charger, OcppEndpoint, Phase

VOLTAGE_V = 230.0
STATION = PowerLimits(maximum_charge_w=22_000, maximum_discharge_w=22_000, maximum_voltage_v=920)

specs = st.builds(
    VehicleSpec,
    battery_wh=st.floats(500, 60_000),
    soc_pct=st.floats(0, 100),
    phases=st.integers(1, 3),
    efficiency=st.floats(0.7, 1),
    reaction_s=st.floats(0, 1),
)
batteries = st.builds(
    BidirectionalSpec,
    maximum_charge_w=st.floats(1_000, 22_000),
    maximum_discharge_w=st.floats(0, 22_000),
    minimum_soc_pct=st.floats(0, 60),
    discharge_efficiency=st.floats(0.7, 1),
    rise_w_per_s=st.floats(500, 50_000),
    fall_w_per_s=st.floats(500, 50_000),
    reversal_s=st.floats(0, 2),
    temperature_c=st.floats(-30, 70),
)
offers = st.lists(
    st.tuples(
        st.none()
        | st.builds(
            Offer,
            current_a=st.floats(0, 40),
            phases=st.integers(1, 3),
            discharge_a=st.floats(0, 40),
            setpoint_a=st.none() | st.floats(-40, 40),
        ),
        st.floats(0.5, 40),
    ),
    max_size=8,
)


def charger() -> Charger:
    return Charger(
        charger_id="left",
        name="Left",
        circuit_id=MAIN_CIRCUIT_ID,
        endpoint=OcppEndpoint(station_id="S"),
        phases=tuple(Phase),
        maximum_a=32,
    )


def two_way(
    spec: VehicleSpec | None = None,
    battery: BidirectionalSpec | None = None,
    *,
    service: Service | None = None,
) -> TwoWayPoint:
    """Return a point with a plugged vehicle; without a service the station steers it by its own means."""
    spec = spec or VehicleSpec(battery_wh=50_000, soc_pct=60)
    vehicle = BidirectionalVehicle(spec, battery or BidirectionalSpec())
    link: Any = SimpleLink(vehicle)
    if service is not None:
        link = VehicleSession(vehicle, EvccSpec(evcc_id="02", service=service), EvseSpec(evse_id="E", limits=STATION))
        link.secc.orders.services = tuple(Service)
        link.secc.orders.authorized = link.secc.orders.schedule_ready = True
        link.secc.orders.wake = True
    return TwoWayPoint(
        charger(),
        voltage_v=VOLTAGE_V,
        vehicle=vehicle,
        link=link,
        dc=service is not None and service.is_dc,
        reaction_s=0.0,
        plug_in_after_s=0.0,
    )


def settle(point: TwoWayPoint, offer: Offer | None, seconds: float = 30.0) -> list[float]:
    """Let time pass with an offer; returns the powers on the way."""
    point.offer(offer)
    powers = []
    for _ in range(round(seconds / SLICE_S)):
        point.step(SLICE_S)
        powers.append(point.power_w)
    return powers


@given(specs, batteries, offers, st.none() | st.sampled_from(Service))
@settings(deadline=None, max_examples=60)
def test_energy_is_conserved_limits_hold_and_the_floor_is_never_crossed(
    spec: VehicleSpec, battery: BidirectionalSpec, offered: list[tuple[Offer | None, float]], service: Service | None
) -> None:
    point = two_way(spec, battery, service=service)
    vehicle = point.battery_vehicle
    before_wh = vehicle.stored_wh
    floor_pct = min(vehicle.soc_pct, battery.minimum_soc_pct)
    counted_wh = 0.0
    for offer, seconds in offered:
        point.offer(offer)
        for _ in range(math.ceil(seconds / SLICE_S)):
            point.step(SLICE_S)
            counted_wh += sum(point.terminal_current_a) * VOLTAGE_V * SLICE_S / 3600
            assert floor_pct - 1e-6 <= vehicle.soc_pct <= 100 + 1e-6
            assert -battery.maximum_discharge_w - 1e-6 <= point.power_w <= battery.maximum_charge_w + 1e-6
            assert point.power_w == 0 or (point.closed and offer is not None)
            assert service is None or service.is_bidirectional or point.power_w >= 0
    assert point.energy_wh - point.energy_out_wh == pytest.approx(counted_wh, abs=1e-6)
    stored_wh = point.energy_wh * spec.efficiency - point.energy_out_wh / battery.discharge_efficiency
    assert vehicle.stored_wh - before_wh == pytest.approx(stored_wh, abs=1e-6)


events = st.sampled_from(
    [
        "pause",
        "leave",
        "wake",
        "plug",
        "unplug",
        "contactor",
        "shutdown",
        "mend",
        "silence",
        "one way",
        "both ways",
    ]
)


@given(st.sampled_from([Service.AC_BPT, Service.DC_BPT]), st.lists(st.tuples(events, st.floats(0.1, 15)), max_size=12))
@settings(deadline=None, max_examples=60)
def test_whatever_happens_at_the_cable_nothing_flows_that_may_not(
    service: Service, happening: list[tuple[str, float]]
) -> None:
    point = two_way(service=service)
    assert isinstance(point.link, VehicleSession)
    session = point.link
    settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0), 10)
    for event, seconds in happening:
        happen(point, session, event)
        for _ in range(math.ceil(seconds / SLICE_S)):
            point.step(SLICE_S)
            if point.power_w != 0:
                assert point.plugged
                assert session.flow_allowed
                assert session.secc.faults.shutdown is None
                assert point.battery_vehicle.bms_answers
            assert point.power_w >= 0 or session.secc.service is service


def happen(point: TwoWayPoint, session: VehicleSession, event: str) -> None:
    """Let something happen at a cable."""
    orders, best = session.secc.orders, session.evcc.spec.service
    actions: dict[str, Callable[[], object]] = {
        "pause": session.pause,
        "leave": session.leave,
        "wake": lambda: session.wake(0.0),
        "plug": point.plug,
        "unplug": point.unplug,
        "contactor": lambda: setattr(session.secc.faults, "contactor", True),
        "shutdown": lambda: setattr(session.secc.faults, "shutdown", "ERR_GRID_SYNC_LOST"),
        "mend": lambda: setattr(session.secc, "faults", EvseFaults()),
        "silence": lambda: setattr(point.battery_vehicle, "bms_answers", False),
        "one way": lambda: setattr(orders, "services", (best.charging_only,)),
        "both ways": lambda: setattr(orders, "services", (best.charging_only, best)),
    }
    actions[event]()


@pytest.mark.parametrize("service", [None, Service.AC_BPT, Service.DC_BPT])
def test_a_vehicle_gives_what_it_is_told_to(service: Service | None) -> None:
    point = two_way(service=service)
    settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0))
    assert point.terminal_current_a == pytest.approx((-10, -10, -10))
    assert point.power_w == pytest.approx(-6_900)


def test_registers_for_both_directions_grow_apart() -> None:
    point = two_way()
    settle(point, Offer(16.0, setpoint_a=10.0), 360)
    bought_wh = point.energy_wh
    settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0), 360)
    assert bought_wh == pytest.approx(690, rel=0.02)
    assert point.energy_out_wh == pytest.approx(690, rel=0.02)
    assert point.energy_wh == pytest.approx(bought_wh, abs=15)


def test_a_change_of_direction_goes_down_rests_at_zero_and_goes_up_again() -> None:
    point = two_way(battery=BidirectionalSpec(rise_w_per_s=2_000, fall_w_per_s=4_000, reversal_s=1.0))
    settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=8.0))
    powers = settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-8.0), 10)
    assert powers == sorted(powers, reverse=True)
    assert powers[-1] == pytest.approx(-5_520)
    rested = [power for power in powers if power == 0]
    assert 9 <= len(rested) <= 13
    assert max(abs(b - a) for a, b in pairwise(powers)) <= 400 + 1e-6


def test_discharging_weakens_near_the_floor_and_ends_there() -> None:
    spec = VehicleSpec(battery_wh=5_000, soc_pct=24)
    battery = BidirectionalSpec(maximum_discharge_w=6_000, minimum_soc_pct=20, floor_taper_pct=3)
    point = two_way(spec, battery)
    powers = settle(point, Offer(32.0, discharge_a=32.0, setpoint_a=-20.0), 900)
    vehicle = point.battery_vehicle
    assert min(powers) == pytest.approx(-6_000)
    weakened = [power for power in powers if -5_900 < power < -700]
    assert len(weakened) > 100
    assert vehicle.soc_pct == pytest.approx(20)
    assert vehicle.at_floor
    assert powers[-1] == 0


def test_a_vehicle_below_its_floor_takes_but_does_not_give() -> None:
    point = two_way(VehicleSpec(battery_wh=50_000, soc_pct=10))
    assert settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0))[-1] == 0
    assert settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=10.0))[-1] == pytest.approx(6_900)


@pytest.mark.parametrize(("celsius", "share"), [(-25.0, 0.0), (-7.5, 0.5), (20.0, 1.0), (52.5, 0.5), (65.0, 0.0)])
def test_a_cold_or_hot_battery_takes_and_gives_less(celsius: float, share: float) -> None:
    vehicle = BidirectionalVehicle(VehicleSpec(battery_wh=50_000, soc_pct=60), BidirectionalSpec())
    vehicle.temperature_c = celsius
    assert vehicle.charge_limit_w == pytest.approx(11_000 * share)
    assert vehicle.discharge_limit_w == pytest.approx(10_000 * share)


def test_losses_warm_a_battery_and_the_air_cools_it() -> None:
    point = two_way(VehicleSpec(battery_wh=5_000, soc_pct=30))
    settle(point, Offer(16.0), 300)
    warm_c = point.battery_vehicle.temperature_c
    assert warm_c > 22
    settle(point, None, 3600)
    assert 20 < point.battery_vehicle.temperature_c < warm_c


def test_direct_current_loads_all_phases_of_the_station_alternating_current_those_of_the_vehicle() -> None:
    spec = VehicleSpec(battery_wh=50_000, soc_pct=60, phases=1)
    offer = Offer(16.0, discharge_a=16.0, setpoint_a=-8.0)
    dc, ac = two_way(spec, service=Service.DC_BPT), two_way(spec, service=Service.AC_BPT)
    settle(dc, offer)
    settle(ac, offer)
    assert dc.terminal_current_a == pytest.approx((-8, -8, -8))
    assert ac.terminal_current_a == pytest.approx((-8, 0, 0))


def test_a_silent_battery_management_ends_the_current_at_once() -> None:
    point = two_way(service=Service.DC_BPT)
    settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0))
    point.battery_vehicle.bms_answers = False
    assert settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0), 0.1) == [0.0]


def test_pulling_the_cable_or_ending_the_session_ends_the_current_at_once() -> None:
    for cut in (TwoWayPoint.unplug, TwoWayPoint.disconnect):
        point = two_way(service=Service.AC_BPT)
        settle(point, Offer(16.0, discharge_a=16.0, setpoint_a=-10.0))
        cut(point)
        assert point.power_w == 0
        assert point.battery_vehicle.power_w == 0


def meters_of(world: World) -> tuple[list[float], list[int]]:
    """Return what an SDM630 and a SunSpec meter at the grid read: powers in W as signed numbers."""
    sample = world.circuit_sample(MAIN_CIRCUIT_ID)
    assert sdm630_image(sample).words
    assert sunspec_image(sample, model=203, serial="1").words
    return list(sample.power_w), [round(sample.import_wh), round(sample.export_wh)]


def test_the_grid_meter_follows_a_vehicle_that_gives() -> None:
    point = two_way(service=Service.DC_BPT)
    site = emulation_of(document()).site
    world = World(site, {"left": point}, House({MAIN_CIRCUIT_ID: (2.0, 2.0, 2.0)}))
    point.offer(Offer(16.0, discharge_a=16.0, setpoint_a=-10.0))
    world.step(360)
    powers_w, (bought_wh, sold_wh) = meters_of(world)
    assert powers_w == pytest.approx([-1_840] * 3)
    assert world.circuit_current_a(MAIN_CIRCUIT_ID) == pytest.approx((-8, -8, -8))
    assert bought_wh < 20
    assert sold_wh == pytest.approx(552, rel=0.05)


def test_plain_vehicles_stay_as_they_are_and_stations_without_a_way_charge_by_the_pilot() -> None:
    iso15118 = {"service": "AC_BPT"}
    plain = {"charger": "left", "battery_kwh": 50, "soc_pct": 30}
    for version, vehicle, two in (("2.1", plain, False), ("2.0.1", plain | {"iso15118": iso15118}, False)):
        emulation: Emulation = emulation_of(
            document(stations=[{"station": "S201", "version": version}], vehicles=[vehicle])
        )
        assert isinstance(emulation.world.points["left"], TwoWayPoint) == two
    stations: list[dict[str, Any]] = [{"station": "S201", "version": "2.0.1", "negative_limit": True}]
    emulation = emulation_of(document(stations=stations, vehicles=[plain | {"iso15118": iso15118}]))
    assert isinstance(emulation.world.points["left"], TwoWayPoint)
