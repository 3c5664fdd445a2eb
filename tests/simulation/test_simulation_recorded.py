"""The examples that need recorded data: they load, and what they say of the data is so."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tidewatt.simulation import CONTENDERS, Scenario, load_scenario, outcome_of, run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "simulation"

pytestmark = pytest.mark.skipif("TIDEWATT_DATA" not in os.environ, reason="TIDEWATT_DATA names no folder of data")


def load(name: str) -> Scenario:
    path = EXAMPLES / name
    return load_scenario(path, path.read_text())


def test_a_year_at_home() -> None:
    scenario = load("home_year.yaml")

    assert scenario.slots == 365 * 96
    # The profile counts 365 days of 24 hours; the days of 23 and 25 hours are not alike.
    assert scenario.base_kw[:, 0].sum() / 4 == pytest.approx(3500, rel=1e-4)
    assert scenario.import_price_per_kwh.min() < 0 < np.median(scenario.import_price_per_kwh)


def test_a_fortnight_at_the_office() -> None:
    scenario = load("office_fortnight.yaml")
    name = CONTENDERS[0]().name
    outcome = outcome_of(scenario, name, run(scenario, CONTENDERS[0]()))

    assert (len(scenario.sessions), len({session.charger for session in scenario.sessions})) == (437, 45)
    assert outcome.energy_kwh + outcome.missed_kwh == pytest.approx(4124.306)


def test_the_extract_of_the_office_is_part_of_the_recording() -> None:
    whole = {session.session_id: session for session in load("office_fortnight.yaml").sessions}

    assert all(whole[session.session_id] == session for session in load("office.yaml").sessions)
