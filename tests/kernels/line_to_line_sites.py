"""Sites with line-to-line chargers for tests, and what judges them: plain sums over every subset of the chargers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
import math

from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt

from tidewatt.kernels.line_to_line import LineRequest, LineSite

type Complexes = npt.NDArray[np.complex128]
type Floats = npt.NDArray[np.float64]

NONE = math.inf
THREE = tuple(complex(*pair) for pair in ((120.0, 0.0), (-60.0, -60.0 * 3**0.5), (-60.0, 60.0 * 3**0.5)))
"""120/208 V wye."""

SPLIT = (120 + 0j, -120 + 0j, 0j)
"""120/240 V split phase."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One circuit; unlimited unless said otherwise."""

    parent: int = -1
    limit_a: Sequence[float] = (NONE,) * 4
    base_a: Sequence[complex] = (0j,) * 3
    unsure_a: Sequence[float] = (0.0,) * 3
    turns_ratio: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """One charger; on L1 and L2, 6 to 32 A in any current unless said otherwise."""

    circuit: int = 0
    lines: int = 3
    lag_deg: float = 0.0
    minimum_a: float = 6.0
    maximum_a: float = 32.0
    step_a: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """Circuits and chargers, from which the arrays are made."""

    nodes: tuple[Node, ...]
    points: tuple[Point, ...]
    voltage_v: Sequence[complex] = THREE

    def site(self) -> LineSite:
        """Return the wiring as the kernel takes it."""
        return LineSite(
            voltage_v=np.array(self.voltage_v, np.complex128),
            parent=np.array([node.parent for node in self.nodes], np.int32),
            turns_ratio=np.array([node.turns_ratio for node in self.nodes], np.float64),
            circuit=np.array([point.circuit for point in self.points], np.int32),
            lines=np.array([point.lines for point in self.points], np.uint8),
            lag_deg=np.array([point.lag_deg for point in self.points], np.float64),
        )

    def request(self) -> LineRequest:
        """Return limits, bases and wishes as the kernel takes them."""
        return LineRequest(
            limit_a=np.array([node.limit_a for node in self.nodes], np.float64),
            base_a=np.array([node.base_a for node in self.nodes], np.complex128),
            base_unsure_a=np.array([node.unsure_a for node in self.nodes], np.float64),
            minimum_a=np.array([point.minimum_a for point in self.points], np.float64),
            maximum_a=np.array([point.maximum_a for point in self.points], np.float64),
            step_a=np.array([point.step_a for point in self.points], np.float64),
            weight=np.array([point.weight for point in self.points], np.float64),
        )

    def voltages(self) -> list[Complexes]:
        """Return the voltages at each circuit."""
        found = [np.array(self.voltage_v)]
        for node in self.nodes[1:]:
            a, b, c = found[node.parent]
            ratio = node.turns_ratio
            found.append(np.array([a - b, b - c, c - a]) / ratio if ratio else found[node.parent])
        return found

    def ampere(self, point: Point) -> Complexes:
        """Return complex[V, 4], what an ampere of a charger adds to every line."""
        lines: Complexes = self._at_terminals(point)
        added = np.zeros((len(self.nodes), 4), complex)
        circuit, neutral = point.circuit, lines.sum()
        while circuit >= 0:
            added[circuit] = [*lines, neutral]
            node = self.nodes[circuit]
            if node.turns_ratio:
                a, b, c = lines
                ratio = node.turns_ratio
                lines, neutral = np.array([(a - c) / ratio, (b - a) / ratio, (c - b) / ratio], complex), 0j
            circuit = node.parent
        added[np.abs(added) < 1e-9] = 0.0
        return added

    def _at_terminals(self, point: Point) -> Complexes:
        a, b, c = self.voltages()[point.circuit]
        turn = np.exp(-1j * np.radians(point.lag_deg))

        def along(voltage: complex) -> complex:
            return voltage / abs(voltage) if abs(voltage) else 0j

        pair = {3: a - b, 6: b - c, 5: c - a}
        ways = {3: (1, -1, 0), 6: (0, 1, -1), 5: (-1, 0, 1)}
        if point.lines in pair:
            currents = [way * along(pair[point.lines]) for way in ways[point.lines]]
        else:
            currents = [along(v) if point.lines >> k & 1 else 0j for k, v in enumerate((a, b, c))]
        return np.array([current * turn for current in currents], np.complex128)

    def base(self) -> tuple[Complexes, Floats]:
        """Return complex[V, 4] and float[V, 4], the base in every line, and what is unsure of it."""
        known: Complexes = np.array([[*node.base_a, sum(node.base_a)] for node in self.nodes])
        unsure: Floats = np.array([[*node.unsure_a, sum(node.unsure_a)] for node in self.nodes])
        return known, unsure

    def lines_a(self, current_a: Sequence[float] | Floats) -> Complexes:
        """Return complex[V, 4], what flows at these currents."""
        flows = self.base()[0]
        for amount, point in zip(current_a, self.points, strict=True):
            flows = flows + amount * self.ampere(point)
        return flows

    def worst_a(self, current_a: Sequence[float] | Floats) -> Floats:
        """Return float[V, 4], the highest current in every line over all subsets of the chargers."""
        known, unsure = self.base()
        amperes = [self.ampere(point) for point in self.points]
        worst = np.abs(known)
        for on in product((0, 1), repeat=len(self.points)):
            flows = sum((k * x * c for k, x, c in zip(on, current_a, amperes, strict=True)), known)
            worst = np.maximum(worst, np.abs(flows))
        return worst + unsure

    def holds(self, current_a: Sequence[float] | Floats, tolerance_a: float = 1e-9) -> bool:
        """Whether every line holds also when any chargers take nothing."""
        limits = np.array([node.limit_a for node in self.nodes])
        return bool((self.worst_a(current_a) <= limits + tolerance_a).all())


def tenths(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 10), round(high * 10)).map(lambda number: number / 10)


@st.composite
def nodes(draw: st.DrawFn, max_size: int = 3) -> tuple[Node, ...]:
    """Return a tree of circuits, with a transformer now and then."""
    limit = st.one_of(tenths(0, 90), tenths(20, 90), st.just(NONE))
    amount = tenths(-12, 12)
    count = draw(st.integers(1, max_size))
    return tuple(
        Node(
            parent=-1 if index == 0 else draw(st.integers(0, index - 1)),
            limit_a=draw(st.tuples(limit, limit, limit, limit)),
            base_a=draw(st.one_of(st.just((0j,) * 3), st.tuples(*[st.builds(complex, amount, amount)] * 3))),
            unsure_a=draw(st.one_of(st.just((0.0,) * 3), st.tuples(*[tenths(0, 8)] * 3))),
            turns_ratio=0.0 if index == 0 else draw(st.sampled_from([0.0, 0.0, 4.0, 1.0])),
        )
        for index in range(count)
    )


@st.composite
def cases(
    draw: st.DrawFn, *, max_points: int = 6, steps: Sequence[float] = (0.0,), minima: Sequence[float] = (0.0, 6.0)
) -> Case:
    """Return any small site with leading and lagging chargers on any lines."""
    tree = draw(nodes())
    lag = st.one_of(st.just(0.0), st.just(0.0), st.integers(-90, 90).map(float))
    chargers = draw(
        st.lists(
            st.builds(
                lambda minimum_a, more_a, **rest: Point(minimum_a=minimum_a, maximum_a=minimum_a + more_a, **rest),
                minimum_a=st.sampled_from(minima),
                more_a=tenths(0, 30),
                circuit=st.integers(0, len(tree) - 1),
                lines=st.integers(1, 7),
                lag_deg=lag,
                step_a=st.sampled_from(steps),
                weight=st.sampled_from([0.3, 1.0, 1.0, 2.0, 3.7]),
            ),
            max_size=max_points,
        )
    )
    voltage = draw(st.sampled_from([THREE, THREE, SPLIT, (121 + 2j, -58 - 105j, -62 + 101j)]))
    return Case(nodes=tree, points=tuple(chargers), voltage_v=voltage)


def fair_a(case: Case) -> Floats:
    """Return weighted max-min currents by bisection, one level after the other, to about 1e-6 A: slow and plain."""
    points = case.points
    current = np.zeros(len(points))
    rising: set[int] = set()
    for index in sorted(range(len(points)), key=lambda index: -points[index].weight):
        current[index] = points[index].minimum_a
        if case.holds(current):
            rising.add(index)
        else:
            current[index] = 0.0

    def at(level: float) -> Floats:
        risen = current.copy()
        for index in rising:
            point = points[index]
            risen[index] = min(max(point.weight * level, point.minimum_a), point.maximum_a)
        return risen

    while rising:
        low, high = 0.0, 200.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if case.holds(at(middle), 1e-10) else (low, middle)
        current = at(low)
        stopped = {index for index in rising if not _may_rise(case, current, index)}
        rising -= stopped or rising
    return current


def _may_rise(case: Case, current: Floats, index: int) -> bool:
    more = current.copy()
    more[index] += 1e-4
    return more[index] < case.points[index].maximum_a and case.holds(more)


def office(seed: int, chargers: int, *, limit_a: float, transformer_a: float = NONE) -> Case:
    """Return chargers between two lines behind a transformer, on panels, with neither loads nor lines balanced."""
    random = np.random.default_rng(seed)
    panels = 1 + chargers // 27
    main = Node(parent=0, turns_ratio=4.0, limit_a=(limit_a,) * 3 + (NONE,))
    return Case(
        voltage_v=tuple(4.0 * 120 * 3**-0.5 * np.exp(-1j * np.radians(angle)) for angle in (-30, 90, 210)),
        nodes=(
            Node(limit_a=(transformer_a,) * 3 + (NONE,)),
            main,
            *(Node(parent=1, limit_a=(0.7 * limit_a,) * 3 + (NONE,)) for _ in range(panels)),
        ),
        points=tuple(
            Point(
                circuit=2 + index % panels,
                lines=(3, 6, 5)[int(random.choice(3, p=(0.4, 0.3, 0.3)))],
                minimum_a=6.0,
                maximum_a=32.0,
                weight=round(float(random.uniform(0.5, 4.0)), 3),
            )
            for index in range(chargers)
        ),
    )
