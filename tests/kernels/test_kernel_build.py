"""The package builds with compiled kernels, and without a compiler as plain Python, unless that is forbidden."""

import os
from pathlib import Path
import shutil
import subprocess
import sys
from zipfile import ZipFile

import pytest

from tidewatt.kernels import COMPILED

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).resolve().parents[2]
KERNEL = "tidewatt/kernels/allocation/_filling"

BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
"""What every build front end calls."""

TRY = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from tidewatt import kernels
from tidewatt.kernels.allocation import AllocationProblem, allocate
free, one = np.full(1, np.inf), np.ones(1)
answer = allocate(AllocationProblem(
    parent=np.array([-1], np.int32), import_limit_a=np.full((1, 3), 25.0), export_limit_a=np.zeros((1, 3)),
    base_a=np.full((1, 3), 5.0), total_import_limit_w=free, total_export_limit_w=free, imbalance_limit_a=free,
    voltage_v=np.full(3, 230.0), circuit=np.zeros(1, np.int32), phases=np.array([7], np.uint8), minimum_a=6 * one,
    maximum_a=32 * one, direction=np.ones(1, np.int8), step_a=one, weight=one, locked_on=np.zeros(1, np.bool_),
    incumbent=np.zeros(1, np.bool_), deficit=np.zeros(1),
    tier=np.zeros(1, np.uint8), relied_a=np.zeros(1),
))
print(kernels.COMPILED, kernels.__file__.startswith(sys.argv[1]), answer.current_a[0])
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the package is built from, without anything built."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "core", folder / "core", ignore=shutil.ignore_patterns("*.so", "*.c", "*.egg-info", "__pycache__")
    )
    return folder


def build(sources: Path, wheels: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build a wheel into a folder, not optimised."""
    wheels.mkdir(exist_ok=True)
    return subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-c", BUILD, str(wheels)],
        cwd=sources,
        env=os.environ | {"CFLAGS": "-O0"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def tried(packages: Path) -> list[str]:
    """Import the kernels from a wheel or folder in a fresh interpreter and share 20 A among one charger."""
    run = subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-c", TRY, str(packages)], capture_output=True, text=True, check=True, cwd=packages.parent
    )
    return run.stdout.split()


def test_without_a_compiler_the_wheel_is_plain_python_and_the_build_says_so(sources: Path, tmp_path: Path) -> None:
    built = build(sources, tmp_path, CC="/bin/false", TIDEWATT_REQUIRE_COMPILED="0")
    assert built.returncode == 0, built.stderr
    assert "THE KERNELS WERE NOT COMPILED" in built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    names = ZipFile(wheel).namelist()
    assert f"{KERNEL}.py" in names
    assert not [name for name in names if name.endswith((".so", ".c"))]
    assert tried(wheel) == ["False", "True", "20.0"]


def test_a_release_build_without_a_compiler_fails(sources: Path, tmp_path: Path) -> None:
    built = build(sources, tmp_path, CC="/bin/false", TIDEWATT_REQUIRE_COMPILED="1")
    assert built.returncode != 0
    assert not list(tmp_path.glob("*.whl"))


@pytest.mark.skipif(not COMPILED, reason="there was no compiler when this environment was set up")
def test_with_a_compiler_the_wheel_holds_every_kernel_as_source_and_as_machine_code(
    sources: Path, tmp_path: Path
) -> None:
    built = build(sources, tmp_path, TIDEWATT_REQUIRE_COMPILED="1")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert not wheel.name.endswith("-any.whl")
    names = ZipFile(wheel).namelist()
    compiled = {name.partition(".")[0] for name in names if name.endswith((".so", ".pyd"))}
    assert KERNEL in compiled
    assert {f"{name}.py" for name in compiled} <= set(names)
    assert not [name for name in names if name.endswith(".c")]
    unpacked = tmp_path / "unpacked"
    ZipFile(wheel).extractall(unpacked)
    assert tried(unpacked) == ["True", "True", "20.0"]
