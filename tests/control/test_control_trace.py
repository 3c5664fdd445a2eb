"""What was decided can be decided once more, to the last bit."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tests.control.control_rig import Rig
from tidewatt.control import Memory, TraceWriter, replay
from tidewatt.site import OcppEndpoint


def recorded(path: Path, cycles: int = 60) -> Path:
    """Record a plant whose house load changes all the time."""
    plant = Plant(
        site(charger("a"), charger("b", weight=2.0), fuse_a=20.0),
        {"a": Car(), "b": Car(phases=1)},
        house_a=lambda now_s: (4 + 3 * math.sin(now_s), 2 + math.cos(now_s / 7), 1 / 3),
    )
    with TraceWriter(path) as trace:
        for _ in range(cycles):
            before = plant.memory
            plant.run(1)
            assert plant.decision is not None
            trace.record(plant.snapshot(), before, plant.decision)
    return path


def test_every_cycle_is_decided_as_recorded(tmp_path: Path) -> None:
    result = replay(recorded(tmp_path / "trace.jsonl"))
    assert (result.cycles, result.difference) == (60, None)


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    path = recorded(tmp_path / "trace.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    document = json.loads(lines[30])
    document["decision"]["setpoints"][1]["current_a"] += 1.0
    lines[30] = json.dumps(document) + "\n"
    path.write_text("".join(lines))
    result = replay(path)
    assert result.cycles == 30
    assert result.difference is not None
    assert result.difference.startswith("line 31: recorded Setpoint(charger_id='b'")


def test_a_last_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = recorded(tmp_path / "trace.jsonl", cycles=10)
    path.write_text(path.read_text()[:-20])
    assert replay(path).cycles == 9


@pytest.mark.parametrize("text", ["not json\n", "[]\n", "7\n", '{"snapshot": {}}\n', '{"version": 99}\n'])
def test_what_is_no_trace_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match="line 1"):
        replay(path)


async def test_a_running_controller_records_what_it_decides(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    endpoint = OcppEndpoint(station_id="CP-1", password="hunter2", id_tags=("TAG7",))  # noqa: S106 - must not be found
    rig = Rig(site(charger("a", endpoint=endpoint), fuse_a=20.0))
    with TraceWriter(path) as trace:
        async with rig.running(trace):
            rig.plug("a")
            for number in range(12):
                await rig.read_meter(2.0 + number / 3, 2.0, 2.0)
                rig.clock.now_s += 1.1
            rig.controller.update(site(charger("a", endpoint=endpoint), fuse_a=16.0), rig.ports)
            await rig.read_meter(9.0, 2.0, 2.0)
    result = replay(path)
    assert result.difference is None
    assert result.cycles == len(rig.cycles)
    assert "hunter2" not in path.read_text()
    assert "TAG7" not in path.read_text()


def test_readings_that_are_no_numbers_are_recorded_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    plant = Plant(site(charger("a")), {"a": Car()}, house_a=lambda _: (math.nan, math.inf, 1.0))
    plant.run(1)
    assert plant.decision is not None
    with TraceWriter(path) as trace:
        trace.record(plant.snapshot(), Memory(), plant.decision)
    assert replay(path).difference is None


def test_a_trace_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(1)
    assert plant.decision is not None
    with TraceWriter(tmp_path / "no" / "such" / "folder.jsonl") as trace:
        for _ in range(10):
            trace.record(plant.snapshot(), plant.memory, plant.decision)
