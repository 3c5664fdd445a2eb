"""Curves and losses over many batteries at once.

The unchecked indexing is sound because `checks` has seen curves with at least one point and arrays of equal length.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import exp, log

COMPILED: bool = cython.compiled

# Far below the smallest depth there is no wear left to tell; beyond this the exponential overflows.
LARGEST_EXPONENT = cython.declare(cython.double, 600.0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _segment(at: cython.double[::1], x: cython.double) -> cython.Py_ssize_t:
    """Return the last point at or before x, at least the first and at most the last but one."""
    # Curves have a handful of points: counting those passed is faster than halving, which no processor can foresee.
    passed: cython.Py_ssize_t = 0
    k: cython.Py_ssize_t
    for k in range(1, at.shape[0] - 1):
        passed += at[k] <= x
    return passed


def scale_by_curve(
    at: cython.double[::1], value: cython.double[::1], x: cython.double[::1], out: cython.double[::1]
) -> None:
    """Multiply what is in `out` by the curve's value at x.

    Args:
        at: float64[B], ascending.
        value: float64[B].
        x: float64[N]; NaN makes NaN.
        out: float64[N], changed in place.
    """
    last: cython.Py_ssize_t = at.shape[0] - 1
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    with cython.nogil:
        for i in range(x.shape[0]):
            if x[i] <= at[0]:
                out[i] = out[i] * value[0]
            elif x[i] >= at[last]:
                out[i] = out[i] * value[last]
            elif x[i] == x[i]:
                k = _segment(at, x[i])
                out[i] = out[i] * (value[k] + (value[k + 1] - value[k]) * ((x[i] - at[k]) / (at[k + 1] - at[k])))
            else:
                out[i] = x[i]


def stored_kw(
    fixed_kw: cython.double,
    proportional: cython.double,
    quadratic_per_kw: cython.double,
    power_kw: cython.double[::1],
    out: cython.double[::1],
) -> None:
    """Write what arrives in the store, or with a negative sign what leaves it.

    Args:
        fixed_kw: the parts of the loss model.
        proportional: see fixed_kw.
        quadratic_per_kw: see fixed_kw.
        power_kw: float64[N] at the terminals; NaN makes NaN.
        out: float64[N], written.
    """
    i: cython.Py_ssize_t
    p: cython.double
    kept: cython.double
    with cython.nogil:
        for i in range(power_kw.shape[0]):
            p = power_kw[i]
            kept = p - (fixed_kw + proportional * abs(p) + quadratic_per_kw * p * p)
            out[i] = 0.0 if p == 0.0 or (p > 0.0 and kept < 0.0) else kept


def cycles_at(
    depth_pct: cython.double[::1], cycles: cython.double[::1], x: cython.double[::1], out: cython.double[::1]
) -> None:
    """Write the cycles until the end of life at each depth.

    Args:
        depth_pct: float64[B], ascending, at least two.
        cycles: float64[B].
        x: float64[N], above 0.
        out: float64[N], written.
    """
    i: cython.Py_ssize_t
    k: cython.Py_ssize_t
    slope: cython.double
    with cython.nogil:
        for i in range(x.shape[0]):
            k = _segment(depth_pct, x[i])
            slope = log(cycles[k + 1] / cycles[k]) / log(depth_pct[k + 1] / depth_pct[k])
            out[i] = cycles[k] * exp(min(slope * log(x[i] / depth_pct[k]), LARGEST_EXPONENT))
