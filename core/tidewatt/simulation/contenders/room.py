"""The limits of a plant's circuits as a balancer that measures perfectly sees them."""

from __future__ import annotations

import math

from tidewatt.simulation.plant import Plant, Plugged
from tidewatt.site import Charger

_ROUNDING: float = 1e-9


class Room:
    """What the circuits have left beside the loads of the house, less what was taken from it."""

    def __init__(self, plant: Plant) -> None:
        site = plant.scenario.site
        self._paths = plant.paths
        self._voltage_v = site.voltage_v
        self._free_a = [
            [limit_a - base_a for limit_a, base_a in zip(circuit.import_limit_a, row, strict=True)]
            for circuit, row in zip(site.circuits, plant.base_a, strict=True)
        ]
        self._free_w = [
            math.inf
            if circuit.total_import_limit_w is None
            else circuit.total_import_limit_w - sum(row) * site.voltage_v
            for circuit, row in zip(site.circuits, plant.base_a, strict=True)
        ]

    def for_car(self, index: int, car: Plugged) -> float:
        """Return the highest current on each phase that still fits for the vehicle at a charger."""
        free_a = math.inf
        for circuit in self._paths[index]:
            row = self._free_a[circuit]
            free_a = min(free_a, self._free_w[circuit] / car.voltage_v, *(row[wire] for wire in car.wires))
        return free_a

    def take(self, index: int, car: Plugged, current_a: float) -> None:
        """Count a current that the vehicle at a charger may draw."""
        for circuit in self._paths[index]:
            row = self._free_a[circuit]
            self._free_w[circuit] -= current_a * car.voltage_v
            for wire in car.wires:
                row[wire] -= current_a


def highest_a(charger: Charger, car: Plugged) -> float:
    """Return the current worth offering: what the vehicle accepts, in whole steps and at least the minimum."""
    accepted_a = math.ceil(car.acceptance_a / charger.step_a - _ROUNDING) * charger.step_a
    return min(max(accepted_a, charger.minimum_a), charger.maximum_a)


def in_steps(charger: Charger, current_a: float) -> float:
    """Return a current in whole steps of a charger, 0 when that is below its minimum."""
    stepped_a = math.floor(current_a / charger.step_a + _ROUNDING) * charger.step_a
    return stepped_a if stepped_a >= charger.minimum_a - _ROUNDING else 0.0


def share_in_order(plant: Plant, order: list[int]) -> list[float]:
    """Give each charger in turn as much as fits: the later ones live on what is left."""
    room, told_a = Room(plant), [0.0] * len(plant.plugged)
    for index in order:
        car, charger = plant.plugged[index], plant.scenario.site.chargers[index]
        if car is not None:
            told_a[index] = in_steps(charger, min(highest_a(charger, car), room.for_car(index, car)))
            room.take(index, car, told_a[index])
    return told_a


def share_in_rounds(plant: Plant, order: list[int]) -> list[float]:
    """Go round and give each charger one step more, its minimum at first, until nothing fits any more."""
    room, told_a = Room(plant), [0.0] * len(plant.plugged)
    queue = list(order)
    while queue:
        index = queue.pop(0)
        car, charger = plant.plugged[index], plant.scenario.site.chargers[index]
        if car is None:
            continue
        step_a = charger.step_a if told_a[index] > 0 else charger.minimum_a
        risen_a = told_a[index] + step_a
        if risen_a > highest_a(charger, car) + _ROUNDING or step_a > room.for_car(index, car) + _ROUNDING:
            continue
        room.take(index, car, step_a)
        told_a[index] = risen_a
        queue.append(index)
    return told_a
