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
from tidewatt.kernels import allocation

PACKAGE = Path(allocation.__file__).parent
UNCOMPILED = "allocation_uncompiled"


class SourcesOnly(MetaPathFinder):
    """Finds the kernel under another name and looks at its `.py` files only."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return the spec of the package or of one of its modules, None for everything else."""
        package, _, module = fullname.partition(".")
        if package != UNCOMPILED:
            return None
        if not module:
            return spec_from_file_location(fullname, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)])
        return FileFinder(str(PACKAGE), (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)


@pytest.fixture(scope="session")
def uncompiled() -> Iterator[ModuleType]:
    """The allocation kernel from its Python sources."""
    finder = SourcesOnly()
    sys.meta_path.insert(0, finder)
    try:
        yield import_module(UNCOMPILED)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == UNCOMPILED]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def allocate_uncompiled(uncompiled: ModuleType) -> Allocate:
    function: Allocate = uncompiled.allocate
    return function


@pytest.fixture(scope="session", params=["installed", "uncompiled"])
def allocate(request: pytest.FixtureRequest) -> Allocate:
    """The kernel as the package imports it (compiled where there was a compiler), and uncompiled."""
    if request.param == "installed":
        return allocation.allocate
    function: Allocate = request.getfixturevalue("allocate_uncompiled")
    return function
