"""Sound arguments for everything that a kernel offers: where the fuzz test starts from.

There is an entry for every public function, and for every public class that does something one that calls all its
methods; the test fails where one is missing. Dataclasses need none: they occur in the arguments or in the answers.
"""

from tests.kernels import fuzz_allocation, fuzz_demand, fuzz_planning, fuzz_thermal
from tests.kernels.fuzz_example import Example

EXAMPLES: dict[str, Example] = {
    **fuzz_allocation.EXAMPLES,
    **fuzz_demand.EXAMPLES,
    **fuzz_planning.EXAMPLES,
    **fuzz_thermal.EXAMPLES,
}
"""By package and name."""
