"""Planning problems for tests: a builder with plain defaults, and hypothesis strategies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import math
from typing import Any, Self

from hypothesis import strategies as st
import numpy as np

from tidewatt.kernels.planning import Plan, PlanProblem

type MakePlan = Callable[[PlanProblem], Plan]

UNLIMITED = math.inf


@dataclass(frozen=True, kw_only=True)
class Node:
    """One circuit, the same in all slots unless a sequence is given; unlimited and unloaded unless said otherwise."""

    parent: int = -1
    import_kw: float | Sequence[float] = UNLIMITED
    export_kw: float | Sequence[float] = UNLIMITED
    base_kw: float | Sequence[float] = 0.0


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One vehicle of 0 to 50 kWh that is there all the time, wants 30 and has 20, unless said otherwise."""

    circuit: int = 0
    arrival: int = 0
    departure: int | None = None
    charge_kw: float = 10.0
    discharge_kw: float = 0.0
    minimum_kw: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    wear: float = 0.0
    energy_kwh: float = 20.0
    floor_kwh: float = 0.0
    ceiling_kwh: float = 50.0
    target_kwh: float = 30.0
    unmet_price: float = 5.0
    end_value: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Site:
    """Tariff, circuits and units, from which the arrays of a problem are made. `sell` is 0 unless given."""

    buy: tuple[float, ...]
    sell: tuple[float, ...] | None = None
    nodes: tuple[Node, ...] = (Node(),)
    units: tuple[Unit, ...] = (Unit(),)
    slot_h: float = 1.0
    co2_kg: float = 0.0
    co2_price: float = 0.0
    peak: tuple[int, ...] | None = None
    peak_price: tuple[float, ...] = ()
    peak_so_far_kw: tuple[float, ...] = ()

    def with_unit(self, **changes: Any) -> Self:
        """Return the site with its first unit changed."""
        first, *others = self.units
        return replace(self, units=(replace(first, **changes), *others))

    def problem(self) -> PlanProblem:
        """Return the problem as the kernel takes it."""
        slots, units = len(self.buy), self.units
        gone = [slots if unit.departure is None else unit.departure for unit in units]
        return PlanProblem(
            slot_h=self.slot_h,
            import_price_per_kwh=np.array(self.buy, float),
            export_price_per_kwh=np.array(self.sell or (0.0,) * slots, float),
            co2_kg_per_kwh=np.full(slots, self.co2_kg),
            co2_price_per_kg=self.co2_price,
            peak=np.array(self.peak or (-1,) * slots, np.int32),
            peak_price_per_kw=np.array(self.peak_price, float),
            peak_so_far_kw=np.array(self.peak_so_far_kw, float),
            parent=np.array([node.parent for node in self.nodes], np.int32),
            import_limit_kw=_rows([node.import_kw for node in self.nodes], slots),
            export_limit_kw=_rows([node.export_kw for node in self.nodes], slots),
            base_kw=_rows([node.base_kw for node in self.nodes], slots),
            circuit=np.array([unit.circuit for unit in units], np.int32),
            arrival_slot=np.array([unit.arrival for unit in units], np.int32),
            departure_slot=np.array(gone, np.int32),
            charge_limit_kw=np.array([unit.charge_kw for unit in units], float),
            discharge_limit_kw=np.array([unit.discharge_kw for unit in units], float),
            minimum_kw=np.array([unit.minimum_kw for unit in units], float),
            charge_efficiency=np.array([unit.charge_efficiency for unit in units], float),
            discharge_efficiency=np.array([unit.discharge_efficiency for unit in units], float),
            wear_per_kwh=np.array([unit.wear for unit in units], float),
            energy_kwh=np.array([unit.energy_kwh for unit in units], float),
            floor_kwh=np.array([unit.floor_kwh for unit in units], float),
            ceiling_kwh=np.array([unit.ceiling_kwh for unit in units], float),
            target_kwh=np.array([unit.target_kwh for unit in units], float),
            unmet_price_per_kwh=np.array([unit.unmet_price for unit in units], float),
            end_value_per_kwh=np.array([unit.end_value for unit in units], float),
        )


def _rows(values: Sequence[float | Sequence[float]], slots: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([np.broadcast_to(np.asarray(value, float), (slots,)) for value in values])


def _tenths(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers with few digits: they make ties, exact fits and other corners."""
    return st.integers(round(10 * low), round(10 * high)).map(lambda value: value / 10)


@st.composite
def vehicles(draw: st.DrawFn, slots: int, circuits: int, *, minimum: bool) -> Unit:
    arrival = draw(st.integers(0, slots - 1))
    floor = draw(_tenths(0.0, 20.0))
    ceiling = draw(_tenths(floor, floor + 30.0))
    return Unit(
        circuit=draw(st.integers(0, circuits - 1)),
        arrival=arrival,
        departure=draw(st.integers(arrival + 1, slots)),
        charge_kw=draw(_tenths(0.0, 11.0)),
        discharge_kw=draw(st.just(0.0) | _tenths(0.0, 11.0)),
        minimum_kw=draw(st.sampled_from([0.0, 1.4, 4.1])) if minimum else 0.0,
        charge_efficiency=draw(st.sampled_from([1.0, 0.95, 0.9, 0.5])),
        discharge_efficiency=draw(st.sampled_from([1.0, 0.95, 0.9, 0.5])),
        wear=draw(st.just(0.0) | _tenths(0.0, 0.5)),
        energy_kwh=draw(_tenths(0.0, 50.0)),
        floor_kwh=floor,
        ceiling_kwh=ceiling,
        target_kwh=draw(_tenths(0.0, ceiling)),
        unmet_price=draw(st.sampled_from([1.0, 5.0])),
        end_value=draw(st.sampled_from([0.0, 0.1, 0.3])),
    )


@st.composite
def nodes(draw: st.DrawFn, index: int, slots: int) -> Node:
    limit = st.just(UNLIMITED) | _tenths(0.0, 20.0)
    return Node(
        parent=draw(st.integers(0, index - 1)) if index else -1,
        import_kw=draw(limit),
        export_kw=draw(limit),
        base_kw=tuple(draw(st.lists(_tenths(-8.0, 8.0), min_size=slots, max_size=slots))),
    )


@st.composite
def sites(
    draw: st.DrawFn,
    *,
    most_units: int = 3,
    most_slots: int = 8,
    negative: bool = True,
    minimum: bool = True,
    peaks: bool = True,
) -> Site:
    """Draw sites with everything in them; `negative`: also negative prices, and exports worth more than imports."""
    slots = draw(st.integers(1, most_slots))
    circuits = draw(st.integers(1, 3))
    buy = draw(st.lists(_tenths(-0.5 if negative else 0.1, 1.0), min_size=slots, max_size=slots))
    spread = st.lists(_tenths(-0.2 if negative else 0.0, 0.5), min_size=slots, max_size=slots)
    sell = [high - low for high, low in zip(buy, draw(spread), strict=True)]
    periods = draw(st.integers(0, 2)) if peaks else 0
    return Site(
        buy=tuple(buy),
        sell=tuple(sell if negative else (max(price, 0.0) for price in sell)),
        nodes=tuple(draw(nodes(index, slots)) for index in range(circuits)),
        units=tuple(draw(st.lists(vehicles(slots, circuits, minimum=minimum), min_size=1, max_size=most_units))),
        slot_h=draw(st.sampled_from([0.25, 1.0])),
        co2_kg=0.4,
        co2_price=draw(st.sampled_from([0.0, 0.1])),
        peak=tuple(draw(st.lists(st.integers(-1, periods - 1), min_size=slots, max_size=slots))),
        peak_price=tuple(draw(st.lists(_tenths(0.0, 3.0), min_size=periods, max_size=periods))),
        peak_so_far_kw=tuple(draw(st.lists(_tenths(0.0, 5.0), min_size=periods, max_size=periods))),
    )
