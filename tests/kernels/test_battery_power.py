"""What batteries take and give, what is lost, and who is fit to discharge."""

import json
import math
from types import ModuleType

from hypothesis import given, strategies as st
import numpy as np
import pytest

from tests.kernels.demand_days import data
from tidewatt.kernels import battery
from tidewatt.kernels.battery import LFP, NMC, Chemistry, Curve, LossModel, PowerLimits

LEVEL = Curve.through((0, 1))


def limits(
    kernels: ModuleType, chemistry: Chemistry, soc_pct: list[float], temperature_c: list[float] | None = None
) -> PowerLimits:
    answer: PowerLimits = kernels.battery.power_limits(
        chemistry,
        charge_kw=np.full(len(soc_pct), 100.0),
        discharge_kw=np.full(len(soc_pct), 50.0),
        soc_pct=np.array(soc_pct, np.float64),
        temperature_c=None if temperature_c is None else np.array(temperature_c, np.float64),
    )
    return answer


def test_limits_are_straight_lines_between_the_points_of_the_curves(kernels: ModuleType) -> None:
    chemistry = Chemistry(
        charge_by_soc=Curve.through((20, 1), (80, 1), (100, 0)),
        discharge_by_soc=Curve.through((10, 0), (20, 1)),
        charge_by_temperature=Curve.through((0, 0), (10, 1)),
        discharge_by_temperature=LEVEL,
    )
    answer = limits(kernels, chemistry, [0, 50, 90, 100, 15, 50], [10, 10, 10, 10, 10, 2.5])
    assert answer.charge_kw.tolist() == pytest.approx([100, 100, 50, 0, 100, 25])
    assert answer.discharge_kw.tolist() == pytest.approx([0, 50, 50, 50, 25, 50])


@pytest.mark.parametrize("chemistry", [LFP, NMC], ids=["LFP", "NMC"])
def test_the_usual_chemistries_taper_and_derate(kernels: ModuleType, chemistry: Chemistry) -> None:
    socs = np.linspace(15.0, 100.0, 200)
    answer = limits(kernels, chemistry, socs.tolist(), [25.0] * 200)
    assert (np.diff(answer.charge_kw) <= 0).all()
    assert 0.0 < answer.charge_kw[-1] <= 5.0
    assert (limits(kernels, chemistry, [50.0], [70.0]).discharge_kw == 0.0).all()
    assert (limits(kernels, chemistry, [50.0], [-31.0]).discharge_kw == 0.0).all()
    assert (limits(kernels, chemistry, [0.0]).discharge_kw == 0.0).all()


def test_lithium_iron_phosphate_is_not_charged_in_the_frost(kernels: ModuleType) -> None:
    answer = limits(kernels, LFP, [50.0] * 3, [-20.0, -0.1, 0.0])
    assert answer.charge_kw.tolist() == [0.0, 0.0, 0.0]
    assert (answer.discharge_kw > 0.0).all()


def test_unknown_stays_unknown(kernels: ModuleType) -> None:
    answer = limits(kernels, LFP, [math.nan, 50.0, 50.0], [25.0, math.nan, 25.0])
    assert np.isnan(answer.charge_kw).tolist() == np.isnan(answer.discharge_kw).tolist() == [True, True, False]
    assert np.isfinite(limits(kernels, LFP, [50.0]).charge_kw).all()


def test_results_may_be_written_where_the_caller_wants_them(kernels: ModuleType) -> None:
    out = kernels.battery.PowerLimits(charge_kw=np.zeros(2), discharge_kw=np.zeros(2))
    values = np.array([20.0, 95.0])
    values.flags.writeable = False
    again = kernels.battery.power_limits(LFP, charge_kw=values, discharge_kw=values, soc_pct=values, out=out)
    assert again is out
    np.testing.assert_array_equal(out.charge_kw, [20.0, 95.0 * 0.3])


def test_a_taper_is_learnt_from_what_is_seen(kernels: ModuleType) -> None:
    true = Curve.through((0, 1), (60, 0.9), (80, 0.5), (90, 0.2), (100, 0.05))
    curve = Curve(at=true.at, value=np.ones(5))
    for index in range(4000):
        soc_pct = (index * 37.7) % 100.0
        curve = kernels.battery.learn_curve(curve, soc_pct, float(np.interp(soc_pct, true.at, true.value)))
    np.testing.assert_allclose(curve.value, true.value, atol=0.01)


@given(at=st.floats(-200, 300), value=st.floats(0, 1), gain=st.floats(0, 1))
def test_learning_moves_the_curve_towards_what_was_seen_and_keeps_it_a_share(
    kernels: ModuleType, at: float, value: float, gain: float
) -> None:
    before = LFP.charge_by_soc
    after = kernels.battery.learn_curve(before, at, value, gain=gain)
    assert (after.value >= 0.0).all()
    assert (after.value <= 1.0).all()
    was, now = (float(np.interp(at, curve.at, curve.value)) for curve in (before, after))
    assert abs(value - now) <= abs(value - was) + 1e-12


def test_little_power_is_inefficient_and_much_is_not(kernels: ModuleType) -> None:
    """6 A on one phase, 16 A on one, 6 A on three, 16 A on three, at 230 V."""
    power_kw = np.array([1.38, 3.68, 4.14, 11.04])
    there = kernels.battery.efficiency(LossModel(), power_kw)
    back = kernels.battery.efficiency(LossModel(), -power_kw)
    assert there.tolist() == pytest.approx([0.753, 0.865, 0.873, 0.907], abs=1e-3)
    assert (np.diff(there * back) > 0).all()
    assert (back < 1.0).all()


def test_at_rest_nothing_is_lost_and_nothing_is_said_of_efficiency(kernels: ModuleType) -> None:
    power_kw = np.array([0.0, 0.1, math.nan])
    np.testing.assert_array_equal(kernels.battery.stored_kw(LossModel(), power_kw), [0.0, 0.0, math.nan])
    np.testing.assert_array_equal(kernels.battery.efficiency(LossModel(), power_kw), [math.nan, 0.0, math.nan])


@given(power_kw=st.lists(st.floats(-400, 400), min_size=1, max_size=20))
def test_energy_is_never_made(kernels: ModuleType, power_kw: list[float]) -> None:
    power = np.array(power_kw)
    stored = kernels.battery.stored_kw(LossModel(), power)
    assert (stored <= power).all()
    np.testing.assert_array_equal(stored, battery.stored_kw(LossModel(), power))


def test_measured_onboard_chargers_lose_about_what_the_model_says() -> None:
    cars = json.loads(data("ev_specs", "ev_specs_v2g_enabled2024.json").read_text())
    errors = []
    for car in cars.values():
        for phases, key in ((1, "1ph_ch_efficiency"), (3, "3ph_ch_efficiency")):
            for current_a, percent in zip(car["ch_current"], car[key], strict=True):
                if percent:
                    power_kw = np.array([0.23 * phases * current_a])
                    errors.append(100.0 * float(battery.efficiency(LossModel(), power_kw)[0]) - percent)
    assert len(errors) > 100
    assert abs(np.mean(errors)) < 3.0
    assert np.mean(np.abs(errors)) < 4.0


def test_real_cars_charge_no_faster_than_their_limits_and_taper_only_where_they_are_fast() -> None:
    cars = json.loads(data("ev_specs", "ev_specs.json").read_text())
    fast_kw = np.array([float(car["max_dc_charge_power"]) for car in cars.values() if car["max_dc_charge_power"]])
    onboard_kw = np.array([float(car["max_ac_charge_power"]) for car in cars.values() if car["max_dc_charge_power"]])
    for soc_pct, tapers in ((50.0, False), (99.9, True)):
        socs = np.full(fast_kw.size, soc_pct)
        limit_kw = battery.power_limits(NMC, charge_kw=fast_kw, discharge_kw=fast_kw, soc_pct=socs).charge_kw
        assert (limit_kw <= fast_kw).all()
        assert bool((np.minimum(limit_kw, onboard_kw) < onboard_kw).any()) == tapers


def test_the_gate_lets_the_healthy_pass_and_knows_who_did_not(kernels: ModuleType) -> None:
    soh_pct = np.array([69.9, 70.0, 70.5, 71.0, math.nan])
    may = kernels.battery.may_discharge
    assert may(soh_pct, 70.0).tolist() == [False, True, True, True, False]
    assert may(soh_pct, 70.0, np.zeros(5, np.bool_)).tolist() == [False, False, False, True, False]
    assert may(soh_pct, 0.0).all()


def test_the_state_of_charge_follows_from_energy_or_stays_unknown(kernels: ModuleType) -> None:
    unknown = math.nan
    answer = kernels.battery.estimate_soc(
        known_pct=np.array([50.0, 50.0, 90.0, unknown, 50.0, 50.0]),
        known_deviation_pct=np.array([0.3, 0.3, 0.3, 0.3, unknown, 0.3]),
        stored_kwh=np.array([6.0, -6.0, 30.0, 6.0, 6.0, unknown]),
        capacity_kwh=np.full(6, 60.0),
        capacity_deviation_kwh=np.full(6, 3.0),
    )
    np.testing.assert_array_equal(answer.soc_pct, [60.0, 40.0, 100.0, unknown, unknown, unknown])
    assert answer.deviation_pct[:2].tolist() == pytest.approx([math.hypot(0.3, 0.5)] * 2)
    assert np.isnan(answer.deviation_pct[3:]).all()
