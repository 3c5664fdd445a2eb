"""The rules that Tidewatt is compared with. The managed ones keep every limit, for they measure perfectly.

First come, earliest deadline and round robin are the algorithms of that name in ACN-Sim (Lee, Sharma and Low 2021).
All know the vehicle: its phases, what it wants, when it leaves.
"""

from __future__ import annotations

import math

from tidewatt.simulation.plant import Plant, Plugged
from tidewatt.simulation.scenario import SLOT_S

from .contender import FOR_GOOD
from .room import share_in_order, share_in_rounds


def _wanting(plant: Plant) -> list[int]:
    """Return the chargers whose vehicles want energy, by arrival."""
    wanting = [
        (car.session.arrival_s, index) for index, car in enumerate(plant.plugged) if car is not None and car.wants
    ]
    return [index for _, index in sorted(wanting)]


class Unmanaged:
    """Everybody charges at full power at once. No limit is kept."""

    name = "unmanaged"

    def act(self, plant: Plant, *, jumping: bool) -> int:  # noqa: ARG002 - it has nothing to find out
        """See `Contender`."""
        plant.tell([charger.maximum_a for charger in plant.scenario.site.chargers])
        return FOR_GOOD


class FirstCome:
    """Full power in order of arrival, as far as it fits."""

    name = "first come"

    def act(self, plant: Plant, *, jumping: bool) -> int:  # noqa: ARG002 - it has nothing to find out
        """See `Contender`."""
        plant.tell(share_in_order(plant, _wanting(plant)))
        return FOR_GOOD


class EarliestDeadline:
    """Full power for who leaves first, as far as it fits."""

    name = "earliest deadline"

    def act(self, plant: Plant, *, jumping: bool) -> int:  # noqa: ARG002 - it has nothing to find out
        """See `Contender`."""

        def deadline_s(index: int) -> int:
            car = plant.plugged[index]
            return 0 if car is None else car.session.expected_departure_s

        plant.tell(share_in_order(plant, sorted(_wanting(plant), key=deadline_s)))
        return FOR_GOOD


class RoundRobin:
    """Everybody the same number of steps, as far as they fit."""

    name = "round robin"

    def act(self, plant: Plant, *, jumping: bool) -> int:  # noqa: ARG002 - it has nothing to find out
        """See `Contender`."""
        plant.tell(share_in_rounds(plant, _wanting(plant)))
        return FOR_GOOD


class CheapestSlots:
    """Every vehicle charges at full power in its own cheapest slots, chosen anew whenever something changes.

    It knows nothing of the others; where several choose the same slot, they share it in rounds.
    """

    name = "cheapest slots"

    def act(self, plant: Plant, *, jumping: bool) -> int:  # noqa: ARG002 - it has nothing to find out
        """See `Contender`."""
        plant.tell(share_in_rounds(plant, [index for index in _wanting(plant) if self._charges(plant, index)]))
        return FOR_GOOD

    def _charges(self, plant: Plant, index: int) -> bool:
        car = plant.plugged[index]
        return car is not None and charges_now(plant, car, full_power_s(plant, index, car))


def full_power_s(plant: Plant, index: int, car: Plugged) -> float:
    """Return the seconds a vehicle needs at full power, its taper included."""
    most_a = plant.scenario.site.chargers[index].maximum_a
    got_wh, seconds, wanted_wh = car.got_wh, 0.0, car.session.wanted_wh
    while got_wh < wanted_wh - 1e-6:
        until_wh = min(wanted_wh, car.acceptance.next_change_wh(got_wh))
        power_w = min(most_a, car.acceptance.at(got_wh)) * car.voltage_v
        seconds += (until_wh - got_wh) / power_w * 3600
        got_wh = until_wh
    return seconds


def charges_now(plant: Plant, car: Plugged, needed_s: float) -> bool:
    """Say whether this quarter hour is among the cheapest that give a vehicle the time it needs; the earlier of two."""
    scenario = plant.scenario
    end_s = min(car.session.expected_departure_s, scenario.end_s)
    last = math.ceil((end_s - scenario.start_s) / SLOT_S)
    prices = scenario.import_price_per_kwh[plant.slot : last]
    if len(prices) <= 1:
        return True
    price = prices[0]
    cheaper_s = SLOT_S * int((prices[1:] < price).sum())
    if prices[-1] < price:
        # Of the slot in which it leaves only a part is left.
        cheaper_s -= scenario.start_s + last * SLOT_S - end_s
    return cheaper_s < needed_s
