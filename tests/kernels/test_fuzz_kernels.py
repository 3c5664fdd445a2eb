"""Whatever is thrown at a kernel, it answers soundly or names the field it cannot use: no crash, no endless loop.

`TIDEWATT_FUZZ_CASES` says how many cases each public callable has to stand.
"""

from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from functools import partial
from importlib import import_module
import inspect
from pathlib import Path
import shutil

import numpy as np
import numpy.typing as npt
import pytest

from tests.kernels.fuzz_example import Example
from tests.kernels.fuzz_examples import EXAMPLES, PACKAGES
from tests.kernels.fuzz_process import CASES, ROOT, digests, fuzz
from tests.kernels.fuzz_run import outcome
import tidewatt.kernels

SOUND_CASES = 20
SAME_CASES = CASES // 16

type Array = npt.NDArray[np.float64]


def public(package: str) -> Iterator[tuple[str, object]]:
    """Yield what a kernel offers that does something: no dataclasses, enumerations or exceptions."""
    module = import_module(f"tidewatt.kernels.{package}")
    for name in module.__all__:
        thing = getattr(module, name)
        plain = isinstance(thing, type) and (is_dataclass(thing) or issubclass(thing, Enum | Exception))
        if callable(thing) and not plain:
            yield name, thing


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_public_is_left_out(package: str) -> None:
    left_out = []
    for name, thing in public(package):
        example = EXAMPLES.get(f"{package}.{name}")
        if example is None:
            left_out.append(name)
        elif isinstance(thing, type):
            methods = {each for each, _ in inspect.getmembers(thing, callable) if not each.startswith("_")}
            left_out += [f"{name}.{method}" for method in methods - example.methods]
    assert left_out == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_sound_arguments_are_not_refused(name: str) -> None:
    example = EXAMPLES[name]
    for seed in range(SOUND_CASES):
        assert outcome(example, partial(example.make, np.random.default_rng(seed)), set()) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_broken_arguments_are_answered_or_refused(package: str, tmp_path: Path) -> None:
    assert fuzz(package, tmp_path) == ""


@pytest.fixture(scope="module")
def uncompiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package that has no compiled kernels."""
    packages = tmp_path_factory.mktemp("uncompiled") / "core"
    shutil.copytree(ROOT / "core", packages, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return packages


@pytest.mark.skipif(not tidewatt.kernels.COMPILED, reason="there was no compiler when this environment was set up")
@pytest.mark.parametrize("package", PACKAGES)
def test_compiled_or_not_the_same_comes_of_it(package: str, uncompiled: Path) -> None:
    compiled_lines = digests(package, cases=SAME_CASES, packages=ROOT / "core")
    uncompiled_lines = digests(package, cases=SAME_CASES, packages=uncompiled)
    assert len(compiled_lines) == SAME_CASES * len([name for name in EXAMPLES if name.startswith(f"{package}.")])
    assert [pair for pair in zip(compiled_lines, uncompiled_lines, strict=True) if pair[0] != pair[1]] == []


def test_the_fuzz_sees_what_goes_wrong() -> None:
    """A test that cannot fail would say nothing."""
    arguments = {"current_a": np.ones(3)}

    def tried(run: Callable[..., object], *names: str) -> str:
        return str(outcome(Example(run, lambda _: arguments), lambda: arguments, set(names)))

    def refuses(current_a: object) -> None:
        raise ValueError("current_a: no")

    def fails(current_a: object) -> None:
        raise KeyError("current_a")

    def overwrites(current_a: Array) -> None:
        current_a[0] += 1

    def loses(current_a: Array) -> object:
        return 1.0, current_a * np.nan

    def overflows(current_a: Array) -> object:
        return [current_a * np.inf]

    assert tried(refuses, "current_a") == "None"
    assert "names no field" in tried(refuses)
    assert "KeyError" in tried(fails, "current_a")
    assert "changed its arguments" in tried(overwrites)
    assert "not a number" in tried(loses)
    assert "infinite" in tried(overflows)
