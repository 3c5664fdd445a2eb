"""Which constraint rows each charger counts in.

Every circuit has fourteen rows, each a sum of current magnitudes that must stay within a room:

- 0 to 2, import current on L1 to L3: the charging chargers below on that phase;
- 3, import power: the charging chargers below, times the voltages of their phases;
- 4 to 7, the same for export and the discharging chargers;
- 8 to 13, imbalance of an ordered pair of phases (high, low): the charging chargers below that use high and not low,
  and the discharging ones that use low and not high.

The unchecked indexing is sound because `checks.check` has bounded circuits, parents and phases, and `ENTRIES_AT_MOST`
bounds the output.
"""

from __future__ import annotations

import cython
import numpy as np
import numpy.typing as npt

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
ROWS = cython.declare(cython.Py_ssize_t, 14)
# Of one circuit's rows a charger can count in two phases, power and two imbalance pairs.
ENTRIES_AT_MOST = cython.declare(cython.Py_ssize_t, 5)


def incidence(
    *,
    parent: cython.Py_ssize_t[::1],
    circuit: cython.Py_ssize_t[::1],
    phases: cython.uchar[::1],
    direction: cython.schar[::1],
    voltage_v: cython.double[::1],
    room: cython.double[::1],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return for each charger its rows from its own circuit up to the root, and what one ampere counts there.

    Args:
        parent: intp[V], -1 for the root.
        circuit: intp[N].
        phases: uint8[N], bit masks.
        direction: int8[N].
        voltage_v: float64[3].
        room: float64[14 V]; rows with infinite room are left out.

    Returns:
        `start` intp[N + 1], `row` intp[E], `per_a` float64[E]: the entries of charger i are
        `start[i]` to `start[i + 1]`.
    """
    count: cython.Py_ssize_t = circuit.shape[0]
    start_array = np.zeros(count + 1, dtype=np.intp)
    capacity: cython.Py_ssize_t = _capacity(parent, circuit)
    row_array = np.empty(capacity, dtype=np.intp)
    per_a_array = np.empty(capacity, dtype=np.float64)
    start: cython.Py_ssize_t[::1] = start_array
    row: cython.Py_ssize_t[::1] = row_array
    per_a: cython.double[::1] = per_a_array
    infinite: cython.double = np.inf
    i: cython.Py_ssize_t
    v: cython.Py_ssize_t
    k: cython.Py_ssize_t
    entry: cython.Py_ssize_t
    filled: cython.Py_ssize_t = 0
    value: cython.double
    with cython.nogil:
        for i in range(count):
            v = circuit[i]
            while v >= 0:
                for k in range(ROWS):
                    value = _per_ampere(k, phases[i], direction[i], voltage_v)
                    entry = ROWS * v + k
                    if value > 0.0 and room[entry] < infinite:
                        row[filled] = entry
                        per_a[filled] = value
                        filled += 1
                v = parent[v]
            start[i + 1] = filled
    return start_array, row_array[:filled], per_a_array[:filled]


def _capacity(parent: cython.Py_ssize_t[::1], circuit: cython.Py_ssize_t[::1]) -> cython.Py_ssize_t:
    """Return an upper bound of the number of entries."""
    circuits: cython.Py_ssize_t = parent.shape[0]
    depth: cython.Py_ssize_t[::1] = np.ones(circuits, dtype=np.intp)
    v: cython.Py_ssize_t
    i: cython.Py_ssize_t
    total: cython.Py_ssize_t = 0
    for v in range(1, circuits):
        depth[v] = depth[parent[v]] + 1
    for i in range(circuit.shape[0]):
        total += depth[circuit[i]]
    return ENTRIES_AT_MOST * total


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _per_ampere(
    kind: cython.Py_ssize_t, phases: cython.int, direction: cython.int, voltage_v: cython.double[::1]
) -> cython.double:
    """Return what one ampere of a charger counts in a row of the given kind, zero where it does not count."""
    first: cython.Py_ssize_t
    high: cython.Py_ssize_t
    low: cython.Py_ssize_t
    if kind < 8:
        first = 0 if direction > 0 else 4
        if not first <= kind < first + 4:
            return 0.0
        if kind < first + 3:
            return 1.0 if phases >> (kind - first) & 1 else 0.0
        return (
            (voltage_v[0] if phases & 1 else 0.0)
            + (voltage_v[1] if phases & 2 else 0.0)
            + (voltage_v[2] if phases & 4 else 0.0)
        )
    high = (kind - 8) // 2
    low = (high + 1 + (kind - 8) % 2) % 3
    if direction < 0:
        high, low = low, high
    return 1.0 if phases >> high & 1 and not phases >> low & 1 else 0.0


def members(
    start: cython.Py_ssize_t[::1], row: cython.Py_ssize_t[::1], rows: cython.Py_ssize_t
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the same incidence by row.

    Args:
        start: intp[N + 1] of `incidence`.
        row: intp[E] of `incidence`.
        rows: number of rows, 14 V.

    Returns:
        `first` intp[rows + 1] and `member` intp[E]: the chargers of row r, ascending, are
        `member[first[r]:first[r + 1]]`.
    """
    first_array = np.zeros(rows + 1, dtype=np.intp)
    member_array = np.empty(row.shape[0], dtype=np.intp)
    next_array = np.empty(rows, dtype=np.intp)
    first: cython.Py_ssize_t[::1] = first_array
    member: cython.Py_ssize_t[::1] = member_array
    following: cython.Py_ssize_t[::1] = next_array
    i: cython.Py_ssize_t
    r: cython.Py_ssize_t
    entry: cython.Py_ssize_t
    with cython.nogil:
        for entry in range(row.shape[0]):
            first[row[entry] + 1] += 1
        for r in range(rows):
            following[r] = first[r]
            first[r + 1] += first[r]
        for i in range(start.shape[0] - 1):
            for entry in range(start[i], start[i + 1]):
                member[following[row[entry]]] = i
                following[row[entry]] += 1
    return first_array, member_array


def blocking(
    start: cython.Py_ssize_t[::1],
    row: cython.Py_ssize_t[::1],
    per_a: cython.double[::1],
    left: cython.double[::1],
    more_a: cython.double[::1],
) -> npt.NDArray[np.intp]:
    """Return intp[N], for each charger the first row on its way to the root without room for more, -1 for none.

    Args:
        start: intp[N + 1] of `incidence`.
        row: intp[E] of `incidence`.
        per_a: float64[E] of `incidence`.
        left: float64[R], room left in each row.
        more_a: float64[N], what the charger would take in addition.
    """
    chargers: cython.Py_ssize_t = more_a.shape[0]
    found_array = np.full(chargers, -1, dtype=np.intp)
    found: cython.Py_ssize_t[::1] = found_array
    i: cython.Py_ssize_t
    e: cython.Py_ssize_t
    with cython.nogil:
        for i in range(chargers):
            for e in range(start[i], start[i + 1]):
                if per_a[e] * (more_a[i] - TOLERANCE_A) > left[row[e]]:
                    found[i] = row[e]
                    break
    return found_array
