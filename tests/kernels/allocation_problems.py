"""Allocation problems for tests: a builder with plain defaults, and hypothesis strategies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
import math

from hypothesis import strategies as st
import numpy as np
from numpy.random import Generator

from tidewatt.kernels.allocation import Allocation, AllocationProblem

type Allocate = Callable[[AllocationProblem], Allocation]

L1, L2, L3, L12, L123 = 1, 2, 4, 3, 7
UNLIMITED = math.inf


@dataclass(frozen=True, kw_only=True)
class Node:
    """One circuit of a problem; unlimited unless said otherwise."""

    parent: int = -1
    import_a: Sequence[float] = (UNLIMITED,) * 3
    export_a: Sequence[float] = (UNLIMITED,) * 3
    base_a: Sequence[float] = (0.0,) * 3
    import_w: float = UNLIMITED
    export_w: float = UNLIMITED
    imbalance_a: float = UNLIMITED


@dataclass(frozen=True, kw_only=True)
class Point:
    """One charger of a problem; three-phase, 6 to 32 A in any current unless said otherwise."""

    circuit: int = 0
    phases: int = L123
    minimum_a: float = 6.0
    maximum_a: float = 32.0
    direction: int = 1
    step_a: float = 0.0
    weight: float = 1.0
    locked_on: bool = False
    incumbent: bool = False
    deficit: float = 0.0
    tier: int = 0
    relied_a: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """Circuits and chargers, from which the arrays of a problem are made."""

    nodes: tuple[Node, ...]
    points: tuple[Point, ...]
    voltage_v: tuple[float, float, float] = field(default=(230.0, 230.0, 230.0))

    def problem(self) -> AllocationProblem:
        """Return the problem as the kernel takes it."""
        nodes, points = self.nodes, self.points
        return AllocationProblem(
            parent=np.array([node.parent for node in nodes], np.int32),
            import_limit_a=np.array([node.import_a for node in nodes], np.float64),
            export_limit_a=np.array([node.export_a for node in nodes], np.float64),
            base_a=np.array([node.base_a for node in nodes], np.float64),
            total_import_limit_w=np.array([node.import_w for node in nodes], np.float64),
            total_export_limit_w=np.array([node.export_w for node in nodes], np.float64),
            imbalance_limit_a=np.array([node.imbalance_a for node in nodes], np.float64),
            voltage_v=np.array(self.voltage_v, np.float64),
            circuit=np.array([point.circuit for point in points], np.int32),
            phases=np.array([point.phases for point in points], np.uint8),
            minimum_a=np.array([point.minimum_a for point in points], np.float64),
            maximum_a=np.array([point.maximum_a for point in points], np.float64),
            direction=np.array([point.direction for point in points], np.int8),
            step_a=np.array([point.step_a for point in points], np.float64),
            weight=np.array([point.weight for point in points], np.float64),
            locked_on=np.array([point.locked_on for point in points], np.bool_),
            incumbent=np.array([point.incumbent for point in points], np.bool_),
            deficit=np.array([point.deficit for point in points], np.float64),
            tier=np.array([point.tier for point in points], np.uint8),
            relied_a=np.array([point.relied_a for point in points], np.float64),
        )

    def with_points(self, points: Sequence[Point]) -> Case:
        """Return the same circuits with other chargers."""
        return replace(self, points=tuple(points))


def fuse(limit_a: float, *points: Point, base_a: Sequence[float] = (0.0,) * 3) -> Case:
    """Return one circuit with the same import limit on each phase, and chargers on it."""
    return Case(nodes=(Node(import_a=(limit_a,) * 3, base_a=base_a),), points=points)


def tenths(low: float, high: float) -> st.SearchStrategy[float]:
    """Return multiples of 0.1, which binary numbers hit only nearly."""
    return st.integers(round(low * 10), round(high * 10)).map(lambda number: number / 10)


def limits(high: float) -> st.SearchStrategy[float]:
    """Return limits, now and then none."""
    return st.one_of(tenths(0, high), st.just(UNLIMITED))


def per_phase(values: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float, float]]:
    return st.tuples(values, values, values)


@st.composite
def nodes(draw: st.DrawFn, max_size: int = 5, min_size: int = 1) -> tuple[Node, ...]:
    """Return a tree of circuits with all kinds of limits."""
    count = draw(st.integers(min_size, max_size))
    return tuple(
        Node(
            parent=-1 if index == 0 else draw(st.integers(0, index - 1)),
            import_a=draw(per_phase(limits(80))),
            export_a=draw(per_phase(limits(40))),
            base_a=draw(per_phase(tenths(-15, 30))),
            import_w=draw(limits(30000)),
            export_w=draw(limits(15000)),
            imbalance_a=draw(limits(40)),
        )
        for index in range(count)
    )


@st.composite
def points(draw: st.DrawFn, circuits: int, steps: Sequence[float] = (0.0, 0.1, 0.7, 1.0)) -> Point:
    """Return any charger on one of so many circuits."""
    minimum_a = draw(st.sampled_from([0.0, 6.0, 6.0, 8.0, 13.8]))
    return Point(
        circuit=draw(st.integers(0, circuits - 1)),
        phases=draw(st.integers(1, 7)),
        minimum_a=minimum_a,
        maximum_a=minimum_a + draw(tenths(0, 26)),
        direction=draw(st.sampled_from([1, 1, 1, -1])),
        step_a=draw(st.sampled_from(steps)),
        weight=draw(st.sampled_from([0.3, 0.5, 1.0, 1.0, 2.0, 3.7])),
        locked_on=draw(st.booleans()),
        incumbent=draw(st.booleans()),
        deficit=draw(st.sampled_from([0.0, 0.0, 0.4, 5.0])),
    )


@st.composite
def cases(
    draw: st.DrawFn,
    steps: Sequence[float] = (0.0, 0.1, 0.7, 1.0),
    *,
    min_nodes: int = 1,
    max_nodes: int = 5,
    min_points: int = 0,
    max_points: int = 9,
) -> Case:
    """Return any small problem."""
    tree = draw(nodes(max_nodes, min_nodes))
    chargers = draw(st.lists(points(len(tree), steps), min_size=min_points, max_size=max_points))
    voltage_v = draw(st.sampled_from([(230.0, 230.0, 230.0), (229.3, 234.1, 231.7), (240.0, 0.0, 0.0)]))
    return Case(nodes=tree, points=tuple(chargers), voltage_v=voltage_v)


def seeded_case(seed: int, chargers: int, step_a: float) -> Case:
    """Return a street of chargers on a tree of three levels that cannot have all they want."""
    random: Generator = np.random.default_rng(seed)
    branches, leaves = 2, 6
    tree = [Node(import_a=tuple(random.uniform(5, 8, 3).round(1) * chargers))]
    tree += [Node(parent=0, import_a=tuple(random.uniform(3, 6, 3).round(1) * chargers)) for _ in range(branches)]
    tree += [
        Node(parent=1 + leaf % branches, import_a=tuple(random.uniform(1.2, 2.5, 3).round(1) * chargers))
        for leaf in range(leaves)
    ]
    return Case(
        nodes=tuple(tree),
        points=tuple(
            Point(
                circuit=int(random.integers(1 + branches, len(tree))),
                phases=int(random.choice([L1, L2, L3, L123, L123, L123])),
                maximum_a=float(random.choice([10, 16, 20, 32])),
                step_a=step_a,
                weight=round(float(random.uniform(0.5, 4.0)), 3),
            )
            for _ in range(chargers)
        ),
    )
