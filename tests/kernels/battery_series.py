"""Series for tests of the battery kernel, and a textbook's rainflow counting to judge it by."""

from collections import defaultdict
from itertools import pairwise
import math

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.battery import CapacityReading

type Floats = npt.NDArray[np.float64]

ASTM_FIGURE_6 = np.array([-2.0, 1.0, -3.0, 5.0, -1.0, 3.0, -4.0, 4.0, -2.0])
"""The load history of ASTM E1049-85, figure 6 (a)."""

ASTM_COUNTS = {3.0: 0.5, 4.0: 1.5, 6.0: 0.5, 8.0: 1.0, 9.0: 0.5}
"""Its rainflow counts by range."""


def by_range(ranges: Floats, counts: Floats) -> dict[float, float]:
    """Return how much each range counts."""
    found = defaultdict[float, float](float)
    for width, count in zip(ranges.tolist(), counts.tolist(), strict=True):
        if count:
            found[round(width, 6)] += count
    return dict(sorted(found.items()))


def turning_points(values: list[float]) -> list[float]:
    """Return the series without repetitions and without what lies on the way."""
    points: list[float] = []
    for value in values:
        if points and value == points[-1]:
            continue
        if len(points) > 1 and (points[-1] > points[-2]) == (value > points[-1]):
            points.pop()
        points.append(value)
    return points


def textbook(values: list[float]) -> dict[float, float]:
    """Return counts by range, step by step as ASTM E1049-85, 5.4.4, tells them, from a list that is searched anew."""
    unread, points, found = turning_points(values), list[float](), defaultdict[float, float](float)
    while unread:
        points.append(unread.pop(0))
        while len(points) >= 3:
            x = abs(points[-1] - points[-2])
            y = abs(points[-2] - points[-3])
            if x < y:
                break
            if len(points) == 3:
                found[round(y, 6)] += 0.5
                del points[0]
            else:
                found[round(y, 6)] += 1.0
                del points[-3:-1]
    for one, other in pairwise(points):
        found[round(abs(one - other), 6)] += 0.5
    return dict(sorted(found.items()))


def session(
    number: int,
    *,
    from_pct: float,
    to_pct: float,
    capacity_kwh: float,
    step_kwh: float = 0.02,
    told_pct: float = 1.0,
    meter: float = 1.0,
) -> list[CapacityReading]:
    """Return the readings of a session: energy since its begin, state of charge rounded to `told_pct`."""
    energy_kwh = abs(to_pct - from_pct) / 100.0 * capacity_kwh
    sign = math.copysign(1.0, to_pct - from_pct)
    readings = []
    for index in range(int(energy_kwh / step_kwh) + 1):
        stored_kwh = sign * index * step_kwh
        soc_pct = from_pct + 100.0 * stored_kwh / capacity_kwh
        told = min(max(round(soc_pct / told_pct) * told_pct, 0.0), 100.0)
        readings.append(CapacityReading(session=number, energy_kwh=stored_kwh * meter, soc_pct=told))
    return readings
