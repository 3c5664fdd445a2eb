"""Cholesky factors of small dense matrices, in loops that compilers turn into vector instructions.

A matrix is given by its upper triangle, row by row; A = U'U with U in its place. All inner loops run along rows, four
rows at a time where that saves reading and writing. Four zeros at once are left out: slots without units, or far from
each other in time, have many.
"""

import cython
from cython.cimports.libc.math import sqrt

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

RELATIVE_PIVOT = cython.declare(cython.double, 1e-14)
"""A pivot below this part of its diagonal element is rounding only."""

NO_STEP = cython.declare(cython.double, 1e100)
"""Put in place of such a pivot: it makes the solution zero there."""


def factor(a: cython.double[:, ::1], diagonal: cython.double[::1]) -> None:
    """Replace the upper triangle of a positive semidefinite float64[n, n] by its factor U.

    Where no pivot is left there is a huge one, so that a solution is zero there.

    Args:
        a: the matrix, then its factor.
        diagonal: float64[n], scratch.
    """
    size: cython.Py_ssize_t = a.shape[0]
    k: cython.Py_ssize_t
    with cython.nogil:
        for k in range(size):
            diagonal[k] = a[k, k]
        k = 0
        while k < size:
            _block(a, diagonal, k, min(k + 4, size))
            if k + 4 < size:
                _update(a, k)
            k += 4


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _block(
    a: cython.double[:, ::1], diagonal: cython.double[::1], first: cython.Py_ssize_t, last: cython.Py_ssize_t
) -> cython.void:
    """Turn some rows, from which all rows above have been taken, into rows of the factor."""
    size: cython.Py_ssize_t = a.shape[0]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    pivot: cython.double
    scale: cython.double
    for k in range(first, last):
        for i in range(first, k):
            scale = a[i, k]
            for j in range(k, size):
                a[k, j] -= scale * a[i, j]
        pivot = a[k, k]
        pivot = sqrt(pivot) if pivot > RELATIVE_PIVOT * diagonal[k] else NO_STEP
        scale = 1.0 / pivot
        for j in range(k + 1, size):
            a[k, j] *= scale
        a[k, k] = pivot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _update(a: cython.double[:, ::1], k: cython.Py_ssize_t) -> cython.void:
    """Take four rows of the factor from the rows below them."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    first: cython.double
    second: cython.double
    third: cython.double
    fourth: cython.double
    for i in range(k + 4, a.shape[0]):
        first = a[k, i]
        second = a[k + 1, i]
        third = a[k + 2, i]
        fourth = a[k + 3, i]
        if first == 0.0 and second == 0.0 and third == 0.0 and fourth == 0.0:
            continue
        for j in range(i, a.shape[0]):
            a[i, j] -= first * a[k, j] + second * a[k + 1, j] + third * a[k + 2, j] + fourth * a[k + 3, j]


def solve(u: cython.double[:, ::1], x: cython.double[::1]) -> None:
    """Solve U'U x = b with b given in place of x, float64[n]."""
    with cython.nogil:
        _forward(u, x)
        _backward(u, x)


def solve_rows(u: cython.double[:, ::1], rows: cython.double[:, ::1]) -> None:
    """Solve U'U x = b for every row b of float64[m, n], in its place."""
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(rows.shape[0]):
            _forward(u, rows[i])
            _backward(u, rows[i])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _forward(u: cython.double[:, ::1], x: cython.double[::1]) -> cython.void:
    """Solve U'x = b, four rows at a time."""
    size: cython.Py_ssize_t = x.shape[0]
    k: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    last: cython.Py_ssize_t
    value: cython.double
    first: cython.double
    second: cython.double
    third: cython.double
    fourth: cython.double
    while k < size:
        last = min(k + 4, size)
        for i in range(k, last):
            value = x[i] / u[i, i]
            x[i] = value
            for j in range(i + 1, last):
                x[j] -= value * u[i, j]
        if last < size:
            first = x[k]
            second = x[k + 1]
            third = x[k + 2]
            fourth = x[k + 3]
            for j in range(last, size):
                x[j] -= first * u[k, j] + second * u[k + 1, j] + third * u[k + 2, j] + fourth * u[k + 3, j]
        k = last


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _backward(u: cython.double[:, ::1], x: cython.double[::1]) -> cython.void:
    """Solve U x = b, the sums of four rows at a time."""
    last: cython.Py_ssize_t = x.shape[0]
    size: cython.Py_ssize_t = x.shape[0]
    k: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    value: cython.double
    first: cython.double
    second: cython.double
    third: cython.double
    fourth: cython.double
    while last > 0:
        k = (last - 1) // 4 * 4
        if last < size:
            first = x[k]
            second = x[k + 1]
            third = x[k + 2]
            fourth = x[k + 3]
            for j in range(last, size):
                value = x[j]
                first -= u[k, j] * value
                second -= u[k + 1, j] * value
                third -= u[k + 2, j] * value
                fourth -= u[k + 3, j] * value
            x[k] = first
            x[k + 1] = second
            x[k + 2] = third
            x[k + 3] = fourth
        for i in range(last - 1, k - 1, -1):
            value = x[i]
            for j in range(i + 1, last):
                value -= u[i, j] * x[j]
            x[i] = value / u[i, i]
        last = k


def subtract_inverse(
    u: cython.double[:, ::1],
    scale: cython.double[::1],
    work: cython.double[:, ::1],
    target: cython.double[:, ::1],
) -> None:
    """Take S A^-1 S from a matrix, A = U'U and S diagonal.

    Args:
        u: float64[n, n], the factor.
        scale: float64[n], S.
        work: float64[n, n], scratch, zero above the diagonal.
        target: float64[n, n]; the upper triangle is changed.
    """
    with cython.nogil:
        _invert(u, scale, work)
        _subtract_square(work, u.shape[0], target)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _invert(u: cython.double[:, ::1], scale: cython.double[::1], work: cython.double[:, ::1]) -> cython.void:
    """Fill the lower triangle of W, U'W = S, four rows at a time; the rest of it is zero and stays so."""
    size: cython.Py_ssize_t = u.shape[0]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    first: cython.double
    second: cython.double
    third: cython.double
    fourth: cython.double
    for k in range(size):
        for j in range(k):
            work[k, j] = 0.0
        work[k, k] = scale[k]
    k = 0
    while k < size:
        _invert_block(u, work, k, min(k + 4, size))
        for i in range(k + 4, size):
            first = u[k, i]
            second = u[k + 1, i]
            third = u[k + 2, i]
            fourth = u[k + 3, i]
            if first == 0.0 and second == 0.0 and third == 0.0 and fourth == 0.0:
                continue
            for j in range(k + 4):
                work[i, j] -= (
                    first * work[k, j] + second * work[k + 1, j] + third * work[k + 2, j] + fourth * work[k + 3, j]
                )
        k += 4


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _invert_block(
    u: cython.double[:, ::1], work: cython.double[:, ::1], first: cython.Py_ssize_t, last: cython.Py_ssize_t
) -> cython.void:
    """Finish some rows of W, from which all rows above have been taken."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    value: cython.double
    for k in range(first, last):
        for i in range(first, k):
            value = u[i, k]
            for j in range(i + 1):
                work[k, j] -= value * work[i, j]
        value = 1.0 / u[k, k]
        for j in range(k + 1):
            work[k, j] *= value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _subtract_square(
    work: cython.double[:, ::1], size: cython.Py_ssize_t, target: cython.double[:, ::1]
) -> cython.void:
    """Take W'W from the upper triangle of a matrix, four rows of W at a time."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t = 0
    first: cython.double
    second: cython.double
    third: cython.double
    fourth: cython.double
    while k + 4 <= size:
        for i in range(k + 4):
            first = work[k, i]
            second = work[k + 1, i]
            third = work[k + 2, i]
            fourth = work[k + 3, i]
            if first == 0.0 and second == 0.0 and third == 0.0 and fourth == 0.0:
                continue
            for j in range(i, k + 4):
                target[i, j] -= (
                    first * work[k, j] + second * work[k + 1, j] + third * work[k + 2, j] + fourth * work[k + 3, j]
                )
        k += 4
    while k < size:
        for i in range(k + 1):
            first = work[k, i]
            for j in range(i, k + 1):
                target[i, j] -= first * work[k, j]
        k += 1


def climb(
    matrix: cython.double[:, :, ::1],
    parent: cython.Py_ssize_t[::1],
    link: cython.double[:, ::1],
    change: cython.double[:, ::1],
) -> None:
    """Solve the equations of all circuits but the root, from the leaves; hand on what the circuits above see of it.

    Args:
        matrix: float64[nodes, n, n], the factors.
        parent: intp[nodes], -1 for the root.
        link: float64[nodes, n], the coupling of each to the one above.
        change: float64[nodes, n], right-hand sides, then solutions without what comes from above.
    """
    v: cython.Py_ssize_t
    t: cython.Py_ssize_t
    above: cython.Py_ssize_t
    with cython.nogil:
        for v in range(parent.shape[0] - 1, 0, -1):
            above = parent[v]
            _forward(matrix[v], change[v])
            _backward(matrix[v], change[v])
            for t in range(change.shape[1]):
                change[above, t] += link[v, t] * change[v, t]


def descend(
    matrix: cython.double[:, :, ::1],
    parent: cython.Py_ssize_t[::1],
    link: cython.double[:, ::1],
    change: cython.double[:, ::1],
    from_above: cython.double[::1],
) -> None:
    """Add what comes from above to the solutions of `climb`; `from_above`, float64[n], is scratch."""
    v: cython.Py_ssize_t
    t: cython.Py_ssize_t
    above: cython.Py_ssize_t
    with cython.nogil:
        for v in range(1, parent.shape[0]):
            above = parent[v]
            for t in range(change.shape[1]):
                from_above[t] = link[v, t] * change[above, t]
            _forward(matrix[v], from_above)
            _backward(matrix[v], from_above)
            for t in range(change.shape[1]):
                change[v, t] += from_above[t]
