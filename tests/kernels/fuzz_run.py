"""Throws broken arguments at the kernels of one package: `python -m tests.kernels.fuzz_run PACKAGE CASES JOURNAL`.

Allowed are a sound answer, or ValueError and TypeError that name a field. Everything else is printed as a finding, and
the exit status is 1. This is a process of its own, so that a crash or an endless loop ends this one only; the journal
says what it was at. `python -m tests.kernels.fuzz_run EXAMPLE --seed SEED` repeats one case.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
import faulthandler
import os
from pathlib import Path
import resource
import sys
import traceback
import warnings
import zlib

import numpy as np

from tests.kernels.fuzz_example import Example
from tests.kernels.fuzz_examples import EXAMPLES
from tests.kernels.fuzz_mutations import Arguments, at, broken, leaves

LONGEST_CASE_S = 20.0
MOST_MEMORY = 4 << 30
SHOWN = 12

type Finding = str
unraisable: list[BaseException | None] = []


def main() -> int:
    """Run the cases, print what was found, and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("cases", type=int, nargs="?", default=1)
    parser.add_argument("journal", type=Path, nargs="?", default=Path(os.devnull))
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    sys.unraisablehook = lambda occurrence: unraisable.append(occurrence.exc_value)
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    chosen = [name for name in EXAMPLES if name == arguments.what or name.startswith(f"{arguments.what}.")]
    if not chosen:
        parser.error(f"there is no example of {arguments.what}")
    seeds = range(arguments.cases) if arguments.seed is None else [arguments.seed]
    findings: dict[str, tuple[str, int]] = {}
    with arguments.journal.open("wb", buffering=0) as journal:
        for name in chosen:
            for seed in seeds:
                journal.seek(0)
                journal.write(f"{name} --seed {seed}\n{'':20}".encode())
                finding = case(EXAMPLES[name], name, seed)
                if finding is not None:
                    findings.setdefault(finding, (name, seed))
    for finding, (name, seed) in list(findings.items())[:SHOWN]:
        sys.stdout.write(f"{finding}\n    again: python -m tests.kernels.fuzz_run {name} --seed {seed}\n\n")
    return 1 if findings else 0


def case(example: Example, name: str, seed: int) -> Finding | None:
    """Run one case and return what was wrong."""
    names, put_together = made(example, name, seed)
    unraisable.clear()
    faulthandler.dump_traceback_later(LONGEST_CASE_S, exit=True)
    try:
        finding = outcome(example, put_together, names)
    finally:
        faulthandler.cancel_dump_traceback_later()
    if unraisable:
        return f"{name}: raised where nothing can be raised: {unraisable[0]!r}"
    return finding and f"{name}: {finding}"


def made(example: Example, name: str, seed: int) -> tuple[set[str], Callable[[], Arguments]]:
    """Return what a refusal may name, and what puts the broken arguments together."""
    random = np.random.default_rng([zlib.crc32(name.encode()), seed])
    sound = example.make(random)
    names = {part for leaf in leaves(sound) for part in leaf if not part.isdigit()}
    return names | example.names, broken(random, sound)


def outcome(example: Example, put_together: Callable[[], Arguments], names: set[str]) -> Finding | None:
    """Return what is wrong with the outcome of one call."""
    try:
        arguments = put_together()
        before = fingerprint(arguments, example.written)
        answer = example.run(**arguments)
        if fingerprint(arguments, example.written) != before:
            return "changed its arguments"
        return next(unsound(example, "answer", answer), None)
    except (ValueError, TypeError) as error:
        if any(name in str(error) for name in names):
            return None
        return f"names no field: {trace(error)}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return trace(error)


def unsound(example: Example, name: str, answer: object) -> Iterator[Finding]:
    """Yield every part of an answer that is no number where one is promised."""
    if is_dataclass(answer):
        for field in fields(answer):
            yield from unsound(example, field.name, getattr(answer, field.name))
    elif isinstance(answer, tuple | list):
        for part in answer:
            yield from unsound(example, name, part)
    elif isinstance(answer, float) or (isinstance(answer, np.ndarray) and answer.dtype.kind in "fc"):
        if name not in example.missing and np.isnan(answer).any():
            yield f"{name} is not a number"
        if name not in example.infinite and np.isinf(answer).any():
            yield f"{name} is infinite"


def fingerprint(arguments: Arguments, written: frozenset[str]) -> int:
    """Return a number that changes with the bytes of any array that is neither huge nor to be written to."""
    result = 0
    for leaf in leaves({name: value for name, value in arguments.items() if name not in written}):
        value = at(arguments, leaf)
        if isinstance(value, np.ndarray) and value.size < 10_000 and not value.dtype.hasobject:
            result = zlib.crc32(value.tobytes(), result)
    return result


def trace(error: BaseException) -> str:
    """Return the error and the place in our code that it came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "kernels" in frame.filename]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} ({frames[-1].line})" if frames else ""
    return f"{type(error).__name__}: {str(error)[:200]}{place}"


if __name__ == "__main__":
    sys.exit(main())
