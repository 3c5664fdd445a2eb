"""Runs the fuzz in a process of its own and says what came of it."""

import os
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
CASES = int(os.environ.get("TIDEWATT_FUZZ_CASES", "4000"))
"""For each public callable. A million of them is a night's work."""

DEADLINE_S = 60 + CASES / 10


def fuzz(package: str, folder: Path, *, cases: int = CASES, packages: Path = ROOT / "core") -> str:
    """Return what was found in one package of kernels, nothing where all is well.

    Args:
        package: of `tidewatt.kernels`.
        folder: for the journal.
        cases: for each public callable.
        packages: the folder that `tidewatt` is imported from.
    """
    journal = folder / f"{package}.journal"
    try:
        process = _run("fuzz_run", packages, package, str(cases), str(journal))
    except subprocess.TimeoutExpired:
        return f"not finished in {DEADLINE_S:.0f} s, at {journal.read_text()}"
    if process.returncode == 0:
        return ""
    if process.returncode == 1 and process.stdout:
        return process.stdout
    return f"ended with {process.returncode} at {journal.read_text()}\n{process.stderr[-3000:]}"


def digests(package: str, *, cases: int, packages: Path) -> list[str]:
    """Return what came of every case, a line each; the last one tells of a process that did not come to its end."""
    process = _run("fuzz_digest", packages, package, str(cases))
    failure = [process.stderr[-3000:]] if process.returncode else []
    return process.stdout.splitlines() + failure


def _run(module: str, packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-m", f"tests.kernels.{module}", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
