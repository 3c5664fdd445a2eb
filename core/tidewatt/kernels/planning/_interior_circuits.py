"""The rows of the circuits and of the peaks in the interior point.

Row (v, t) says: pieces of circuit v - those of circuits right below it - net charging of its own units = a constant.
Row r of the peaks says: pieces of the import in its slot + what is left to the peak - the peak = a constant.
A peak row is taken out of the equations at once; the peaks themselves border them:

    M dy + R dk = site_change        R has `share` of row r in its slot, in the column of its peak
    R'dy - C dk = peak_change        C is `peak_diagonal`
"""

import cython
import numpy as np

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

MARGIN = cython.declare(cython.double, 0.05)
"""Where the start is, how far a piece is from its ends at least, as a part of its width."""


@cython.cclass
class SiteRows:
    """Products with the coefficients of the circuits and peaks.

    `site_*`, `own` and `link` are float64[nodes x T], `piece_*` of all pieces, `row_*` and `share` of the peak rows,
    `peak_*` of the peaks, the rest float64[variables], where pieces, what is left, and peaks follow after `first`.
    """

    first: cython.Py_ssize_t
    slots: cython.Py_ssize_t
    parent: cython.Py_ssize_t[::1]
    piece_row: cython.Py_ssize_t[::1]
    piece_above: cython.Py_ssize_t[::1]
    piece_peak: cython.Py_ssize_t[::1]
    row_slot: cython.Py_ssize_t[::1]
    row_peak: cython.Py_ssize_t[::1]
    row_value: cython.double[::1]
    row_price: cython.double[::1]
    row_missing: cython.double[::1]
    row_change: cython.double[::1]
    row_import: cython.double[::1]
    row_weight: cython.double[::1]
    share: cython.double[::1]
    site_value: cython.double[::1]
    site_price: cython.double[::1]
    site_missing: cython.double[::1]
    site_change: cython.double[::1]
    own: cython.double[::1]
    link: cython.double[::1]
    peak_diagonal: cython.double[::1]
    peak_change: cython.double[::1]
    cost: cython.double[::1]
    width: cython.double[::1]
    low: cython.double[::1]
    weight: cython.double[::1]
    slope: cython.double[::1]
    pull: cython.double[::1]
    step: cython.double[::1]

    def __init__(
        self,
        *,
        first: cython.Py_ssize_t,
        slots: cython.Py_ssize_t,
        parent: cython.Py_ssize_t[::1],
        piece_row: cython.Py_ssize_t[::1],
        piece_peak: cython.Py_ssize_t[::1],
        row_slot: cython.Py_ssize_t[::1],
        row_peak: cython.Py_ssize_t[::1],
        row_value: cython.double[::1],
        row_price: cython.double[::1],
        row_change: cython.double[::1],
        share: cython.double[::1],
        site_value: cython.double[::1],
        site_price: cython.double[::1],
        site_missing: cython.double[::1],
        site_change: cython.double[::1],
        own: cython.double[::1],
        link: cython.double[::1],
        peak_diagonal: cython.double[::1],
        peak_change: cython.double[::1],
        cost: cython.double[::1],
        width: cython.double[::1],
        low: cython.double[::1],
        weight: cython.double[::1],
        slope: cython.double[::1],
        pull: cython.double[::1],
        step: cython.double[::1],
    ) -> None:
        """Take the arrays.

        Args:
            first: place of the first piece among the variables.
            slots: T.
            parent: intp[nodes], -1 for the root.
            piece_row: see `_interior_site.Pieces`.
            piece_peak: see piece_row.
            row_slot: the slot of a peak row.
            row_peak: the peak of a peak row.
            row_value: constants of the peak rows.
            row_price: their prices.
            row_change: changes of their prices.
            share: see above.
            site_value: constants of the rows of the circuits.
            site_price: their prices.
            site_missing: what they lack.
            site_change: right-hand sides of the equations for the changes of their prices, then these.
            own: what pieces and circuits right below add to the diagonal of the equations.
            link: weight of a circuit's pieces, the coupling to the circuit above without its sign.
            peak_diagonal: C.
            peak_change: right-hand side of the peaks' equations.
            cost: see `_interior_boxes.Boxes`, as well as width, low, weight, slope, pull, step.
            width: see cost.
            low: see cost.
            weight: see cost.
            slope: see cost.
            pull: see cost.
            step: see cost.
        """
        pieces: cython.Py_ssize_t = piece_row.shape[0]
        rows: cython.Py_ssize_t = row_slot.shape[0]
        j: cython.Py_ssize_t
        v: cython.Py_ssize_t
        self.first = first
        self.slots = slots
        self.parent = parent
        self.piece_row = piece_row
        self.piece_above = np.empty(pieces, dtype=np.intp)
        self.piece_peak = piece_peak
        self.row_slot = row_slot
        self.row_peak = row_peak
        self.row_value = row_value
        self.row_price = row_price
        self.row_missing = np.zeros(rows)
        self.row_change = row_change
        self.row_import = np.zeros(rows)
        self.row_weight = np.zeros(rows)
        self.share = share
        self.site_value = site_value
        self.site_price = site_price
        self.site_missing = site_missing
        self.site_change = site_change
        self.own = own
        self.link = link
        self.peak_diagonal = peak_diagonal
        self.peak_change = peak_change
        self.cost = cost
        self.width = width
        self.low = low
        self.weight = weight
        self.slope = slope
        self.pull = pull
        self.step = step
        for j in range(pieces):
            v = parent[piece_row[j] // slots]
            self.piece_above[j] = -1 if v < 0 else v * slots + piece_row[j] % slots

    def move(self, dual: cython.double) -> None:
        """Go the given part of the changes of the prices, and forget what the rows lacked."""
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(self.site_price.shape[0]):
                self.site_price[j] += dual * self.site_change[j]
            for j in range(self.row_price.shape[0]):
                self.row_price[j] += dual * self.row_change[j]

    def guess(self, mu: cython.double) -> None:
        """Set prices at which the pieces, on their central path, carry what the rows lack without them."""
        with cython.nogil:
            self._fill()
            self._price(mu)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill(self) -> cython.void:
        """Set `own` to what all pieces of a row carry, `link` to their widths; rows without pieces have -1."""
        j: cython.Py_ssize_t
        row: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.first
        for row in range(self.site_price.shape[0]):
            self.link[row] = 0.0
            self.own[row] = -1.0
        for j in range(self.piece_row.shape[0]):
            self.link[self.piece_row[j]] += self.width[at + j]
        for j in range(self.piece_row.shape[0] - 1, -1, -1):
            row = self.piece_row[j]
            if self.own[row] < 0.0:
                self.own[row] = min(max(self.site_missing[row], 0.0), self.link[row])
                if self.piece_above[j] >= 0:
                    self.site_missing[self.piece_above[j]] += self.own[row]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _price(self, mu: cython.double) -> cython.void:
        """Set the prices by the piece of each row that is neither full nor empty, from the root to the leaves."""
        j: cython.Py_ssize_t
        row: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.first
        value: cython.double
        price: cython.double
        for row in range(self.slots, self.site_price.shape[0]):
            self.site_price[row] = self.site_price[self.parent[row // self.slots] * self.slots + row % self.slots]
        for j in range(self.piece_row.shape[0]):
            row = self.piece_row[j]
            self.link[row] -= self.width[at + j]
            if self.own[row] < 0.0:
                continue
            if self.own[row] > self.width[at + j] and self.link[row] > MARGIN * self.width[at + j]:
                self.own[row] -= self.width[at + j]
                continue
            value = min(max(self.own[row], MARGIN * self.width[at + j]), (1.0 - MARGIN) * self.width[at + j])
            price = self.cost[at + j] - mu / value + mu / (self.width[at + j] - value)
            if self.piece_above[j] >= 0:
                price += self.site_price[self.piece_above[j]]
            if self.piece_peak[j] >= 0:
                price -= self.row_price[self.piece_peak[j]]
            self.site_price[row] = price
            self.own[row] = -1.0

    def begin(self) -> None:
        """Set what the rows of the circuits lack to their constants; units and pieces are then taken off."""
        self.site_missing[:] = self.site_value

    def slopes(self) -> None:
        """Compute what each variable costs less what its rows pay."""
        j: cython.Py_ssize_t
        cost: cython.double[::1] = self.cost
        slope: cython.double[::1] = self.slope
        with cython.nogil:
            self._columns(self.site_price, self.row_price, self.slope)
            for j in range(self.first, cost.shape[0]):
                slope[j] = cost[j] - slope[j]

    def settle(self) -> None:
        """Compute the changes of the prices of the peak rows from those of the circuits and of the peaks."""
        r: cython.Py_ssize_t
        p: cython.Py_ssize_t
        with cython.nogil:
            for r in range(self.row_slot.shape[0]):
                p = self.row_peak[r]
                self.row_change[r] = (self.row_change[r] + self.peak_change[p]) * self.row_weight[r]
                self.row_change[r] -= self.share[r] * self.site_change[self.row_slot[r]]

    def spread(self) -> None:
        """Compute what the changes of the prices pay each variable, as `step`."""
        with cython.nogil:
            self._columns(self.site_change, self.row_change, self.step)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _columns(
        self, site_price: cython.double[::1], row_price: cython.double[::1], paid: cython.double[::1]
    ) -> cython.void:
        """Compute what the rows pay each variable."""
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.first
        pay: cython.double
        for j in range(self.piece_row.shape[0]):
            pay = site_price[self.piece_row[j]]
            if self.piece_above[j] >= 0:
                pay -= site_price[self.piece_above[j]]
            if self.piece_peak[j] >= 0:
                pay += row_price[self.piece_peak[j]]
            paid[at + j] = pay
        at += self.piece_row.shape[0]
        for r in range(self.row_slot.shape[0]):
            paid[at + r] = row_price[r]
        at += self.row_slot.shape[0]
        for j in range(self.peak_change.shape[0]):
            paid[at + j] = 0.0
        for r in range(self.row_slot.shape[0]):
            paid[at + self.row_peak[r]] -= row_price[r]

    def miss(self) -> None:
        """Take pieces and peaks off what the rows lack."""
        r: cython.Py_ssize_t
        with cython.nogil:
            for r in range(self.row_slot.shape[0]):
                self.row_missing[r] = self.row_value[r]
            self._rows(self.low, self.site_missing, self.row_missing, -1.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rows(
        self,
        value: cython.double[::1],
        site: cython.double[::1],
        row: cython.double[::1],
        sign: cython.double,
    ) -> cython.void:
        """Add sign x coefficients x values to the rows."""
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.first
        for j in range(self.piece_row.shape[0]):
            site[self.piece_row[j]] += sign * value[at + j]
            if self.piece_above[j] >= 0:
                site[self.piece_above[j]] -= sign * value[at + j]
            if self.piece_peak[j] >= 0:
                row[self.piece_peak[j]] += sign * value[at + j]
        at += self.piece_row.shape[0]
        for r in range(self.row_slot.shape[0]):
            row[r] += sign * (value[at + r] - value[at + self.row_slot.shape[0] + self.row_peak[r]])

    def lack(self) -> float:
        """Return the most that a row lacks."""
        j: cython.Py_ssize_t
        most: cython.double = 0.0
        with cython.nogil:
            for j in range(self.site_missing.shape[0]):
                most = max(most, abs(self.site_missing[j]))
        value: float = most
        return value

    def start_gathering(self) -> None:
        """Set the right-hand sides of the circuits to zero; the units then add theirs."""
        self.site_change[:] = 0.0

    def gather(self) -> None:
        """Add what is missing and weighted pulls to the right-hand sides, and take the peak rows out of them."""
        pull: cython.double[::1] = self.pull
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        peaks: cython.Py_ssize_t = self.cost.shape[0] - self.peak_change.shape[0]
        with cython.nogil:
            for j in range(self.first, peaks):
                self.step[j] = self.weight[j] * pull[j]
            for j in range(peaks, self.cost.shape[0]):
                self.step[j] = 0.0
                self.peak_change[j - peaks] = pull[j]
            for r in range(self.row_slot.shape[0]):
                self.row_change[r] = self.row_missing[r]
            for j in range(self.site_change.shape[0]):
                self.site_change[j] += self.site_missing[j]
            self._rows(self.step, self.site_change, self.row_change, 1.0)
            for r in range(self.row_slot.shape[0]):
                self.site_change[self.row_slot[r]] -= self.share[r] * self.row_change[r]
                self.peak_change[self.row_peak[r]] += self.row_change[r] * self.row_weight[r]

    def normal(self) -> None:
        """Compute the coefficients of the equations for the changes of the prices from the weights."""
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        at: cython.Py_ssize_t = self.first
        peaks: cython.Py_ssize_t = self.cost.shape[0] - self.peak_change.shape[0]
        left: cython.double
        weight: cython.double[::1] = self.weight
        with cython.nogil:
            for j in range(self.own.shape[0]):
                self.own[j] = 0.0
                self.link[j] = 0.0
            for r in range(self.row_slot.shape[0]):
                self.row_import[r] = 0.0
            for j in range(self.piece_row.shape[0]):
                if self.piece_peak[j] >= 0:
                    self.row_import[self.piece_peak[j]] += weight[at + j]
                    continue
                self.own[self.piece_row[j]] += weight[at + j]
                self.link[self.piece_row[j]] += weight[at + j]
                if self.piece_above[j] >= 0:
                    self.own[self.piece_above[j]] += weight[at + j]
            at += self.piece_row.shape[0]
            for j in range(self.peak_change.shape[0]):
                self.peak_diagonal[j] = 1.0 / weight[peaks + j]
            for r in range(self.row_slot.shape[0]):
                left = weight[at + r]
                self.row_weight[r] = 1.0 / (self.row_import[r] + left)
                self.share[r] = self.row_import[r] * self.row_weight[r]
                self.own[self.row_slot[r]] += self.share[r] * left
                self.peak_diagonal[self.row_peak[r]] += self.row_weight[r]
