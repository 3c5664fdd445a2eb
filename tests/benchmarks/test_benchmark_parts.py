"""Timing, pictures, and the command: what every benchmark is built on."""

import gc
import importlib
import inspect
from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from benchmarks.parts.machine import machine, versions
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import best_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))
CURVES = [
    Curve("tidewatt", [10, 1000], [1e-6, 1e-4], ours=True),
    Curve("other & co", [10, 100], [1e-3, 0.1]),
]


@pytest.mark.parametrize("least", [1, 5])
def test_a_function_runs_at_least_so_often(least: int) -> None:
    calls: list[bool] = []
    timing = best_of(lambda: calls.append(gc.isenabled()), budget_s=0.0, least=least)
    assert timing.runs == len(calls) == least
    assert 0 < timing.least_s <= timing.median_s
    assert not any(calls)
    assert gc.isenabled()


def test_with_time_left_the_first_run_does_not_count() -> None:
    calls: list[None] = []
    timing = best_of(lambda: calls.append(None), budget_s=0.001, least=1)
    assert timing.runs == len(calls) - 1


def test_what_is_done_before_every_call_is_not_timed() -> None:
    order: list[str] = []

    def prepare() -> None:
        order.append("before")
        sum(range(100_000))

    timing = best_of(lambda: order.append("call"), budget_s=0.0, least=3, before=prepare)
    untimed = best_of(prepare, budget_s=0.0, least=3)
    assert order[:6] == ["before", "call"] * 3
    assert timing.least_s < untimed.least_s


def test_garbage_is_collected_again_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        best_of(lambda: 1 / 0)
    assert gc.isenabled()


def test_the_picture_names_curves_machine_and_versions(tmp_path: Path) -> None:
    path = draw("probe", "A < B", "chargers", CURVES, targets=[(1000, 1e-3)], folder=tmp_path)
    assert path == tmp_path / "probe.svg"
    texts = {"".join(element.itertext()).strip() for element in ET.fromstring(path.read_text()).iter()}  # noqa: S314 - ours
    assert {"A < B", "chargers", "tidewatt", "other & co", "target", machine(), versions()} <= texts


def test_the_same_curves_give_the_same_picture(tmp_path: Path) -> None:
    one = draw("probe", "title", "chargers", CURVES, folder=tmp_path / "one").read_text()
    other = draw("probe", "title", "chargers", CURVES, folder=tmp_path / "other").read_text()
    assert one == other


def test_the_picture_has_no_background_of_its_own(tmp_path: Path) -> None:
    text = draw("probe", "title", "chargers", CURVES, folder=tmp_path).read_text()
    assert not re.search(r"fill: (#ffffff|white|#000000|black)", text)


def test_the_command_lists_every_benchmark() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[0] for line in listed.splitlines()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_has_a_title_and_a_full_table(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.TITLE
    assert inspect.iscoroutinefunction(module.run)
    full = inspect.signature(module.run).parameters["full"]
    assert (full.kind, full.default) == (inspect.Parameter.KEYWORD_ONLY, False)
