"""From a problem to the arrays of its relaxation, in units in which powers and prices are about 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ._interior_fleet import Fleet
from ._interior_site import Pieces, Reach
from .interior_space import Space
from .penalties import floor_price, limit_price
from .problem import Floats, PlanProblem

type Indices = npt.NDArray[np.intp]

TINY = 1e-9
"""Widths below this part of the largest power of a unit are taken for none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """The relaxation of a problem. Powers are in `power_kw`, energies in that x 1 h, money in `price` x `power_kw`.

    Attributes:
        power_kw: the largest power of a unit.
        price: the largest price of a kW in a slot.
        constant: what is paid in any case, in money.
        node: intp[V], the number among the circuits that matter (nodes) of each or of the nearest above.
        parent: intp[nodes].
        lowest: float64[nodes, T], the least controllable power of each node.
        highest: float64[nodes, T].
        slot_start: intp[N + 1], start intp[N + 1], kind uint8[N]: see `_interior_fleet.Fleet`.
        start: see slot_start.
        kind: see slot_start.
        arrival: intp[N].
        unit_node: intp[N].
        stored: float64[N], taken float64[N]: see `_interior_units.UnitRows`.
        taken: see stored.
        width: float64[variables], cost float64[variables].
        cost: see width.
        unit_value: float64[slots of all units], right-hand sides.
        site_value: float64[nodes x T], right-hand sides.
        piece_row: intp[pieces], piece_peak intp[pieces].
        piece_peak: see piece_row.
        row_slot: intp[rows], row_peak intp[rows], row_value float64[rows]: the rows of the peaks.
        row_peak: see row_slot.
        row_value: see row_slot.
        peaks: how many peaks can be raised.
        energy_price: float64[T], the mean of import and export price of a kW in a slot.
    """

    power_kw: float
    price: float
    constant: float
    node: Indices
    parent: Indices
    lowest: Floats
    highest: Floats
    slot_start: Indices
    start: Indices
    kind: npt.NDArray[np.uint8]
    arrival: Indices
    unit_node: Indices
    stored: Floats
    taken: Floats
    width: Floats
    cost: Floats
    unit_value: Floats
    site_value: Floats
    piece_row: Indices
    piece_peak: Indices
    row_slot: Indices
    row_peak: Indices
    row_value: Floats
    peaks: int
    energy_price: Floats

    @property
    def first_piece(self) -> int:
        """Place of the first piece among the variables."""
        return int(self.start[-1])

    def discharges(self, unit: int) -> bool:
        """Return whether a unit has discharging powers among its variables."""
        return bool(self.kind[unit] & 1)

    @classmethod
    def of(cls, problem: PlanProblem, space: Space) -> Self:
        """Write a problem down as a linear program; large arrays are in `space`."""
        shape = problem.base_kw.shape
        import_price = problem.import_price_per_kwh + problem.co2_price_per_kg * problem.co2_kg_per_kwh
        power_kw = max(
            float(problem.charge_limit_kw.max(initial=0.0)), float(problem.discharge_limit_kw.max(initial=0.0)), TINY
        )
        price = problem.slot_h * max(
            float(np.abs(import_price).max()), float(np.abs(problem.export_price_per_kwh).max()), TINY
        )
        arrival = problem.arrival_slot.astype(np.intp)
        departure = problem.departure_slot.astype(np.intp)
        parent = problem.parent.astype(np.intp)
        circuit = problem.circuit.astype(np.intp)
        base = np.array(problem.base_kw)
        import_limit, export_limit = np.array(problem.import_limit_kw), np.array(problem.export_limit_kw)
        charge, discharge = np.array(problem.charge_limit_kw), np.array(problem.discharge_limit_kw)
        fleet = Fleet(
            slot_h=problem.slot_h,
            tiny=TINY * power_kw,
            arrival=arrival,
            departure=departure,
            charge=charge,
            discharge=discharge,
            charge_efficiency=np.array(problem.charge_efficiency),
            discharge_efficiency=np.array(problem.discharge_efficiency),
            wear=np.array(problem.wear_per_kwh),
            energy=np.array(problem.energy_kwh),
            floor=np.array(problem.floor_kwh),
            ceiling=np.array(problem.ceiling_kwh),
            target=np.array(problem.target_kwh),
            unmet=np.array(problem.unmet_price_per_kwh),
            end_value=np.array(problem.end_value_per_kwh),
        )
        units = arrival.size
        slot_start, start = np.zeros((2, units + 1), dtype=np.intp)
        kind = np.zeros(units, dtype=np.uint8)
        fleet.lay_out(slot_start, start, kind)
        up, down, charge_room, discharge_room = space.zeros(4, *shape)
        node = np.empty(shape[0], dtype=np.intp)
        reach = Reach(
            parent=parent,
            base=base,
            import_limit=import_limit,
            export_limit=export_limit,
            up=up,
            down=down,
            charge_room=charge_room,
            discharge_room=discharge_room,
        )
        moves = np.diff(slot_start) > 0
        charge, discharge = charge * moves, discharge * moves
        reach.sum_up(circuit, arrival, departure, charge, discharge)
        nodes = reach.limit(node, TINY * power_kw)
        rows = _PeakRows.of(problem, base[0] - down[0], base[0] + up[0])
        first = int(start[-1])
        room = 3 * nodes * shape[1]
        width, cost = space.zeros(2, first + room + rows.slot.size + rows.height.size)
        piece_row, piece_peak = np.empty((2, room), dtype=np.intp)
        unit_value = space.zeros(int(slot_start[-1]))
        constant = fleet.fill(
            floor_price=floor_price(problem),
            node=circuit,
            charge_room=charge_room,
            discharge_room=discharge_room,
            slot_start=slot_start,
            start=start,
            kind=kind,
            width=width,
            cost=cost,
            row_value=unit_value,
        )
        lowest = np.empty((nodes, shape[1]))
        pieces = Pieces(
            width=width[first:],
            cost=cost[first:],
            row=piece_row,
            peak_row=piece_peak,
            lowest=lowest,
            tiny=TINY * power_kw,
        )
        count, paid = pieces.fill(
            slot_h=problem.slot_h,
            limit_price=limit_price(problem),
            import_price=import_price,
            export_price=np.array(problem.export_price_per_kwh),
            node=node,
            reach=reach,
            row_of_slot=rows.of_slot,
        )
        last = first + count + rows.slot.size + rows.height.size
        width[first + count : last] = np.concatenate([rows.left, rows.height])
        cost[first + count : last] = np.concatenate([np.zeros(rows.slot.size), rows.price])
        own = np.flatnonzero(node[parent] != node) if nodes > 1 else np.zeros(0, dtype=np.intp)
        own = own[own > 0]
        above = np.concatenate([np.full(1, -1, dtype=np.intp), node[parent[own]]])
        site_value = -lowest
        np.add.at(site_value, above[1:], lowest[1:])
        return cls(
            power_kw=power_kw,
            price=price,
            constant=constant + paid + rows.constant,
            node=node,
            parent=above,
            lowest=lowest / power_kw,
            highest=np.concatenate([up[:1], up[own]]) / power_kw,
            slot_start=slot_start,
            start=start,
            kind=kind,
            arrival=arrival,
            unit_node=node[circuit],
            stored=problem.slot_h * problem.charge_efficiency,
            taken=problem.slot_h / problem.discharge_efficiency,
            width=width[:last] / power_kw,
            cost=cost[:last] / price,
            unit_value=unit_value / power_kw,
            site_value=site_value.reshape(-1) / power_kw,
            piece_row=piece_row[:count],
            piece_peak=piece_peak[:count],
            row_slot=rows.slot,
            row_peak=rows.peak,
            row_value=rows.value / power_kw,
            peaks=rows.height.size,
            energy_price=(import_price + problem.export_price_per_kwh) * (0.5 * problem.slot_h / price),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PeakRows:
    """The slots that can raise a peak, `value` what they can import of it for nothing beyond the least they do."""

    slot: Indices
    peak: Indices
    value: Floats
    left: Floats
    of_slot: Indices
    price: Floats
    height: Floats
    constant: float

    @classmethod
    def of(cls, problem: PlanProblem, low: Floats, high: Floats) -> Self:
        """Find them for the least and the highest power of the root, float64[T]."""
        period = problem.peak.astype(np.intp)
        of_slot = np.full(period.size, -1, dtype=np.intp)
        seen = problem.peak_so_far_kw
        counts = (period >= 0) & (low < np.inf)
        if not seen.size or not counts.any():
            nothing, none = np.zeros(0), np.zeros(0, dtype=np.intp)
            return cls(
                slot=none,
                peak=none,
                value=nothing,
                left=nothing,
                of_slot=of_slot,
                price=nothing,
                height=nothing,
                constant=0.0,
            )
        least, most = seen.copy(), seen.copy()
        np.maximum.at(least, period[counts], np.maximum(low[counts], 0.0))
        np.maximum.at(most, period[counts], np.maximum(high[counts], 0.0))
        span = most - least
        open_peaks = (span > 1e-6 * np.maximum(most, 1e-3)) & (problem.peak_price_per_kw > 0.0)
        number = np.cumsum(open_peaks) - 1
        counts &= open_peaks[period] & (high > least[period])
        slot = np.flatnonzero(counts)
        of_slot[slot] = np.arange(slot.size)
        value = least[period[slot]] - np.maximum(low[slot], 0.0)
        return cls(
            slot=slot,
            peak=number[period[slot]],
            value=value,
            left=value + span[period[slot]],
            of_slot=of_slot,
            price=problem.peak_price_per_kw[open_peaks],
            height=span[open_peaks],
            constant=float(problem.peak_price_per_kw @ (least - seen)),
        )
