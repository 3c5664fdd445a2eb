"""Every test of a kernel runs twice: with what the package imports, and with the same sources uncompiled."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
import sys
from types import ModuleType

import pytest

from tests.kernels.allocation_problems import Allocate
import tidewatt.kernels

PACKAGE = Path(tidewatt.kernels.__file__).parent
UNCOMPILED = "kernels_uncompiled"


class SourcesOnly(MetaPathFinder):
    """Finds the kernels under another name and looks at their `.py` files only."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return the spec of the package or of anything in it, None for everything else."""
        if fullname.partition(".")[0] != UNCOMPILED:
            return None
        if path is None:
            return spec_from_file_location(fullname, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)])
        return FileFinder(path[0], (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)


@pytest.fixture(scope="session")
def uncompiled() -> Iterator[ModuleType]:
    """The package of all kernels from its Python sources; `uncompiled.allocation.allocate` and so on."""
    finder = SourcesOnly()
    sys.meta_path.insert(0, finder)
    try:
        yield import_module(UNCOMPILED)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == UNCOMPILED]:
            del sys.modules[name]


@pytest.fixture(scope="session", params=["installed", "uncompiled"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    """The kernels as the package imports them (compiled where there was a compiler), and uncompiled."""
    if request.param == "installed":
        return tidewatt.kernels
    module: ModuleType = request.getfixturevalue("uncompiled")
    return module


@pytest.fixture(scope="session")
def allocate(kernels: ModuleType) -> Allocate:
    function: Allocate = kernels.allocation.allocate
    return function


@pytest.fixture(scope="session")
def allocate_uncompiled(uncompiled: ModuleType) -> Allocate:
    function: Allocate = uncompiled.allocation.allocate
    return function
