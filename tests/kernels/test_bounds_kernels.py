"""The same fuzz in a build that checks every index: what would be a silent read beside an array raises there."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.kernels.fuzz_examples import PACKAGES
from tests.kernels.fuzz_process import CASES, ROOT, fuzz
from tidewatt.kernels import COMPILED

PROBE = """
import cython
import numpy as np

@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def read(values: cython.double[::1], index: cython.Py_ssize_t) -> cython.double:
    return values[index]

def beside() -> float:
    return read(np.zeros(3), 3)
"""
"""A kernel that reads beside its array, where no exception can be raised."""

ASK = "from tidewatt.kernels._probe import beside; beside()"

pytestmark = [
    pytest.mark.skipif(not COMPILED, reason="there was no compiler when this environment was set up"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package whose kernels check bounds."""
    folder = tmp_path_factory.mktemp("checked")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("*.so", "*.c", "*.egg-info"))
    (folder / "core" / "tidewatt" / "kernels" / "_probe.py").write_text(PROBE)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        env=os.environ | {"TIDEWATT_CHECK_BOUNDS": "1", "TIDEWATT_REQUIRE_COMPILED": "1"},
        check=True,
        capture_output=True,
    )
    return folder / "core"


def test_the_build_checks_bounds(checked: Path) -> None:
    asked = subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-c", ASK],
        env=os.environ | {"PYTHONPATH": str(checked)},
        cwd=checked,
        check=False,
        capture_output=True,
        text=True,
    )
    assert "IndexError" in asked.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_no_index_is_out_of_bounds(package: str, checked: Path, tmp_path: Path) -> None:
    assert fuzz(package, tmp_path, cases=CASES // 2, packages=checked) == ""
