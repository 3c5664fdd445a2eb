"""Every unit says why it has what it has, and a shortfall says what it is from."""

import math
from types import ModuleType
from typing import Any

from hypothesis import given, settings
import numpy as np
import pytest

from tests.kernels.dispatch_fleets import PERIOD_S, fleet, fleets
from tests.kernels.dispatch_judge import EXCLUSIONS
from tidewatt.kernels.dispatch import Dispatch, DispatchReason, Fleet

LEAVES_NOW = {"target_soc_pct": 80.0, "departure_h": 0.0}


def ask(kernels: ModuleType, some: Fleet, setpoint_kw: float, law: str = "PROPORTIONAL") -> Dispatch:
    part = kernels.dispatch
    chosen = part.DispatchSettings(period_s=PERIOD_S, law=part.Law[law])
    answer: Dispatch = part.Dispatcher(some.soc_pct.size, chosen).dispatch(some, setpoint_kw)
    return answer


@pytest.mark.parametrize(
    ("columns", "setpoint_kw", "power_kw", "reason"),
    [
        ({}, 5.0, 5.0, DispatchReason.SHARE),
        ({}, -5.0, -5.0, DispatchReason.SHARE),
        ({}, 0.0, 0.0, DispatchReason.NOT_CALLED),
        ({}, 20.0, 11.0, DispatchReason.POWER_LIMIT),
        ({}, -20.0, -11.0, DispatchReason.POWER_LIMIT),
        ({"discharge_limit_kw": 0.0}, -5.0, 0.0, DispatchReason.NOT_BIDIRECTIONAL),
        ({"soc_pct": 95.0}, 5.0, 0.0, DispatchReason.SOC_CEILING),
        ({"soc_pct": 99.0}, 5.0, 0.0, DispatchReason.SOC_CEILING),
        ({"soc_pct": 94.98}, 20.0, 4.3, DispatchReason.SOC_CEILING),
        ({"soc_pct": 15.0}, -5.0, 0.0, DispatchReason.SOC_FLOOR),
        ({"soc_pct": 5.0}, -5.0, 0.0, DispatchReason.SOC_FLOOR),
        ({"soc_pct": 15.02}, -20.0, -4.3, DispatchReason.SOC_FLOOR),
        ({"soc_pct": 15.0}, 5.0, 5.0, DispatchReason.SHARE),
        ({"ramp_kw_per_s": 0.2}, 5.0, 2.0, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.2}, -5.0, -2.0, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.2, "previous_kw": 8.0}, -5.0, 6.0, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.2, "previous_kw": -8.0}, 5.0, -6.0, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.0, "previous_kw": 3.14}, 9.0, 3.1, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.0, "previous_kw": -3.14}, 9.0, -3.1, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.2, "previous_kw": 22.0}, 0.0, 11.0, DispatchReason.RAMP),
        (LEAVES_NOW, 0.0, 11.0, DispatchReason.MUST_CHARGE),
        (LEAVES_NOW, -9.0, 11.0, DispatchReason.MUST_CHARGE),
        ({**LEAVES_NOW, "ramp_kw_per_s": 0.2}, -9.0, 2.0, DispatchReason.MUST_CHARGE),
        ({"target_soc_pct": 80.0, "departure_h": 3.0}, -9.0, -9.0, DispatchReason.SHARE),
        ({"reachable": False}, 5.0, 0.0, DispatchReason.UNREACHABLE),
        ({"soh_pct": 69.0}, 5.0, 0.0, DispatchReason.LOW_HEALTH),
        ({"temperature_c": 51.0}, 5.0, 0.0, DispatchReason.OVER_TEMPERATURE),
        ({"soc_pct": math.nan}, 5.0, 0.0, DispatchReason.UNKNOWN_STATE),
        ({"soh_pct": math.nan}, 5.0, 0.0, DispatchReason.UNKNOWN_STATE),
        ({"temperature_c": math.nan}, 5.0, 0.0, DispatchReason.UNKNOWN_STATE),
        ({**LEAVES_NOW, "reachable": False}, 5.0, 11.0, DispatchReason.UNREACHABLE),
        ({**LEAVES_NOW, "soh_pct": 60.0}, -5.0, 11.0, DispatchReason.LOW_HEALTH),
        (
            {"target_soc_pct": 80.0, "departure_h": 0.0, "temperature_c": 60.0},
            5.0,
            0.0,
            DispatchReason.OVER_TEMPERATURE,
        ),
        ({"temperature_c": 60.0, "previous_kw": 9.0, "ramp_kw_per_s": 0.1}, 5.0, 0.0, DispatchReason.OVER_TEMPERATURE),
    ],
    ids=str,
)
def test_one_unit_alone(
    kernels: ModuleType, columns: dict[str, Any], setpoint_kw: float, power_kw: float, reason: DispatchReason
) -> None:
    answer = ask(kernels, fleet(1, **columns), setpoint_kw)
    assert (answer.power_kw[0], DispatchReason(int(answer.reason[0]))) == (power_kw, reason)


def test_by_the_strict_law_one_has_a_share_and_those_after_it_stand_by(kernels: ModuleType) -> None:
    answer = ask(kernels, fleet(soc_pct=[50, 80, 60, 40]), -16.0, "STRICT")
    assert answer.power_kw.tolist() == [0.0, -11.0, -5.0, 0.0]
    assert [DispatchReason(int(reason)) for reason in answer.reason] == [
        DispatchReason.NOT_CALLED,
        DispatchReason.POWER_LIMIT,
        DispatchReason.SHARE,
        DispatchReason.NOT_CALLED,
    ]


@settings(deadline=None, max_examples=40)
@given(some=fleets())
def test_an_excluded_unit_is_never_dispatched(kernels: ModuleType, some: Fleet) -> None:
    powers = [ask(kernels, some, setpoint_kw) for setpoint_kw in (-1000.0, 0.0, 1000.0)]
    for one in powers[1:]:
        excluded = np.isin(one.reason, list(EXCLUSIONS))
        np.testing.assert_array_equal(excluded, np.isin(powers[0].reason, list(EXCLUSIONS)))
        np.testing.assert_array_equal(one.power_kw[excluded], powers[0].power_kw[excluded])
        assert (one.power_kw[excluded] >= 0).all()


@settings(deadline=None, max_examples=40)
@given(some=fleets())
def test_every_unit_has_a_reason(kernels: ModuleType, some: Fleet) -> None:
    for setpoint_kw in (-1000.0, -7.0, 0.0, 7.0, 1000.0):
        reasons = ask(kernels, some, setpoint_kw).reason
        assert ((reasons > DispatchReason.NONE) & (reasons <= max(DispatchReason))).all()


@pytest.mark.parametrize(
    ("columns", "setpoint_kw", "shortfall_kw", "reason"),
    [
        ({}, 30.0, 0.0, DispatchReason.NONE),
        ({}, 34.0, 1.0, DispatchReason.POWER_LIMIT),
        ({}, -34.0, -1.0, DispatchReason.POWER_LIMIT),
        ({"ramp_kw_per_s": 0.2}, 30.0, 24.0, DispatchReason.RAMP),
        ({"ramp_kw_per_s": 0.2}, 300.0, 294.0, DispatchReason.POWER_LIMIT),
        ({"soc_pct": [15, 15, 50]}, -30.0, -19.0, DispatchReason.SOC_FLOOR),
        ({"soc_pct": [96, 15, 96]}, 30.0, 19.0, DispatchReason.SOC_CEILING),
        ({"reachable": [True, False, False]}, 30.0, 19.0, DispatchReason.UNREACHABLE),
        ({"temperature_c": [60, 25, 55]}, 30.0, 19.0, DispatchReason.OVER_TEMPERATURE),
        ({"soh_pct": [60, 95, 55]}, 30.0, 19.0, DispatchReason.LOW_HEALTH),
        (LEAVES_NOW, 0.0, -33.0, DispatchReason.MUST_CHARGE),
        ({"discharge_limit_kw": 0.0}, -5.0, -5.0, DispatchReason.POWER_LIMIT),
    ],
    ids=str,
)
def test_a_shortfall_names_what_keeps_most_of_it(
    kernels: ModuleType, columns: dict[str, Any], setpoint_kw: float, shortfall_kw: float, reason: DispatchReason
) -> None:
    answer = ask(kernels, fleet(3, **columns), setpoint_kw)
    assert answer.shortfall_kw == pytest.approx(shortfall_kw, abs=1e-9)
    assert answer.shortfall_reason == reason
