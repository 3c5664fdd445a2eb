"""The reusable workspace of a site: what flows, what is violated, and how the room is shared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._admission import Admission
from ._filling import Filling
from .checks import check_currents, check_request, check_site
from .cycle import Cycle
from .problem import Floats, LineBinding, LineCurrents, LineRequest, LineShare, LineSite, Phasors
from .structure import LINES, structure

TOLERANCE_A = 1e-9


class LineSharing:
    """Vector sums of one site. Building it takes far longer than using it: keep it while the wiring stays."""

    def __init__(self, site: LineSite) -> None:
        """Work out which lines every charger loads, and in what direction.

        Raises:
            ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
        """
        check_site(site)
        self._site = site
        self._structure = structure(site)
        self._cycle = Cycle.of(self._structure)
        self._admission = Admission(self._structure, self._cycle)
        self._filling = Filling(self._structure, self._cycle)

    def currents(self, request: LineRequest, current_a: Floats) -> LineCurrents:
        """Return what flows in every line at the given currents, and the first line that cannot carry it.

        Args:
            request: limits and bases count; what the chargers can take does not.
            current_a: float64[N], zero or more.

        Raises:
            ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
        """
        check_request(self._site, request)
        check_currents(self._site, current_a)
        self._take(request)
        cycle, unsure_a = self._cycle, _with_neutral(request.base_unsure_a)
        cycle.current_a[:] = current_a
        self._admission.load()
        worst_a = np.empty(cycle.limit_a.size)
        self._admission.longest_a(worst_a)
        worst_a += unsure_a.reshape(-1)
        violated = np.flatnonzero(worst_a > request.limit_a.reshape(-1) + TOLERANCE_A)
        circuit, line = divmod(int(violated[0]), LINES) if violated.size else (-1, -1)
        return LineCurrents(
            line_a=self._line_a(),
            worst_a=worst_a.reshape(-1, LINES),
            violated_circuit=circuit,
            violated_line=line,
        )

    def share(self, request: LineRequest) -> LineShare:
        """Share the room of the lines among the chargers.

        By descending weight everybody is let in at the minimum who fits beside those before; of equal weights who is
        listed first. From there a common level rises and everybody has `clip(weight x level, minimum, maximum)`, until
        a line's current reaches its limit and stops those that make it longer: weighted max-min fair, exact to 1e-9 A.
        Chargers with steps are rounded down; then, in the order of what they lack of their fair current for their
        weight, each gets one step more if it fits, and what is left goes to those without steps.

        The answer keeps every limit also when any chargers take less than they are given, or nothing. Where the base
        alone is above a limit, nobody gets anything who is connected to that line.

        Raises:
            ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
        """
        check_request(self._site, request)
        self._take(request)
        cycle, admission, filling = self._cycle, self._admission, self._filling
        cycle.current_a[:] = 0.0
        admission.load()
        admission.admit(np.argsort(-cycle.weight, kind="stable"))
        filling.run()
        if np.any(cycle.step_a > 0.0):
            fair_a = cycle.current_a.copy()
            admission.round_down()
            admission.load()
            admission.hand_out(np.argsort((cycle.current_a - fair_a) / cycle.weight, kind="stable"))
            filling.run()
        return self._answer()

    def _take(self, request: LineRequest) -> None:
        """Copy a request into the arrays of the cycle."""
        cycle = self._cycle
        base_a = _with_neutral(request.base_a).reshape(-1)
        cycle.base_re[:] = base_a.real
        cycle.base_im[:] = base_a.imag
        cycle.limit_a[:] = (request.limit_a - _with_neutral(request.base_unsure_a)).reshape(-1)
        cycle.minimum_a[:] = request.minimum_a
        cycle.maximum_a[:] = request.maximum_a
        cycle.step_a[:] = request.step_a
        cycle.weight[:] = request.weight
        self._admission.choose()

    def _line_a(self) -> Phasors:
        """Return complex128[V, 4], what flows in every line."""
        made, cycle = self._structure, self._cycle
        row_of_slot = np.repeat(np.arange(cycle.limit_a.size), np.diff(made.row_slot))
        rows = cycle.limit_a.size
        re = cycle.base_re + np.bincount(row_of_slot, weights=cycle.amount * made.slot_re, minlength=rows)
        im = cycle.base_im + np.bincount(row_of_slot, weights=cycle.amount * made.slot_im, minlength=rows)
        return (re + 1j * im).reshape(-1, LINES)

    def _answer(self) -> LineShare:
        cycle = self._cycle
        bound = cycle.bound_by >= 0
        kind = np.where(cycle.paused == 1, LineBinding.BELOW_MINIMUM, LineBinding.LINE)
        return LineShare(
            current_a=cycle.current_a.copy(),
            binding=np.where(bound, kind, LineBinding.MAXIMUM).astype(np.int8),
            binding_circuit=np.where(bound, cycle.bound_by // LINES, -1).astype(np.int32),
            binding_line=np.where(bound, cycle.bound_by % LINES, -1).astype(np.int8),
        )


def _with_neutral[T: (np.float64, np.complex128)](lines: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return [V, 4] from [V, 3]: the neutral carries the sum of the lines."""
    return np.concatenate([lines, lines.sum(axis=1, keepdims=True)], axis=1)
