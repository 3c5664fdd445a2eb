"""From frequencies to responses in parts of the rated power.

Beyond the dead band the response is proportional to the frequency that is left: one rated power for `droop` of the
nominal frequency. Below a second threshold load is shed on top of it, so that all is gone before the grid's own load
shedding begins. The result never jumps and rises with the frequency.
"""

from __future__ import annotations

import cython

from .problem import Floats

COMPILED: bool = cython.compiled


@cython.cclass
class Droop:
    """One set of settings."""

    nominal: cython.double
    deadband: cython.double
    per_hz: cython.double
    shed_from: cython.double
    shed_per_hz: cython.double

    def __init__(
        self,
        *,
        nominal_hz: cython.double,
        deadband_hz: cython.double,
        droop: cython.double,
        shed_from_hz: cython.double,
        shed_by_hz: cython.double,
    ) -> None:
        """Prepare the slopes."""
        self.nominal = nominal_hz
        self.deadband = deadband_hz
        self.per_hz = 1.0 / (nominal_hz * droop)
        self.shed_from = shed_from_hz
        self.shed_per_hz = 1.0 / (shed_from_hz - shed_by_hz)

    def one(self, frequency_hz: cython.double) -> cython.double:
        """Return the response to one frequency."""
        return self._response(frequency_hz)

    @cython.locals(frequency_hz="const double[::1]")
    def many(self, frequency_hz: Floats, response_pu: cython.double[::1]) -> None:
        """Fill the responses to N frequencies; that to an unknown one is 0."""
        index: cython.Py_ssize_t
        with cython.nogil:
            for index in range(response_pu.shape[0]):
                response_pu[index] = self._response(frequency_hz[index])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _response(self, frequency: cython.double) -> cython.double:
        deviation: cython.double = frequency - self.nominal
        response: cython.double = 0.0
        if deviation > self.deadband:
            response = (deviation - self.deadband) * self.per_hz
        elif deviation < -self.deadband:
            response = (deviation + self.deadband) * self.per_hz
        if frequency < self.shed_from:
            response = min(response, (frequency - self.shed_from) * self.shed_per_hz)
        return min(max(response, -1.0), 1.0)
