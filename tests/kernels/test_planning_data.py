"""Days of recorded prices, negative ones among them, planned to the optimum."""

import csv
from dataclasses import replace
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from benchmarks.parts.plan_lp import program
from tests.kernels.planning_judge import assert_sound, relative
from tidewatt.kernels.planning import plan
from tidewatt.kernels.planning.problem import Floats

FOLDER = os.environ.get("TIDEWATT_DATA", "")
PRICES = Path(FOLDER) / "prices" / "nl_dayahead_hourly_2022_2023.csv.gz"
pytestmark = pytest.mark.skipif(not FOLDER or not PRICES.is_file(), reason="TIDEWATT_DATA names no recorded prices")


def recorded() -> Floats:
    """Return the prices of all hours in EUR per kWh."""
    with gzip.open(PRICES, "rt", encoding="utf-8") as file:
        return np.array([float(row["EUR_per_MWh"]) / 1000.0 for row in csv.DictReader(file)])


@pytest.fixture(scope="module")
def days() -> list[Floats]:
    """The twelve days with the lowest prices, and one day in sixty of all."""
    prices = recorded()
    whole = prices[: len(prices) // 24 * 24].reshape(-1, 24)
    lowest = np.argsort(whole.min(axis=1), kind="stable")[:12]
    return [np.repeat(whole[day], 4) for day in [*lowest, *range(0, len(whole), 60)]]


@pytest.mark.parametrize("units", [1, 3])
def test_recorded_days_are_planned_to_the_optimum(days: list[Floats], units: int) -> None:
    template = Instance(units=units, family="mkt").problem()
    assert min(day.min() for day in days) < 0.0
    for spot in days:
        problem = replace(template, import_price_per_kwh=spot + 0.02, export_price_per_kwh=spot - 0.01)
        answer = plan(problem)
        assert_sound(problem, answer)
        relaxed = program(problem).solve().objective
        assert relative(answer.bound, relaxed) < (1e-6 if units > 1 else 1.0)
        if spot.min() > 0.0:
            assert abs(relative(answer.objective, relaxed)) < 1e-6
        else:
            judge = program(problem, physical=True).solve(gap=1e-4, time_limit_s=20.0).objective
            assert relative(answer.objective, judge) < 1e-3
            assert relative(answer.bound, judge) < 1e-6
