"""Seeded planning problems: homes and fleets with made-up but plausible tariffs, stays, loads and sun."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tidewatt.kernels.planning import PlanProblem
from tidewatt.kernels.planning.problem import Floats, Integers

SLOT_H = 0.25
FLEET = 11
"""From so many units on a site is a car park; below it is a home."""

type Family = Literal["std", "mkt", "neg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What a problem is drawn from.

    Attributes:
        units: vehicles.
        slots: quarter hours.
        seed: of the random numbers.
        tree: groups of about 20 vehicles behind circuits of their own.
        battery: a stationary battery on top.
        family: "std" a household tariff, "mkt" near the wholesale price so that discharging pays, "neg" the same with
            negative prices.
        peak: a price on the highest import of each of two billing periods.
        minimum: vehicles charge at 0 or at least 6 A on each phase.
    """

    units: int
    slots: int = 96
    seed: int = 0
    tree: bool = False
    battery: bool = False
    family: Family = "std"
    peak: bool = False
    minimum: bool = False

    @property
    def label(self) -> str:
        """A name for tables."""
        extras = [word for word in ("tree", "battery", "peak", "minimum") if getattr(self, word)]
        return " ".join([f"{self.units:,} x {self.slots}", self.family, *extras])

    def problem(self) -> PlanProblem:
        """Draw the problem."""
        rng = np.random.default_rng([self.seed, self.units, self.slots, *self.label.encode()])
        start_h = 16.0 if self.units < FLEET else float(rng.choice([0.0, 6.0, 12.0, 16.0]))
        hour = start_h + SLOT_H * np.arange(self.slots, dtype=np.float64)
        buy, sell = _tariff(rng, hour, self.family)
        fleet = _fleet(rng, self, start_h)
        if self.battery:
            fleet = fleet.with_battery(self)
        base = _base(rng, hour % 24.0, self.units)
        parent, circuit, import_limit, export_limit = _circuits(rng, self, fleet, base)
        circuits = len(parent)
        periods = 2 if self.peak else 0
        peak = np.arange(self.slots) * 2 // self.slots if self.peak else np.full(self.slots, -1)
        base_kw = np.zeros((circuits, self.slots))
        base_kw[0] = base
        return PlanProblem(
            slot_h=SLOT_H,
            import_price_per_kwh=buy,
            export_price_per_kwh=sell,
            co2_kg_per_kwh=np.round(0.25 + 0.15 * np.sin((hour - 14.0) / 12.0 * np.pi), 4),
            co2_price_per_kg=0.08,
            peak=peak.astype(np.int32),
            peak_price_per_kw=np.full(periods, 2.5),
            peak_so_far_kw=np.full(periods, max(float(base.max()), 2.5)),
            parent=parent,
            import_limit_kw=import_limit,
            export_limit_kw=export_limit,
            base_kw=base_kw,
            circuit=circuit,
            **{field: getattr(fleet, field) for field in Fleet.__dataclass_fields__},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The fields of `PlanProblem` that have one entry for each unit."""

    arrival_slot: Integers
    departure_slot: Integers
    charge_limit_kw: Floats
    discharge_limit_kw: Floats
    minimum_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    wear_per_kwh: Floats
    energy_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    target_kwh: Floats
    unmet_price_per_kwh: Floats
    end_value_per_kwh: Floats

    def with_battery(self, instance: Instance) -> Fleet:
        """Add a stationary battery that is to end as full as it began."""
        kwh = 10.0 * max(1, instance.units // 5)
        battery = {
            "arrival_slot": 0,
            "departure_slot": instance.slots,
            "charge_limit_kw": 0.5 * kwh,
            "discharge_limit_kw": 0.5 * kwh,
            "minimum_kw": 0.0,
            "charge_efficiency": 0.96,
            "discharge_efficiency": 0.96,
            "wear_per_kwh": 0.02,
            "energy_kwh": 0.5 * kwh,
            "floor_kwh": 0.05 * kwh,
            "ceiling_kwh": kwh,
            "target_kwh": 0.5 * kwh,
            "unmet_price_per_kwh": 3.0,
            "end_value_per_kwh": 0.0,
        }
        joined = {
            field: np.append(getattr(self, field), value).astype(getattr(self, field).dtype)
            for field, value in battery.items()
        }
        return replace(self, **joined)


def _tariff(rng: np.random.Generator, hour: Floats, family: Family) -> tuple[Floats, Floats]:
    """Return import and export prices: two humps a day, a dip at noon, each day with its own spread and level."""
    day = (hour // 24.0).astype(int)
    of_day = hour % 24.0
    shape = sum(
        height * np.exp(-(((of_day - at) / width) ** 2))
        for height, at, width in ((0.05, 8.0, 2.0), (0.08, 19.0, 2.3), (-0.06, 13.0, 2.5))
    )
    days = int(day[-1]) + 1
    spot = 0.08 + shape * rng.uniform(0.7, 1.5, days)[day] + rng.normal(0.0, 0.012, days)[day]
    drift = np.zeros(len(hour))
    for t, step in enumerate(rng.normal(0.0, 0.006, len(hour))):
        drift[t] = 0.9 * drift[t - 1] + step
    spot = spot + drift
    if family == "std":
        spot = np.maximum(spot, 0.005)
        return np.round(1.21 * (spot + 0.11), 5), np.round(np.maximum(spot - 0.004, 0.0), 5)
    spot = 1.8 * spot - 0.016 if family == "mkt" else 1.8 * spot - 0.08
    spot = np.maximum(spot, 0.005) if family == "mkt" else spot
    return np.round(spot + 0.012, 5), np.round(spot - 0.004, 5)


def _fleet(rng: np.random.Generator, instance: Instance, start_h: float) -> Fleet:
    units, slots = instance.units, instance.slots
    kwh = rng.choice([40.0, 52.0, 58.0, 64.0, 77.0, 82.0, 100.0], units)
    kw = rng.choice([3.7, 7.4, 11.0, 22.0], units, p=[0.1, 0.3, 0.5, 0.1])
    both_ways = rng.random(units) < (0.4 if instance.family == "std" else 0.8)
    if units == 1:
        both_ways[:] = True
    arrival, departure = _stays(rng, units, slots, start_h)
    efficiency = np.round(rng.uniform(0.90, 0.96, (2, units)), 3)
    low, high = (0.02, 0.07) if instance.family == "std" else (0.005, 0.04)
    floor = np.round(0.15 * kwh, 3)
    ceiling = np.round(np.where(rng.random(units) < 0.6, 0.8, 1.0) * kwh, 3)
    energy = np.clip(kwh * rng.normal(0.45, 0.16, units), floor, ceiling)
    wanted = np.maximum(kwh * np.clip(rng.normal(0.8, 0.1, units), 0.5, 1.0), energy)
    within_reach = energy + 0.95 * efficiency[0] * kw * SLOT_H * (departure - arrival)
    return Fleet(
        arrival_slot=arrival.astype(np.int32),
        departure_slot=departure.astype(np.int32),
        charge_limit_kw=kw,
        discharge_limit_kw=np.where(both_ways, np.minimum(kw, 10.0), 0.0),
        minimum_kw=np.where(kw < 10.0, 1.38, 4.14) * instance.minimum,
        charge_efficiency=efficiency[0],
        discharge_efficiency=efficiency[1],
        wear_per_kwh=np.round(rng.uniform(low, high, units), 4),
        energy_kwh=np.round(energy, 3).astype(np.float64),
        floor_kwh=floor,
        ceiling_kwh=ceiling,
        target_kwh=np.minimum(np.round(np.minimum(wanted, within_reach), 3), ceiling),
        unmet_price_per_kwh=np.full(units, 3.0),
        end_value_per_kwh=np.zeros(units),
    )


def _stays(rng: np.random.Generator, units: int, slots: int, start_h: float) -> tuple[Integers, Integers]:
    """Return first slot and the one after the last: overnight at home, office hours or overnight in a car park."""
    if units < FLEET:
        arrival = np.minimum(rng.gamma(2.0, 1.0, units) / SLOT_H, slots // 3) * (rng.random(units) < 0.5)
        stay = np.maximum(rng.normal(14.5, 1.5, units) / SLOT_H, 8.0)
    else:
        office = rng.random(units) < 0.5
        arrival_h = np.where(office, rng.normal(8.5, 1.2, units), rng.normal(18.0, 2.0, units))
        stay = np.where(office, rng.normal(8.0, 1.8, units), rng.normal(12.5, 2.2, units)) / SLOT_H
        later = 24.0 * rng.integers(0, max(1, int(slots * SLOT_H) // 24), units)
        arrival = ((arrival_h - start_h) % 24.0 + later) / SLOT_H
        here = arrival >= slots - 8
        arrival = np.where(here, 0.0, arrival)
        stay = np.where(here, rng.integers(6, 40, units), np.maximum(stay, 4.0))
    first = np.minimum(arrival, slots - 4).astype(np.int64)
    return first, np.minimum(first + stay.astype(np.int64), slots)


def _base(rng: np.random.Generator, of_day: Floats, units: int) -> Floats:
    """Return load less sun of the site in kW."""
    sun = max(4.0, 0.9 * units) * np.maximum(0.0, np.sin((of_day - 6.0) / 12.0 * np.pi)) ** 1.5 * rng.uniform(0.3, 1.0)
    load = 0.35 + 0.9 * np.exp(-(((of_day - 19.0) / 2.5) ** 2)) + 0.3 * np.exp(-(((of_day - 8.0) / 1.5) ** 2))
    noise = 1.0 + 0.1 * rng.normal(size=len(of_day))
    result: Floats = np.round(load * max(1.0, 0.35 * units) * noise - sun, 4)
    return result


def _circuits(
    rng: np.random.Generator, instance: Instance, fleet: Fleet, base: Floats
) -> tuple[Integers, Integers, Floats, Floats]:
    """Return parents, the circuits of the units and the limits each way: a connection that is just large enough."""
    units = len(fleet.charge_limit_kw)
    if instance.units < FLEET:
        connection = 17.3 if instance.units <= 3 else 43.0
    else:
        need_kwh = (np.maximum(fleet.target_kwh - fleet.energy_kwh, 0.0) / fleet.charge_efficiency).sum()
        mean_kw = float(need_kwh) / (instance.slots * SLOT_H)
        connection = max(1.35 * mean_kw + float(base.max()), 5.0) * rng.uniform(1.0, 1.8)
    connection = max(connection, 1.02 * float(base.max()) + 0.1)
    back = 0.7 * connection + max(0.0, -float(base.min()))
    if not instance.tree:
        shape = (1, instance.slots)
        parent, circuit = np.array([-1]), np.zeros(units)
        limits = np.full(shape, round(connection, 3)), np.full(shape, round(back, 3))
        return parent.astype(np.int32), circuit.astype(np.int32), *limits
    groups = max(2, instance.units // 20)
    group = rng.integers(0, groups, units)
    installed_kw = np.bincount(group, fleet.charge_limit_kw, groups)
    feeder_kw = np.round(np.maximum(rng.uniform(0.3, 0.7, groups) * installed_kw, 22.0), 3)
    import_kw = np.concatenate([[round(connection, 3)], feeder_kw])
    export_kw = np.concatenate([[round(back, 3)], np.maximum(0.6 * feeder_kw, 11.0)])
    parent = np.concatenate([[-1], np.zeros(groups)])
    limits_kw = [np.repeat(kw[:, None], instance.slots, axis=1) for kw in (import_kw, export_kw)]
    return parent.astype(np.int32), (1 + group).astype(np.int32), limits_kw[0], limits_kw[1]
