"""What the figures were measured on and with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
import os
from pathlib import Path
import platform

import tidewatt
from tidewatt import kernels

CPU_INFO = Path("/proc/cpuinfo")
LIBRARIES = {"NumPy": "numpy", "SciPy": "scipy", "HiGHS": "highspy", "cvxpy": "cvxpy", "CLARABEL": "clarabel"}
"""The name a reader knows, and that of the distribution."""


def machine() -> str:
    """Return the processor and the number of its cores that this process may use."""
    return f"{_processor()}, {len(os.sched_getaffinity(0))} cores"


def versions() -> str:
    """Return the versions of Tidewatt, Python and the rivals."""
    compiled = "compiled" if kernels.COMPILED else "uncompiled"
    libraries = [f"{name} {_version(distribution)}" for name, distribution in LIBRARIES.items()]
    return ", ".join(
        [f"tidewatt {tidewatt.__version__} ({compiled})", f"Python {platform.python_version()}", *libraries]
    )


def _processor() -> str:
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return " ".join(models[0].split()) if models else platform.processor() or platform.machine()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"
