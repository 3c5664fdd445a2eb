"""What a benchmark's rows say and how they are judged."""

import json
import math
from pathlib import Path

import pytest

from benchmarks.parts.report import Row, as_json, as_table, write_page


@pytest.mark.parametrize(
    ("value", "met", "aimed"), [(0.9, True, True), (1.0, True, True), (1.5, True, False), (2.1, False, False)]
)
def test_a_time_keeps_its_target_from_below(value: float, met: bool, aimed: bool) -> None:
    row = Row(row="time", value=value, unit="ms", must=2.0, aim=1.0)
    assert (row.met, row.aimed) == (met, aimed)


@pytest.mark.parametrize(
    ("value", "met", "aimed"), [(300, True, True), (250, True, True), (51, True, False), (49, False, False)]
)
def test_a_lead_keeps_its_target_from_above(value: float, met: bool, aimed: bool) -> None:
    row = Row(row="lead", value=value, unit="x", must=50, aim=250, at_least=True)
    assert (row.met, row.aimed) == (met, aimed)


@pytest.mark.parametrize("at_least", [False, True])
def test_what_is_not_a_number_keeps_no_target(at_least: bool) -> None:
    assert not Row(row="broken", value=math.nan, unit="ms", must=2.0, at_least=at_least).met


def test_a_figure_without_a_target_cannot_miss_it() -> None:
    row = Row(row="plain", value=7.0, unit="ms")
    assert row.met
    assert not row.aimed


def test_the_ratio_is_ours_over_the_rivals() -> None:
    row = Row(row="time", value=2.0, unit="ms", rival="other", rival_value=8.0)
    assert row.ratio == 0.25
    assert json.loads(as_json([row]))[0]["ratio"] == 0.25


def test_the_table_names_rivals_targets_and_verdicts() -> None:
    table = as_table(
        "title",
        [
            Row(row="quick", value=0.5, unit="ms", rival="other", rival_value=2000.0, must=2, aim=1),
            Row(row="lead", value=60, unit="x", must=50, aim=250, at_least=True),
            Row(row="slow", value=3, unit="ms", must=2),
            Row(row="plain", value=3, unit="ms"),
        ],
    )
    title, _, _, _, quick, lead, slow, plain = table.splitlines()
    assert title == "title"
    assert quick.split() == ["quick", "0.5", "ms", "2,000", "ms", "(other)", "0.00025", "<=", "2", "<=", "1", "aim"]
    assert lead.split() == ["lead", "60", "x", ">=", "50", ">=", "250", "yes"]
    assert slow.split()[-1] == "NO"
    assert plain.split() == ["plain", "3", "ms"]


def test_the_page_shows_table_machine_and_the_picture_that_there_is(tmp_path: Path) -> None:
    rows = [Row(row="a | b", value=0.5, unit="ms", must=2)]
    page = write_page("probe", "title", rows, "a machine", folder=tmp_path).read_text()
    assert page.startswith("# Probe\n")
    assert "| a \\| b | 0.5 ms |  |  | &lt;= 2 |  | yes |" in page
    assert page.endswith("\na machine\n")
    assert "svg" not in page
    (tmp_path / "probe.svg").touch()
    assert "](probe.svg)" in write_page("probe", "title", rows, "a machine", folder=tmp_path).read_text()
