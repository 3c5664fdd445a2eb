"""Slow, clear judges of allocations, written from the meaning of the limits and without the kernel's notion of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
import math

from tests.kernels.allocation_problems import Case, Point

SLACK_A = 1e-8
ROUNDING_A = Fraction(1, 10**9)
"""13.1 less 1.1 is a little under 12 in binary; a minimum that fits but for this fits."""


@dataclass(frozen=True)
class Constraint:
    """`sum(per_a[i] * current[i]) <= room` over chargers i, and what it is called."""

    kind: str
    circuit: int
    phase: int
    room: Fraction
    per_a: dict[int, Fraction]


def constraints(case: Case) -> list[Constraint]:
    """Return every finite constraint that at least one charger counts in."""
    found = [constraint for circuit in range(len(case.nodes)) for constraint in _of_circuit(case, circuit)]
    return [constraint for constraint in found if constraint.per_a]


def _of_circuit(case: Case, circuit: int) -> Iterator[Constraint]:
    node = case.nodes[circuit]
    below = [index for index, point in enumerate(case.points) if circuit in _path(case, point.circuit)]
    base = [Fraction(current) for current in node.base_a]
    volts = [Fraction(voltage) for voltage in case.voltage_v]
    base_w = sum((a * v for a, v in zip(base, volts, strict=True)), Fraction(0))
    for direction, limit_a, limit_w in ((1, node.import_a, node.import_w), (-1, node.export_a, node.export_w)):
        active = [index for index in below if case.points[index].direction == direction]
        for phase in range(3):
            if math.isfinite(limit_a[phase]):
                room = Fraction(limit_a[phase]) - direction * base[phase]
                per_a = {index: Fraction(1) for index in active if uses(case.points[index], phase)}
                yield Constraint("current", circuit, phase, room, per_a)
        if math.isfinite(limit_w):
            watts = {
                index: sum((volts[p] for p in range(3) if uses(case.points[index], p)), Fraction(0)) for index in active
            }
            yield Constraint(
                "power", circuit, -1, Fraction(limit_w) - direction * base_w, {i: w for i, w in watts.items() if w}
            )
    if math.isfinite(node.imbalance_a):
        for high, low in permutations(range(3), 2):
            per_a = {index: Fraction(1) for index in below if _unbalances(case.points[index], high, low)}
            yield Constraint("imbalance", circuit, high, Fraction(node.imbalance_a) + base[low] - base[high], per_a)


def uses(point: Point, phase: int) -> bool:
    return bool(point.phases >> phase & 1)


def _unbalances(point: Point, high: int, low: int) -> bool:
    """Return whether a charger raises the load of one phase over that of another."""
    loads = (uses(point, high) - uses(point, low)) * point.direction
    return loads > 0


def _path(case: Case, circuit: int) -> list[int]:
    path = []
    while circuit >= 0:
        path.append(circuit)
        circuit = case.nodes[circuit].parent
    return path


def overruns(case: Case, current_a: Sequence[float]) -> list[str]:
    """Return what signed currents break: measured loads against limits, where the base alone does not break them."""
    found = []
    for circuit, node in enumerate(case.nodes):
        below = [index for index, point in enumerate(case.points) if circuit in _path(case, point.circuit)]
        load_a = [
            sum(current_a[index] for index in below if uses(case.points[index], phase)) + node.base_a[phase]
            for phase in range(3)
        ]
        for name, value, base, limit in _loads(case, circuit, load_a):
            if value > max(limit, base) + SLACK_A * max(1.0, abs(limit)):
                found.append(f"circuit {circuit} {name}: {value} over {limit}, base {base}")
    return found


def _loads(case: Case, circuit: int, load_a: Sequence[float]) -> Iterator[tuple[str, float, float, float]]:
    """Yield name, value, value of the base alone and limit of everything that is limited in a circuit."""
    node = case.nodes[circuit]
    power_w, base_w = (sum(a * v for a, v in zip(x, case.voltage_v, strict=True)) for x in (load_a, node.base_a))
    for phase in range(3):
        yield f"import L{phase + 1}", load_a[phase], node.base_a[phase], node.import_a[phase]
        yield f"export L{phase + 1}", -load_a[phase], -node.base_a[phase], node.export_a[phase]
    yield "import power", power_w, base_w, node.import_w
    yield "export power", -power_w, -base_w, node.export_w
    yield "imbalance", max(load_a) - min(load_a), max(node.base_a) - min(node.base_a), node.imbalance_a


def fair_currents(case: Case, on: Sequence[bool]) -> list[Fraction]:
    """Return exact weighted max-min currents of the chargers that are on, by raising a common level event by event."""
    floor = [Fraction(point.minimum_a) if is_on else Fraction(0) for point, is_on in zip(case.points, on, strict=True)]
    top = [Fraction(point.maximum_a) for point in case.points]
    weight = [Fraction(point.weight) for point in case.points]
    rules = constraints(case)
    current = list(floor)
    free = {index for index, is_on in enumerate(on) if is_on and top[index] > floor[index]}
    level = Fraction(0)
    while free:
        rising = {index for index in free if weight[index] * level >= floor[index]}
        events = [top[index] / weight[index] for index in rising]
        events += [floor[index] / weight[index] for index in free - rising]
        for rule in rules:
            rate = sum((rule.per_a[index] * weight[index] for index in rising if index in rule.per_a), Fraction(0))
            if rate:
                left = rule.room - sum((a * current[index] for index, a in rule.per_a.items()), Fraction(0))
                events.append(level + max(left, Fraction(0)) / rate)
        level = min(event for event in events if event >= level)
        for index in rising:
            current[index] = min(top[index], max(floor[index], weight[index] * level))
        free -= {index for index in rising if current[index] == top[index]}
        full = [
            rule for rule in rules if sum((a * current[i] for i, a in rule.per_a.items()), Fraction(0)) >= rule.room
        ]
        stopped = {index for rule in full for index in rule.per_a}
        free -= stopped & {index for index in free if weight[index] * level >= floor[index]}
    return current


def scores(case: Case, bonus: float) -> list[float]:
    return [point.weight * (1 + bonus * point.incumbent) + point.deficit for point in case.points]


def best_score(case: Case, bonus: float) -> float:
    """Return the highest sum of scores of a set of chargers whose minima fit together, by trying every set."""
    score = scores(case, bonus)
    rules = constraints(case)
    indices = range(len(case.points))
    return max(
        sum(score[index] for index in chosen)
        for size in range(len(case.points) + 1)
        for chosen in combinations(indices, size)
        if _minima_fit(case, rules, chosen)
    )


def _minima_fit(case: Case, rules: Sequence[Constraint], chosen: Sequence[int]) -> bool:
    for rule in rules:
        per_a = [rule.per_a[index] for index in chosen if index in rule.per_a]
        minima = [Fraction(case.points[index].minimum_a) for index in chosen if index in rule.per_a]
        if per_a and sum((a * b for a, b in zip(per_a, minima, strict=True)), Fraction(0)) > rule.room + ROUNDING_A:
            return False
    return True
