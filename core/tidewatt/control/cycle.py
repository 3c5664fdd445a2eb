"""What every stage of one cycle may look at."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Final, Self

from tidewatt.site import MeterReading, PerPhase, Site

from .layout import Layout, layout_of
from .memory import Memory
from .meters import MeterSense, sense_meters
from .model import ControlSettings, Snapshot

_PLAUSIBLE_VOLTAGE: Final = (0.5, 1.5)
"""Measured voltages within these multiples of the nominal one are believed."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """The snapshot and the memory that one cycle starts from, and what follows from them for all its stages.

    `elapsed_s` is the time since the last decision; `voltage_v` is measured where that is plausible, nominal otherwise
    and 0 for a phase that the site does not have.
    """

    snapshot: Snapshot
    memory: Memory
    layout: Layout
    meters: MeterSense
    voltage_v: PerPhase
    now_s: float
    elapsed_s: float
    settings: ControlSettings

    @classmethod
    def of(cls, snapshot: Snapshot, memory: Memory) -> Self:
        """Start a cycle."""
        layout = layout_of(snapshot.site)
        meters = sense_meters(snapshot, layout)
        return cls(
            snapshot=snapshot,
            memory=memory,
            layout=layout,
            meters=meters,
            voltage_v=_voltages(snapshot.site, meters.readings[0]),
            now_s=snapshot.now_s,
            elapsed_s=0.0 if memory.at_s is None else max(0.0, snapshot.now_s - memory.at_s),
            settings=snapshot.settings,
        )


def _voltages(site: Site, reading: MeterReading | None) -> PerPhase:
    measured = (math.nan, math.nan, math.nan)
    if reading is not None and reading.voltage_v is not None:
        measured = reading.voltage_v
    l1_v, l2_v, l3_v = (_voltage(site.voltage_v if phase < site.phases else 0.0, measured[phase]) for phase in range(3))
    return (l1_v, l2_v, l3_v)


def _voltage(nominal_v: float, measured_v: float) -> float:
    least, most = _PLAUSIBLE_VOLTAGE
    return measured_v if least * nominal_v <= measured_v <= most * nominal_v else nominal_v
