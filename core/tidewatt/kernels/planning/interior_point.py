"""The interior point: from first guesses of the prices along the central path to the optimum."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from ._interior_boxes import Boxes
from ._interior_circuits import SiteRows
from ._interior_units import UnitRows
from .interior_equations import equations_of
from .interior_model import TINY, Model
from .interior_space import Space
from .problem import Floats

STEPS: Final = 100
"""The interior point ends after so many steps in any case; what it has by then is a plan with a true bound."""

PART: Final = 2048
"""Variables that are worked on together, so that they stay in the cache."""

SHORT_OF_BOUND: Final = 0.9995
"""The part of the way to the nearest bound that a step goes."""

STARTS: Final = (0.1, 1.0, 10.0)
"""Complementarities to start with, in the units of `Model`: a higher one is slower and rarely needed."""

WARM_START: Final = 0.0003
"""The same for a start from earlier prices of the same slots."""

SHIFTED_START: Final = 0.01
"""The same for a start from prices of a horizon that has moved on since."""

SECOND_ORDER: Final = 4.0
"""The second-order terms count this much times the part of the predicted step that can be gone, at most once."""

CORRECTIONS: Final = 2
"""How often at most the centrality is corrected in a step."""

LONGER: Final = 0.5
"""How much longer a step the correction of centrality tries for."""

LONG_ENOUGH: Final = 0.8
"""A step that goes so far is not corrected any more."""

WORTH_KEEPING: Final = 0.02
"""How much longer both parts of the step together must become for a correction to be kept."""

FEASIBLE: Final = 1e-8
"""What the rows may lack in the end, as a part of the largest power there is; `_interior_finish` does away with it."""

BLOCKED: Final = 0.01
"""A step that goes no further than this part of the way is replaced by one that only seeks the centre."""

STUCK: Final = 1e-4
"""If that goes no further than this either, a gap of `NEARLY` tolerances is the least that can be had."""

NEARLY: Final = 10.0

DEAREST: Final = 4.0
"""Prices above this many times the highest cost, per energy stored, mean nothing."""

ROUNDING: Final = 1e-14
"""What a sum may be wrong by, as a part of the sum of its terms' magnitudes."""

ACCURATE: Final = 1e-7
"""A step after which the rows lack so much more than they should was not accurate, and none after it would be."""

DIRECTION: Final = ("step", "low_step", "high_step")
"""The arrays that say where the variables go."""


class InteriorPoint:
    """The arrays of one interior point and its steps."""

    def __init__(self, model: Model, space: Space) -> None:
        """Take room for a model; its boxes are closed where they are without width."""
        self.model = model
        variables, slots = model.width.size, model.lowest.shape[1]
        rows, site = model.unit_value.size, model.site_value.size
        names = (
            *("low", "high", "low_price", "high_price", "live", "weight"),
            *("by_low", "by_high", "by_low_price", "by_high_price"),
            *("slope", "pull", *DIRECTION),
        )
        values = space.zeros(len(names), variables)
        columns = dict(zip(names, values, strict=True))
        self.low, self.live = columns["low"], columns["live"]
        self.boxes = Boxes(width=model.width, cost=model.cost, **columns)
        self.unit_price, self.unit_missing, own, cross, link = space.zeros(5, rows)
        coupling, through, ratio, inverse, left = space.zeros(5, rows)
        self.site_price, self.site_missing, site_own, site_link = space.zeros(4, site)
        self.row_price, share = np.zeros((2, model.row_slot.size))
        self.changes, self.changes_before = space.zeros(2, rows + site + model.row_slot.size)
        self.unit_change, self.site_change = self.changes[:rows], self.changes[rows : rows + site]
        self.row_change = self.changes[rows + site :]
        peak_diagonal, peak_change = np.zeros((2, model.peaks))
        first_row = model.unit_node * slots + model.arrival
        shared = {name: columns[name] for name in ("low", "weight", "slope", "pull", "step")} | {"cost": model.cost}
        self.units = UnitRows(
            slot_start=model.slot_start,
            start=model.start,
            kind=model.kind,
            first_row=first_row,
            stored=model.stored,
            taken=model.taken,
            unit_value=model.unit_value,
            unit_price=self.unit_price,
            unit_missing=self.unit_missing,
            unit_change=self.unit_change,
            site_price=self.site_price,
            site_missing=self.site_missing,
            site_change=self.site_change,
            own=own,
            cross=cross,
            link=link,
            coupling=coupling,
            through=through,
            **shared,
        )
        self.site = SiteRows(
            first=model.first_piece,
            slots=slots,
            parent=model.parent,
            width=model.width,
            piece_row=model.piece_row,
            piece_peak=model.piece_peak,
            row_slot=model.row_slot,
            row_peak=model.row_peak,
            row_value=model.row_value,
            row_price=self.row_price,
            row_change=self.row_change,
            share=share,
            site_value=model.site_value,
            site_price=self.site_price,
            site_missing=self.site_missing,
            site_change=self.site_change,
            own=site_own,
            link=site_link,
            peak_diagonal=peak_diagonal,
            peak_change=peak_change,
            **shared,
        )
        of_units = {
            "own": own,
            "cross": cross,
            "link": link,
            "coupling": coupling,
            "through": through,
            "unit_change": self.unit_change,
            "site_change": self.site_change,
            "ratio": ratio,
            "inverse": inverse,
        }
        of_peaks = {"share": share, "peak_diagonal": peak_diagonal, "peak_change": peak_change}
        self.equations = equations_of(
            model,
            space,
            of_units=of_units,
            of_peaks=of_peaks,
            first_row=first_row,
            left=left,
            own=site_own,
            link=site_link,
        )
        self.boxes.close(TINY)
        self.parts = self._parts()
        self.direction = values[-len(DIRECTION) :]
        self.before = space.zeros(len(DIRECTION), variables)

    def _parts(self) -> list[tuple[int, int, int, int]]:
        """Cut the units into ranges: units from and to, variables from and to; the site's go with the last."""
        start = self.model.start
        cuts = np.searchsorted(start, np.arange(PART, int(start[-1]), PART))
        edges = np.unique(np.concatenate([[0], cuts, [start.size - 1]])).tolist()
        parts = [(first, last, int(start[first]), int(start[last])) for first, last in pairwise(edges)]
        first, last, begin, _ = parts.pop() if parts else (0, 0, 0, 0)
        return [*parts, (first, last, begin, self.model.width.size)]

    def start(self, mu: float) -> None:
        """Guess the prices: those of the grid, and for a unit's energy what it costs on average while it is there."""
        self._guess()
        self._centre(mu)
        self.site.begin()
        self.units.miss(0, self.model.arrival.size)
        self.site.guess(mu)
        self._centre(mu)

    def _guess(self) -> None:
        """Set the prices to those of the grid, and for a unit's energy to what it costs on average."""
        model = self.model
        self.site_price.reshape(model.lowest.shape)[:] = model.energy_price
        total = np.concatenate([[0.0], np.cumsum(model.energy_price)])
        count = np.diff(model.slot_start)
        mean = (total[model.arrival + count] - total[model.arrival]) / (np.maximum(count, 1) * model.stored)
        self.unit_price[:] = np.repeat(mean, count)

    def start_from(self, price: Floats, energy_price: Floats) -> None:
        """Take the prices of an earlier solution, float64[nodes, T] and float64[N, T], in the units of the model.

        They may end before the last slot, and a unit's are 0 where it was absent. There the prices are guessed: those
        of the circuits as far from the grid's as in the last slot that is known.
        """
        model = self.model
        self._guess()
        count = np.diff(model.slot_start)
        unit = np.repeat(np.arange(count.size), count)
        slot = np.arange(unit.size) - model.slot_start[unit] + model.arrival[unit]
        known = price.shape[1]
        site_price = self.site_price.reshape(model.lowest.shape)
        site_price[:, known:] += price[:, -1:] - site_price[:, known - 1 : known]
        site_price[:, :known] = price
        worth = energy_price[unit, np.minimum(slot, known - 1)]
        self.unit_price[:] = np.where(worth != 0.0, worth, self.unit_price)
        self._centre(WARM_START if known == model.lowest.shape[1] else SHIFTED_START)

    def _centre(self, mu: float) -> None:
        """Put everything on the central path of the prices, with no way to go yet."""
        self.direction[:] = 0.0
        self.changes[:] = 0.0
        self.row_price[:] = 0.0
        self.units.slopes(0, self.model.arrival.size)
        self.site.slopes()
        self.boxes.centre(mu)

    def run(self, tolerance: float) -> int:
        """Go on until the complementarity is below the tolerance; return the number of steps."""
        model, boxes = self.model, self.boxes
        money = model.price * model.power_kw
        primal = dual = 0.0
        lack = np.inf
        feasible = FEASIBLE * max(1.0, float(np.abs(model.site_value).max()))
        for steps in range(STEPS):
            self._move(primal, dual)
            gap, value = boxes.total(0), boxes.total(1) * money + model.constant
            lack, expected = self.lack(), lack * (1.0 - primal)
            if lack > 2.0 * expected + ACCURATE:
                self._move(-primal, -dual)
                return steps
            if not np.isfinite(gap):
                self.start(STARTS[0])
                return steps
            if not model.width.size or (gap * money < tolerance * (1.0 + abs(value)) and lack < feasible):
                return steps
            self.equations.factor()
            primal, dual = self._predict()
            after = gap + primal * boxes.total(2) + dual * boxes.total(3) + primal * dual * boxes.total(4)
            mu = min(max(after / gap, 0.0), 1.0) ** 3 * gap / (2 * model.width.size)
            primal, dual = self._correct(mu, min(1.0, SECOND_ORDER * min(primal, dual)))
            for _ in range(CORRECTIONS):
                if min(primal, dual) >= LONG_ENOUGH or not (longer := self._recentre(mu, primal, dual)):
                    break
                primal, dual = longer
            if min(primal, dual) < BLOCKED:
                primal, dual = self._correct(gap / (2 * model.width.size), 0.0)
                if min(primal, dual) < STUCK and gap * money < NEARLY * tolerance * (1.0 + abs(value)):
                    return steps
        return STEPS

    def lack(self) -> float:
        """Return the most that any row lacks."""
        return max(self.units.lack(), self.site.lack())

    def _move(self, primal: float, dual: float) -> None:
        """Go the step; compute slopes, what the rows lack, weights, and the coefficients of the equations there."""
        boxes, units, site = self.boxes, self.units, self.site
        boxes.clear()
        units.move(dual)
        site.move(dual)
        site.begin()
        site.slopes()
        for first, last, begin, end in self.parts:
            boxes.move(begin, end, primal, dual)
            units.slopes(first, last)
            units.miss(first, last)
            boxes.weigh(begin, end)
            units.normal(first, last)
        site.miss()
        site.normal()

    def _solve(self) -> None:
        """Compute the changes of the prices from what has been gathered."""
        self.site.gather()
        self.equations.solve()
        self.site.settle()

    def _predict(self) -> tuple[float, float]:
        """Aim at no complementarity at all; return the parts of that step up to the nearest bounds."""
        boxes = self.boxes
        self.site.start_gathering()
        for first, last, begin, end in self.parts:
            boxes.aim_at_bounds(begin, end)
            self.units.gather(first, last)
        self._solve()
        for first, last, begin, end in self.parts:
            self._spread(first, last, end)
            boxes.predict(begin, end)
        return 1.0 / max(boxes.total(6), 1.0), 1.0 / max(boxes.total(7), 1.0)

    def _spread(self, first: int, last: int, end: int) -> None:
        """Compute what the changes of the prices pay the variables of a part."""
        self.units.spread(first, last)
        if end == self.model.width.size:
            self.site.spread()

    def _finish_step(self) -> tuple[float, float]:
        """Turn the pull into a step; return the parts of it to go."""
        boxes = self.boxes
        boxes.clear()
        self._solve()
        for first, last, begin, end in self.parts:
            self._spread(first, last, end)
            boxes.correct(begin, end)
        return (
            min(1.0, SHORT_OF_BOUND / max(boxes.total(6), TINY)),
            min(1.0, SHORT_OF_BOUND / max(boxes.total(7), TINY)),
        )

    def _correct(self, mu: float, second_order: float) -> tuple[float, float]:
        """Aim at mu, with a part of the second-order terms of the step before."""
        self.site.start_gathering()
        for first, last, begin, end in self.parts:
            self.boxes.aim(begin, end, mu, second_order)
            self.units.gather(first, last)
        return self._finish_step()

    def _recentre(self, mu: float, primal: float, dual: float) -> tuple[float, float] | None:
        """Correct the centrality for a longer step; if it does not become longer, keep the step before."""
        self.changes_before[:] = self.changes
        self.site.start_gathering()
        for first, last, begin, end in self.parts:
            self.before[:, begin:end] = self.direction[:, begin:end]
            self.boxes.recentre(begin, end, mu, min(1.0, primal + LONGER), min(1.0, dual + LONGER))
            self.units.gather(first, last)
        longer = self._finish_step()
        if sum(longer) >= primal + dual + WORTH_KEEPING:
            return longer
        self.direction[:] = self.before
        self.changes[:] = self.changes_before
        return None

    def bound(self) -> float:
        """Return the least objective there can be, in money.

        Any prices give a true bound. Where there is nothing to decide in a slot, its price may have run away, which
        adds rounding; so prices are also tried cut at what no sum of costs on a way to the root reaches.
        """
        model = self.model
        most = DEAREST * float(np.abs(model.cost).max(initial=0.0)) / min(float(model.stored.min(initial=1.0)), 1.0)
        bound = self._bound()
        for price in (self.unit_price, self.site_price, self.row_price):
            np.clip(price, -most, most, out=price)
        self.units.slopes(0, model.arrival.size)
        self.site.slopes()
        return max(bound, self._bound()) * model.price * model.power_kw + model.constant

    def _bound(self) -> float:
        """Return the least that all can cost at the present prices and slopes, less what rounding may have added."""
        model = self.model
        total = least = self.boxes.bound()
        magnitude = -least
        for value, price in (
            (model.unit_value, self.unit_price),
            (model.site_value, self.site_price),
            (model.row_value, self.row_price),
        ):
            total += float((value * price).sum())
            magnitude += float(np.abs(value * price).sum())
        return total - ROUNDING * magnitude
