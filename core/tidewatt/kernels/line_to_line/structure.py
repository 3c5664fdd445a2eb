"""What of a site does not change: which rows a charger counts in, in what direction, and each row's windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .problem import Floats, LineSite, Phasors

type Indices = npt.NDArray[np.intp]

LINES = 4
"""Rows of a circuit: L1, L2, L3, neutral."""

SAME_RAD = 1e-12
"""Directions nearer than this are one, and as near as this to opposite they are opposite."""

LEAST_GAIN = 1e-9
"""What an ampere of a charger adds to a row may be rounding that should have been zero; below this it is."""

LARGEST_DIRECTIONS = 32
"""A row's windows are summed up directly, which takes time with the square of its directions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """Chargers that are wired alike share a wiring, and a wiring has one entry for each row it counts in.

    Attributes:
        wiring: intp[N], the wiring of a charger.
        wiring_charger: intp[G + 1], charger_of_wiring intp[N]: the chargers of each wiring.
        charger_of_wiring: see wiring_charger.
        wiring_entry: intp[G + 1]: the entries of each wiring, from its own circuit up to the root.
        entry_row: intp[E], row 4 v + line of circuit v.
        entry_slot: intp[E], the direction in that row.
        entry_gain: float64[E], what an ampere of the charger adds there, in A.
        row_slot: intp[R + 1]: the slots of each row, by ascending angle.
        slot_re: float64[S], slot_im float64[S]: the directions, of length one.
        slot_im: see slot_re.
        slot_wiring: intp[S + 1], wiring_of_slot intp[E]: the wirings with an entry in each slot.
        wiring_of_slot: see slot_wiring.
        row_window: intp[R + 1]: the windows of each row, the widest first.
        window_slot: intp[W], the first slot of a window.
        window_slots: intp[W], how many slots it has, going on at the row's first after its last.
        narrow: uint8[R], 1 where no two directions are more than 90 degrees apart.
    """

    wiring: Indices
    wiring_charger: Indices
    charger_of_wiring: Indices
    wiring_entry: Indices
    entry_row: Indices
    entry_slot: Indices
    entry_gain: Floats
    row_slot: Indices
    slot_re: Floats
    slot_im: Floats
    slot_wiring: Indices
    wiring_of_slot: Indices
    row_window: Indices
    window_slot: Indices
    window_slots: Indices
    narrow: npt.NDArray[np.uint8]


def structure(site: LineSite) -> Structure:
    """Return the structure of a site that `checks` accepted.

    Raises:
        ValueError: more than `LARGEST_DIRECTIONS` directions meet in one line.
    """
    voltages = frames(site)
    kinds = np.stack([site.circuit.astype(np.float64), site.lines.astype(np.float64), site.lag_deg], axis=1)
    wirings, wiring = np.unique(kinds, axis=0, return_inverse=True)
    wiring = wiring.reshape(-1).astype(np.intp)
    entries = [_entries(site, voltages, int(circuit), int(lines), lag) for circuit, lines, lag in wirings]
    rows = np.array([row for entry in entries for row, _ in entry], np.intp)
    phasors = np.array([phasor for entry in entries for _, phasor in entry], np.complex128)
    directions, entry_slot = _slots(rows, phasors, LINES * site.parent.size)
    windows = [_windows(angles, index) for index, angles in enumerate(directions)]
    angles = np.concatenate(directions)
    row_slot = _offsets([angles.size for angles in directions])
    first = np.repeat(row_slot[:-1], [len(window) for window in windows])
    window = np.array([pair for pairs in windows for pair in pairs], np.intp).reshape(-1, 2)
    of_entry = np.repeat(np.arange(len(entries)), [len(entry) for entry in entries])
    return Structure(
        wiring=wiring,
        wiring_charger=_offsets(np.bincount(wiring, minlength=len(entries))),
        charger_of_wiring=np.argsort(wiring, kind="stable"),
        wiring_entry=_offsets([len(entry) for entry in entries]),
        entry_row=rows,
        entry_slot=entry_slot,
        entry_gain=np.abs(phasors),
        row_slot=row_slot,
        slot_re=np.cos(angles),
        slot_im=np.sin(angles),
        slot_wiring=_offsets(np.bincount(entry_slot, minlength=angles.size)),
        wiring_of_slot=of_entry[np.argsort(entry_slot, kind="stable")].astype(np.intp),
        row_window=_offsets([len(window) for window in windows]),
        window_slot=first + window[:, 0],
        window_slots=np.ascontiguousarray(window[:, 1]),
        narrow=np.array([_narrow(angles) for angles in directions], np.uint8),
    )


def frames(site: LineSite) -> Phasors:
    """Return complex128[V, 3], the voltages to neutral at each circuit.

    A wye winding has the direction of the voltage between two of the delta's lines: V_k = (U_k - U_k+1) / ratio.
    """
    voltages = np.empty((site.parent.size, 3), np.complex128)
    voltages[0] = site.voltage_v
    for circuit in range(1, site.parent.size):
        above, ratio = voltages[site.parent[circuit]], site.turns_ratio[circuit]
        voltages[circuit] = (above - np.roll(above, -1)) / ratio if ratio > 0.0 else above
    return voltages


def _entries(site: LineSite, voltages: Phasors, circuit: int, lines: int, lag_deg: float) -> list[tuple[int, complex]]:
    """Return the rows that a charger counts in, and the phasor that an ampere of it adds there.

    Through a transformer the current of line k is (I_k - I_k-1) / ratio: what its winding between the lines k and k + 1
    takes, less what the winding that ends at k brings back. Nothing comes through in the neutral.
    """
    current = _ampere(voltages[circuit], lines) * np.exp(-1j * np.deg2rad(lag_deg))
    neutral = current.sum()
    found = []
    while circuit >= 0:
        for line, phasor in enumerate([*current, neutral]):
            if abs(phasor) > LEAST_GAIN:
                found.append((LINES * circuit + line, complex(phasor)))
        if site.turns_ratio[circuit] > 0.0:
            current = (current - np.roll(current, 1)) / site.turns_ratio[circuit]
            neutral = 0.0
        circuit = int(site.parent[circuit])
    return found


def _ampere(voltage_v: Phasors, lines: int) -> Phasors:
    """Return complex128[3], the line currents of a charger that takes 1 A at unity power factor."""
    used = np.array([lines >> line & 1 for line in range(3)], np.float64)
    if used.sum() != 2:
        return used * _unit(voltage_v)
    # Between two lines: from the first to the second in the order L1, L2, L3, L1.
    first = {3: 0, 6: 1, 5: 2}[lines]
    second = (first + 1) % 3
    current = np.zeros(3, np.complex128)
    current[first] = _unit(voltage_v[first : first + 1] - voltage_v[second : second + 1])[0]
    current[second] = -current[first]
    return current


def _unit(voltage_v: Phasors) -> Phasors:
    lengths = np.abs(voltage_v)
    directions: Phasors = voltage_v / np.where(lengths > 0.0, lengths, 1.0)
    return directions


def _slots(rows: Indices, phasors: Phasors, count: int) -> tuple[list[Floats], Indices]:
    """Return the distinct angles of each row, ascending, and the slot of each entry."""
    angle = np.mod(np.angle(phasors), 2 * np.pi)
    angle[angle > 2 * np.pi - SAME_RAD] = 0.0
    order = np.lexsort((angle, rows))
    sorted_rows, sorted_angles = rows[order], angle[order]
    fresh = np.ones(rows.size, np.bool_)
    fresh[1:] = (np.diff(sorted_rows) > 0) | (np.diff(sorted_angles) > SAME_RAD)
    slots = np.empty(rows.size, np.intp)
    slots[order] = np.cumsum(fresh) - 1
    per_row = np.bincount(sorted_rows[fresh], minlength=count)
    directions = np.split(sorted_angles[fresh], np.cumsum(per_row)[:-1])
    return directions, slots


def _windows(angles: Floats, row: int) -> list[tuple[int, int]]:
    """Return the sets of slots that lie within some half plane and could not lie there with more, or with fewer.

    Turning a half plane once around, a set changes where its edge passes a slot. Each is a pair of the position of its
    first slot in the row and the number of slots.
    """
    if angles.size > LARGEST_DIRECTIONS:
        circuit, line = divmod(row, LINES)
        raise ValueError(
            f"lag_deg: {angles.size} different directions of current in line {line} of circuit {circuit} are not "
            f"usable. Round them so that at most {LARGEST_DIRECTIONS} are left."
        )
    edges = np.sort(np.mod(np.concatenate([angles, angles + np.pi]), 2 * np.pi))
    following = np.append(edges[1:], edges[:1] + 2 * np.pi)
    starts = ((edges + following) / 2)[following - edges > SAME_RAD]
    found: dict[tuple[int, int], None] = {}
    for start in starts:
        inside = np.flatnonzero(np.mod(angles - start, 2 * np.pi) < np.pi)
        if inside.size:
            first = int(inside[np.argmin(np.mod(angles[inside] - start, 2 * np.pi))])
            found[first, inside.size] = None
    return sorted(found, key=lambda window: -window[1])


def _narrow(angles: Floats) -> bool:
    return bool((np.cos(angles[:, None] - angles) > -SAME_RAD).all())


def _offsets(sizes: npt.ArrayLike) -> Indices:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
