"""What 100,000 chargers take in memory, and that it stays at that."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from tests.kernels.memory_run import CYCLES
from tidewatt.kernels import COMPILED

ROOT = Path(__file__).resolve().parents[2]
PEAK_MB = 200.0
GROWTH_MB = 4.0
"""Twenty cycles that each kept a single array of 100,000 numbers would take four times as much."""


@pytest.mark.skipif(not COMPILED, reason="there was no compiler when this environment was set up")
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux says how much memory a process has had")
@pytest.mark.parametrize("kernel", CYCLES)
def test_100000_chargers_stay_below_200_mb_cycle_after_cycle(kernel: str) -> None:
    measured = subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-m", "tests.kernels.memory_run", kernel],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    warm_mb, later_mb = map(float, measured.stdout.split())
    assert later_mb < PEAK_MB
    assert later_mb - warm_mb < GROWTH_MB
