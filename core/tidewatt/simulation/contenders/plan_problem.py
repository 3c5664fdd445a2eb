"""A plant's present as a planning problem: the vehicles that are there, until they leave.

The bridge to the planning kernel in its simplest honest form. Energies are those through the cable; a vehicle that
tapers at the end counts as leaving as much earlier as the taper takes. House, sun and prices are known in advance until
the last vehicle leaves; vehicles that are not there yet are not known of.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Final

import numpy as np

from tidewatt.kernels.planning import PlanProblem
from tidewatt.simulation.plant import Plant, Plugged
from tidewatt.simulation.scenario import SLOT_S, Floats

from .baselines import full_power_s

_LONGEST_SLOTS: Final = 192
"""Two days: who stays longer is planned as far."""

_SPARE_SLOTS: Final = 1
"""A quarter hour in hand makes up for what ramps, rounding and others took; who still lacks energy uses it."""

_IMPATIENCE: Final = 1e-4
"""Each later quarter hour counts as dearer by this part of the mean price: where prices are equal, the earlier one."""

_DECIMALS: Final = 3

_SLOT_H: Final = SLOT_S / 3600
_UNMET: Final = 10.0
"""A kWh missed counts as many times the dearest kWh, and as much again for prices about zero."""


@dataclass(slots=True)
class _Circuits:
    """The circuits of a plan: the site's by the sum of their phases, and single phases for one-phase vehicles."""

    parent: list[int]
    limit_kw: list[Floats]
    base_kw: list[Floats]
    single: dict[tuple[int, int], int]


def problem_of(plant: Plant, cars: list[tuple[int, Plugged]], peak_so_far_kw: float) -> PlanProblem:
    """Return the problem of charging `cars`, given with the indices of their chargers, from this quarter hour on.

    `peak_so_far_kw` is the highest import that the present month has seen.
    """
    scenario, first = plant.scenario, plant.slot
    chargers = scenario.site.chargers
    departure = [_departure_slot(plant, index, car) for index, car in cars]
    slots = min(max(departure), scenario.slots - first)
    window = slice(first, first + slots)
    circuits = _circuits(plant, window)
    units = [_circuit_of(plant, circuits, index, car, window) for index, car in cars]
    most_kw = [min(chargers[index].maximum_a, car.session.car.maximum_a) * car.voltage_v / 1000 for index, car in cars]
    least_kw = np.array([chargers[index].minimum_a * car.voltage_v / 1000 for index, car in cars])
    # Without the dust of sums, so that the order in which energies were added up cannot tip a plan.
    lacks_kwh = np.array([round(car.lacks_wh, _DECIMALS) / 1000 for _, car in cars])
    count, nothing = len(cars), np.zeros(len(cars))
    import_price = np.ascontiguousarray(scenario.import_price_per_kwh[window])
    months = scenario.month[window] - scenario.month[first]
    peaks = int(months[-1]) + 1 if scenario.peak_price_per_kw > 0 else 0
    return PlanProblem(
        slot_h=_SLOT_H,
        import_price_per_kwh=import_price + _impatience(import_price),
        export_price_per_kwh=np.ascontiguousarray(scenario.export_price_per_kwh[window]),
        co2_kg_per_kwh=np.zeros(slots),
        co2_price_per_kg=0.0,
        peak=months.astype(np.int32) if peaks else np.full(slots, -1, dtype=np.int32),
        peak_price_per_kw=np.full(peaks, scenario.peak_price_per_kw),
        peak_so_far_kw=np.array([round(peak_so_far_kw, _DECIMALS), *[0.0] * peaks][:peaks], dtype=np.float64),
        parent=np.array(circuits.parent, dtype=np.int32),
        import_limit_kw=np.array(circuits.limit_kw),
        export_limit_kw=np.full((len(circuits.parent), slots), np.inf),
        base_kw=np.array(circuits.base_kw),
        circuit=np.array(units, dtype=np.int32),
        arrival_slot=np.zeros(count, dtype=np.int32),
        departure_slot=np.minimum(departure, slots).astype(np.int32),
        charge_limit_kw=np.maximum(most_kw, least_kw),
        discharge_limit_kw=nothing,
        minimum_kw=least_kw,
        charge_efficiency=np.ones(count),
        discharge_efficiency=np.ones(count),
        wear_per_kwh=nothing,
        energy_kwh=nothing,
        floor_kwh=nothing,
        # A last quarter hour at the minimum may be more than is lacking; the vehicle ends it by itself.
        ceiling_kwh=lacks_kwh + least_kw * _SLOT_H,
        target_kwh=lacks_kwh,
        unmet_price_per_kwh=np.full(count, _unmet_price(import_price, scenario.peak_price_per_kw)),
        end_value_per_kwh=nothing,
    )


def _impatience(import_price_per_kwh: Floats) -> Floats:
    delay: Floats = (
        _IMPATIENCE
        * float(np.abs(import_price_per_kwh).mean())
        * np.arange(len(import_price_per_kwh), dtype=np.float64)
    )
    return delay


def _unmet_price(import_price_per_kwh: Floats, peak_price_per_kw: float) -> float:
    return _UNMET * (1.0 + float(np.abs(import_price_per_kwh).max()) + peak_price_per_kw / _SLOT_H)


def _departure_slot(plant: Plant, index: int, car: Plugged) -> int:
    """Return how many whole quarter hours a vehicle has, less a spare one and what its taper takes; at least one."""
    tapering_s = full_power_s(plant, index, car) - car.lacks_wh / car.highest_w * 3600
    left_s = car.session.expected_departure_s - plant.now_s - max(0.0, tapering_s)
    return min(max(1, math.floor(left_s / SLOT_S) - _SPARE_SLOTS), _LONGEST_SLOTS)


def _circuits(plant: Plant, window: slice) -> _Circuits:
    scenario = plant.scenario
    site = scenario.site
    index = {circuit.circuit_id: position for position, circuit in enumerate(site.circuits)}
    parent, limit_kw, base_kw = [], [], []
    for position, circuit in enumerate(site.circuits):
        highest_kw = sum(circuit.import_limit_a) * site.voltage_v / 1000
        if circuit.total_import_limit_w is not None:
            highest_kw = min(highest_kw, circuit.total_import_limit_w / 1000)
        parent.append(-1 if circuit.parent_id is None else index[circuit.parent_id])
        limit_kw.append(np.full(window.stop - window.start, highest_kw))
        base_kw.append(scenario.base_kw[window, position])
    return _Circuits(parent, limit_kw, base_kw, {})


def _circuit_of(plant: Plant, circuits: _Circuits, index: int, car: Plugged, window: slice) -> int:
    """Return the circuit of a vehicle. One-phase vehicles share one that has no more than their phase has left."""
    path = plant.paths[index]
    if len(car.wires) > 1:
        return path[0]
    wire = car.wires[0]
    if (path[0], wire) not in circuits.single:
        site = plant.scenario.site
        left_a = np.min(
            [
                site.circuits[circuit].import_limit_a[wire] - plant.scenario.base_a[window, circuit, wire]
                for circuit in path
            ],
            axis=0,
        )
        circuits.single[path[0], wire] = len(circuits.parent)
        circuits.parent.append(path[0])
        circuits.limit_kw.append(np.maximum(left_a, 0.0) * site.voltage_v / 1000)
        circuits.base_kw.append(np.zeros(window.stop - window.start))
    return circuits.single[path[0], wire]
