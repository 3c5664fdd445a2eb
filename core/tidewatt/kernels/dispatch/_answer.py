"""What comes of it: powers, their reasons, and what a shortfall is from."""

from __future__ import annotations

import cython

from .fleet import DispatchReason

COMPILED: bool = cython.compiled

ZERO = cython.declare(cython.double, 0.0)  # see _bounds

SHARE = cython.declare(cython.int, int(DispatchReason.SHARE))
NOT_CALLED = cython.declare(cython.int, int(DispatchReason.NOT_CALLED))


def answer(
    *,
    low: cython.float[::1],
    high: cython.float[::1],
    room: cython.float[::1],
    taken: cython.float[::1],
    why: cython.uchar[::1],
    charge: cython.bint,
    steps_per_kw: cython.double,
    power_kw: cython.double[::1],
    reason: cython.uchar[::1],
) -> None:
    """Write the powers and why they are no higher, or where less is wanted, no lower.

    Args:
        low: float32[N], the lowest power in steps.
        high: float32[N], the highest.
        room: float32[N or more], how far a unit could go, in steps.
        taken: float32[N or more], how far it goes.
        why: uint8[N], the reason of the lowest times 16 plus the reason of the highest.
        charge: whether more was wanted, rather than less.
        steps_per_kw: steps in a kW.
        power_kw: float64[N].
        reason: uint8[N].
    """
    units: cython.Py_ssize_t = low.shape[0]
    sign: cython.double = 1.0 if charge else -1.0
    zero: cython.double = ZERO * steps_per_kw
    rest: cython.double
    bottom: cython.double
    top: cython.double
    share: cython.int = SHARE
    stand_by: cython.int = NOT_CALLED
    end: cython.int
    begin: cython.int
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(units):
            bottom = cython.cast(cython.double, low[i])
            top = cython.cast(cython.double, high[i])
            rest = min(zero, top)
            rest = max(bottom, rest)
            power_kw[i] = (rest + sign * cython.cast(cython.double, taken[i])) / steps_per_kw
        if charge:
            for i in range(units):
                end = why[i] & 15
                begin = why[i] >> 4
                begin = begin if low[i] > 0.0 else stand_by
                begin = share if taken[i] > 0.0 else begin
                reason[i] = cython.cast(cython.uchar, end if taken[i] >= room[i] else begin)
        else:
            for i in range(units):
                end = why[i] >> 4
                begin = why[i] & 15
                begin = begin if high[i] < 0.0 else stand_by
                begin = share if taken[i] > 0.0 else begin
                reason[i] = cython.cast(cython.uchar, end if taken[i] >= room[i] else begin)


def withheld(
    *,
    limit_kw: cython.const_float[::1],
    bound: cython.float[::1],
    why: cython.uchar[::1],
    charge: cython.bint,
    steps_per_kw: cython.double,
    steps: cython.double[::1],
) -> None:
    """Sum up by reason what keeps the units from their own limits.

    Args:
        limit_kw: float32[N], the limits in the direction that is asked for.
        bound: float32[N], the bound in that direction in steps.
        why: uint8[N], the reason of the lowest power times 16 plus the reason of the highest.
        charge: whether more is wanted, rather than less.
        steps_per_kw: steps in a kW.
        steps: float64[16], by reason.
    """
    units: cython.Py_ssize_t = bound.shape[0]
    sign: cython.double = 1.0 if charge else -1.0
    shift: cython.int = 0 if charge else 4
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(16):
            steps[i] = 0.0
        for i in range(units):
            steps[(why[i] >> shift) & 15] += cython.cast(
                cython.double, limit_kw[i]
            ) * steps_per_kw - sign * cython.cast(cython.double, bound[i])
