"""Sound arguments for everything that a kernel offers: where the fuzz test starts from.

Those of a package are in `fuzz_<package>.py`: an entry for every public function, and for every public class that does
something one that calls all its methods. The test fails where one is missing. Dataclasses need none: they occur in the
arguments or in the answers.
"""

from importlib import import_module
from pathlib import Path
import pkgutil

from tests.kernels.fuzz_example import Example
import tidewatt.kernels

PACKAGES = sorted(module.name for module in pkgutil.iter_modules(tidewatt.kernels.__path__) if module.ispkg)

EXAMPLES: dict[str, Example] = {
    name: example
    for package in PACKAGES
    if Path(__file__).with_name(f"fuzz_{package}.py").exists()
    for name, example in import_module(f"tests.kernels.fuzz_{package}").EXAMPLES.items()
}
"""By package and name."""
