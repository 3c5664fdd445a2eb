"""One charger on its way through a cycle: each stage fills in what it finds out, the next ones read it."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Final

from tidewatt.site import Charger, ChargerState, Fault, PerPhase, Reason, ReasonCode, Wish

from .layout import Place
from .memory import ChargerMemory, Told

NO_CURRENT: Final[PerPhase] = (0.0, 0.0, 0.0)
PHASES_OF: Final = tuple(tuple(phase for phase in range(3) if mask >> phase & 1) for mask in range(8))
"""Phase indices of a bit mask."""

_PLAUSIBLE_A: Final = 1e4
"""Larger currents are not currents but broken registers."""

_ROUNDING: Final = 1e-9
"""A current that is off the step grid by less than this part of a step is on it."""

_DECIMALS: Final = 6

UNBOUND: Final = Reason(code=ReasonCode.CHARGER_MAXIMUM)


@dataclass(slots=True)
class Point:
    """A charger in one cycle. Currents are in A; per-phase tuples are in the site's phases.

    sense: `online`, `connected`, `available` (can be commanded), `idle` (plugged but not asking for current),
    `measured_a` (None when unknown), `told`, `settled` (the measurement shows the last setpoint being followed),
    `back_since_s` (when it came back after being offline).
    vehicle: `phases` (mask in use), `drawn_a` (highest phase), `vehicle_limit_a`, `deviating`; since when the vehicle
    wants none of what it is offered (`quiet_since_s`), and whether for so long that it `yields` to others.
    bound: `weight`, `minimum_a`, `maximum_a` with the reason `bound` for it; `pause` when it may not charge at all;
    `fail_safe` when it may not exceed its safe current; `solar` when it follows the sun; `reserve_a`, what it may draw
    outside the allocation; `held_off` when a pause must last; `taking_part` in the allocation.
    solar: since when there is enough sun to start (`sun_since_s`), or too little to go on (`shade_since_s`).
    permit: what forbids discharging (`give_forbidden`) and its fault (`give_fault`), how full the battery is at the
    least (`soc_pct`), whether it takes part in discharging (`giving`), its least and most as magnitudes
    (`give_minimum_a`, `give_maximum_a`) with the reason `give_bound` for the most, what it may go on to give back per
    phase although nobody wants it to (`give_reserve_a`), and what to remember: `floor_reached`, `link_poor`,
    `blind_at_s`.
    allocate: `share_a`, a magnitude, `share_reason`. smooth: `setpoint_a`, `reason`.
    """

    place: Place
    charger: Charger
    memory: ChargerMemory
    state: ChargerState | None
    wish: Wish
    online: bool
    connected: bool
    available: bool
    idle: bool
    measured_a: PerPhase | None
    measured_at_s: float
    told: tuple[Told, ...]
    settled: bool
    back_since_s: float | None
    phases: int = 0
    drawn_a: float | None = None
    vehicle_limit_a: float | None = None
    deviating: bool = False
    phases_learned: int = 0
    phases_seen: int = 0
    phases_since_s: float | None = None
    quiet_since_s: float | None = None
    yields: bool = False
    weight: float = 1.0
    minimum_a: float = 0.0
    maximum_a: float = 0.0
    bound: Reason = UNBOUND
    pause: Reason | None = None
    fail_safe: Reason | None = None
    solar: bool = False
    sun_since_s: float | None = None
    shade_since_s: float | None = None
    reserve_a: PerPhase = NO_CURRENT
    held_off: bool = False
    taking_part: bool = False
    giving: bool = False
    give_forbidden: Reason | None = None
    soc_pct: float | None = None
    give_minimum_a: float = 0.0
    give_maximum_a: float = 0.0
    give_bound: Reason = UNBOUND
    give_fault: Fault | None = None
    give_reserve_a: PerPhase = NO_CURRENT
    floor_reached: bool = False
    link_poor: bool = False
    blind_at_s: float | None = None
    share_a: float = 0.0
    share_reason: Reason = UNBOUND
    setpoint_a: float = 0.0
    reason: Reason = UNBOUND

    @property
    def current_a(self) -> float:
        """The current the charger was told last, 0 when it never was."""
        return self.told[-1].current_a if self.told else 0.0

    @property
    def bidirectional(self) -> bool:
        """Whether it may discharge as configured, or was told to: only then a negative current means what it says."""
        return self.charger.discharge_maximum_a > 0 or any(one.current_a < 0 for one in self.told)

    @property
    def given_a(self) -> float | None:
        """The most it gives back on any phase it uses, as a magnitude; negative where it draws, None when unknown."""
        return None if self.measured_a is None else -min(self.measured_a[phase] for phase in PHASES_OF[self.phases])

    def lower(self, maximum_a: float, reason: Reason) -> None:
        """Bound the charger from above, keeping the reason of whatever is lowest."""
        if maximum_a < self.maximum_a:
            self.maximum_a = maximum_a
            self.bound = reason


def plausible(currents: PerPhase | None) -> bool:
    """Say whether these are three numbers that could be currents in A."""
    if currents is None:
        return False
    # Comparisons with what is not a number are false.
    l1_a, l2_a, l3_a = currents
    return (
        -_PLAUSIBLE_A < l1_a < _PLAUSIBLE_A
        and -_PLAUSIBLE_A < l2_a < _PLAUSIBLE_A
        and -_PLAUSIBLE_A < l3_a < _PLAUSIBLE_A
    )


def on_phases(phases: int, current_a: float) -> PerPhase:
    """Return `current_a` on each phase of a bit mask and zero on the others."""
    return (
        current_a if phases & 1 else 0.0,
        current_a if phases & 2 else 0.0,
        current_a if phases & 4 else 0.0,
    )


def round_current(current_a: float) -> float:
    """Return a current without the noise of binary fractions: 9.6 for the 96 * 0.1 that is 9.600000000000001."""
    return round(current_a, _DECIMALS)


def down_to_step(current_a: float, step_a: float) -> float:
    """Return the highest whole number of steps that is not above a current."""
    return round_current(math.floor(current_a / step_a + _ROUNDING) * step_a)


def up_to_step(current_a: float, step_a: float) -> float:
    """Return the lowest whole number of steps that is not below a current."""
    return round_current(math.ceil(current_a / step_a - _ROUNDING) * step_a)
