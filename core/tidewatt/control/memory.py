"""What control remembers from one cycle to the next: timers, ramps, estimates. Frozen and serialisable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import msgspec

from tidewatt.site import PerPhase, Reason

type Times = Callable[[float | None], float | None]


class Told(NamedTuple):
    """A current that a charger was told at `at_s` and follows from `settled_s` at the latest."""

    at_s: float
    current_a: float
    settled_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerMemory:
    """What is remembered of one charger. `*_s` are monotonic seconds, None for "never" or "not now".

    `told` holds the currents it may still be following, oldest first. `phases` is the bit mask of the site's phases
    on which the vehicle was seen to draw, 0 while that is unknown; `phases_seen` waits to be confirmed. `deviating`
    says that it drew more than it was told when last seen. `quiet_since_s` dates since when the vehicle was offered
    current and wanted none; while it gives way for that, it is kept. `deficit` counts the seconds this charger was left
    out for want of current.
    `gave_last` says that it was told to discharge and not to charge since.
    `floor_reached` says that the battery was empty enough to stop, `link_poor` that the link was too bad to discharge,
    and `blind_at_s` when a meter was last seen that was read too rarely for that.
    """

    told: tuple[Told, ...] = ()
    connected: bool = False
    offline_since_s: float | None = None
    online_since_s: float | None = None
    on_since_s: float | None = None
    off_since_s: float | None = None
    paused_by: Reason | None = None
    raised_at_s: float | None = None
    phases: int = 0
    phases_seen: int = 0
    phases_since_s: float | None = None
    vehicle_limit_a: float | None = None
    deviating: bool = False
    quiet_since_s: float | None = None
    sun_since_s: float | None = None
    shade_since_s: float | None = None
    deficit: float = 0.0
    gave_last: bool = False
    floor_reached: bool = False
    link_poor: bool = False
    blind_at_s: float | None = None

    @property
    def current_a(self) -> float:
        """The current it was told last, 0 when it never was."""
        return self.told[-1].current_a if self.told else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitMemory:
    """What is remembered of one circuit.

    `base_a` is the last estimate of its uncontrolled current, `drawn_a` the rest of what was metered. `held_a` follows
    the first up at once and down slowly, so that a flickering load does not make the chargers flicker.
    `overloaded_since_s` dates an overload that still lasts. While anybody discharges, `cover_a` is the load that a
    discharge may cover, which follows the estimate down at once and up slowly, and `excess_since_s` dates since when
    more was fed back than may be.
    """

    base_a: PerPhase | None = None
    drawn_a: PerPhase | None = None
    held_a: PerPhase | None = None
    overloaded_since_s: float | None = None
    cover_a: PerPhase | None = None
    excess_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Everything `decide` carries over. `at_s` is the time of the last decision, None before the first."""

    at_s: float | None = None
    chargers: Mapping[str, ChargerMemory] = field(default_factory=dict)
    circuits: Mapping[str, CircuitMemory] = field(default_factory=dict)

    def moved(self, offset_s: float) -> Memory:
        """Return this memory with every time moved by `offset_s`.

        A monotonic clock starts anew with the machine: what is stored is moved so that the last decision was at 0,
        and what is loaded is moved so that it was now. The time between counts as not having passed.
        """

        def move(at_s: float | None) -> float | None:
            return None if at_s is None else at_s + offset_s

        return Memory(
            at_s=move(self.at_s),
            chargers={key: _moved_charger(charger, offset_s, move) for key, charger in self.chargers.items()},
            circuits={
                key: replace(
                    circuit,
                    overloaded_since_s=move(circuit.overloaded_since_s),
                    excess_since_s=move(circuit.excess_since_s),
                )
                for key, circuit in self.circuits.items()
            },
        )


def _moved_charger(charger: ChargerMemory, offset_s: float, move: Times) -> ChargerMemory:
    return replace(
        charger,
        told=tuple(Told(told.at_s + offset_s, told.current_a, told.settled_s + offset_s) for told in charger.told),
        offline_since_s=move(charger.offline_since_s),
        online_since_s=move(charger.online_since_s),
        on_since_s=move(charger.on_since_s),
        off_since_s=move(charger.off_since_s),
        raised_at_s=move(charger.raised_at_s),
        phases_since_s=move(charger.phases_since_s),
        quiet_since_s=move(charger.quiet_since_s),
        sun_since_s=move(charger.sun_since_s),
        shade_since_s=move(charger.shade_since_s),
        blind_at_s=move(charger.blind_at_s),
    )


def memory_document(memory: Memory) -> dict[str, Any]:
    """Return a memory as a document for a store, its times as (negative) ages at the last decision."""
    document: dict[str, Any] = msgspec.to_builtins(memory.moved(-(memory.at_s or 0.0)))
    return document


def memory_from_document(document: Mapping[str, Any], now_s: float) -> Memory:
    """Return the memory of a stored document as if its last decision had been now.

    Raises:
        msgspec.ValidationError: when the document is none of ours; the message names the field.
    """
    return msgspec.convert(document, Memory).moved(now_s)
