"""Builds the kernels with Cython; everything else about the package is in pyproject.toml.

Each kernel stays one `.py` file that also runs uncompiled, so a machine without a C compiler gets a working, slower
package and a loud word about it. `TIDEWATT_REQUIRE_COMPILED=1` turns that word into an error, for release builds.
`TIDEWATT_CHECK_BOUNDS=1` builds kernels that check every index, for the fuzz test. A level of optimisation in `CFLAGS`
takes the place of ours. Everything is translated and compiled on all cores.
"""

from __future__ import annotations

import os
from pathlib import Path
import sys
from sysconfig import get_config_var
from typing import Any

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

ROOT = Path(__file__).resolve().parent
SOURCES = "core"
KERNELS = "core/tidewatt/kernels/**/_[a-z]*.py"
"""Under `kernels`, the modules whose names begin with an underscore are the compiled ones."""

REQUIRE_COMPILED = "TIDEWATT_REQUIRE_COMPILED"
CHECK_BOUNDS = "TIDEWATT_CHECK_BOUNDS"

CHECKED = os.environ.get(CHECK_BOUNDS) == "1"
JOBS = os.cpu_count() or 1


def compile_arguments() -> list[str]:
    """Return what the compiler is told.

    Fused multiply-add rounds once where Python rounds twice; without it both ways to run give the same numbers.
    """
    if os.name == "nt":
        return []
    level = [] if "-O" in os.environ.get("CFLAGS", "") else ["-O0" if CHECKED else "-O3"]
    return [*level, "-ffp-contract=off", "-g0"]


def directives() -> dict[str, bool | int]:
    """Return how the kernels are translated: unchecked, or for a hunt after bad indices with every access checked."""
    return {
        "language_level": 3,
        "boundscheck": CHECKED,
        "initializedcheck": CHECKED,
        "wraparound": False,
        "cdivision": True,
    }


UNCOMPILED = """
******************************************************************************************
  tidewatt: THE KERNELS WERE NOT COMPILED. The package works, but its kernels run as plain
  Python, many times slower. Install a C compiler (Debian: apt install gcc) and rebuild.
  The reason: {reason}
******************************************************************************************
"""


class BuildKernels(build_ext):
    """Compiles all kernels or none."""

    def finalize_options(self) -> None:
        """Compile as many kernels at once as there are cores, unless told otherwise."""
        super().finalize_options()
        self.parallel = self.parallel or JOBS

    def run(self) -> None:
        """Build every kernel; without a working compiler leave them as Python, unless compiling is required."""
        try:
            super().run()
        except (BaseError, CCompilerError, OSError) as error:
            if os.environ.get(REQUIRE_COMPILED) == "1":
                raise
            self._remove_compiled()
            self.extensions = []
            self.distribution.ext_modules = []
            sys.stderr.write(UNCOMPILED.format(reason=error))

    def _remove_compiled(self) -> None:
        """A kernel compiled from an older source would be loaded before the source beside it."""
        for extension in self.extensions:
            compiled = Path(*extension.name.split(".")).with_suffix(str(get_config_var("EXT_SUFFIX")))
            (Path(self.build_lib) / compiled).unlink(missing_ok=True)
            if self.editable_mode:
                (ROOT / SOURCES / compiled).unlink(missing_ok=True)


class KernelWheel(bdist_wheel):
    """A wheel for this platform with compiled kernels, for any platform without."""

    def run(self) -> None:
        """Build the kernels first: what the wheel is depends on what came of them."""
        self.run_command("build_ext")
        self.root_is_pure = not self.distribution.has_ext_modules()
        super().run()


def kernels() -> list[Extension]:
    """Return one extension for each kernel module, translated to C under `build`."""
    extensions = [
        Extension(
            ".".join(path.relative_to(ROOT / SOURCES).with_suffix("").parts),
            [str(path.relative_to(ROOT))],
            extra_compile_args=compile_arguments(),
        )
        for path in sorted(ROOT.glob(KERNELS))
    ]
    translated: list[Extension] = cythonize(
        extensions,
        nthreads=JOBS,
        build_dir="build/cython",
        compiler_directives=directives(),
        show_all_warnings=False,
        quiet=True,
    )
    return translated


# The processes that translate import this file too.
if __name__ == "__main__":
    commands: dict[str, Any] = {"build_ext": BuildKernels, "bdist_wheel": KernelWheel}
    setup(ext_modules=kernels(), cmdclass=commands)
