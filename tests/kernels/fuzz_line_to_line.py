"""Sound arguments for the line-to-line kernel."""

import numpy as np
from numpy.random import Generator

from tests.kernels.fuzz_example import Example, tree
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import line_to_line
from tidewatt.kernels.line_to_line.problem import Floats

THREE = 120 * np.exp(-2j * np.pi / 3 * np.arange(3))
SPLIT = np.array([120, -120, 0], np.complex128)


def one_site(random: Generator) -> Arguments:
    """Return the arguments of `every_answer`."""
    circuits, chargers = int(random.integers(1, 5)), int(random.integers(0, 8))
    behind = np.arange(circuits) > 0
    minimum_a = random.choice([0.0, 6.0], chargers)
    limit_a = random.uniform(0, 100, (circuits, 4))
    magnitude_a, angle = random.uniform(0, 20, (circuits, 3)), random.uniform(-np.pi, np.pi, (circuits, 3))
    return {
        "site": line_to_line.LineSite(
            voltage_v=THREE if random.random() < 0.7 else SPLIT,
            parent=tree(random, circuits),
            turns_ratio=np.where(behind & (random.random(circuits) < 0.3), 4.0, 0.0),
            circuit=random.integers(0, circuits, chargers, np.int32),
            lines=random.integers(1, 8, chargers, np.uint8),
            lag_deg=random.choice([0.0, 5.0, -30.0], chargers),
        ),
        "request": line_to_line.LineRequest(
            limit_a=np.where(random.random(limit_a.shape) < 0.4, np.inf, limit_a),
            base_a=magnitude_a * np.exp(1j * angle),
            base_unsure_a=random.choice([0.0, 3.0], (circuits, 3)),
            minimum_a=minimum_a,
            maximum_a=minimum_a + random.uniform(0, 26, chargers),
            step_a=random.choice([0.0, 1.0], chargers),
            weight=random.choice([0.5, 1.0, 3.7], chargers),
        ),
        "current_a": random.uniform(0, 32, chargers),
    }


def every_answer(site: line_to_line.LineSite, request: line_to_line.LineRequest, current_a: Floats) -> object:
    """Ask one site everything, what it shares twice."""
    sharing = line_to_line.LineSharing(site)
    return sharing.share(request), sharing.currents(request, current_a), sharing.share(request)


EXAMPLES = {
    "line_to_line.LineSharing": Example(every_answer, one_site, methods=frozenset({"currents", "share"})),
}
