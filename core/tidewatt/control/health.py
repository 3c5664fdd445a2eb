"""How a controller does."""

from __future__ import annotations

from dataclasses import dataclass

from tidewatt.site import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerHealth:
    """How a controller and its commands do.

    `cycle_duration_s` is what the last decision took, `cycle_age_s` how long ago it was (None before the first),
    `cycles_failed` counts decisions that a fault in the program prevented. Command latencies run from sending to the
    charger's answer: the last one and the longest of the latest 256. `faults` holds what drivers reported lately and
    the commands that failed.
    """

    cycles: int
    cycles_failed: int
    cycle_duration_s: float | None
    cycle_age_s: float | None
    commands_sent: int
    commands_failed: int
    command_latency_s: float | None
    command_latency_max_s: float | None
    faults: tuple[Fault, ...]
