"""What is measured, what is set, what is remembered and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.validation import check_kind, check_number, check_whole

type Floats = npt.NDArray[np.float64]

LARGEST_KW = 1e9
LATEST_S = 1e12
WINDOW_HZ = (47.0, 63.0)

STATE_REMEDY = "Give what the step before left, or `FrequencyState()`."

SHED_FROM, SHED_BY = 49.8 / 50.0, 59.5 / 60.0
"""Where shedding begins (49.8 Hz, 59.76 Hz) and where it is complete (49.58 Hz, 59.5 Hz), over the nominal frequency.

The first is where European rules begin to ask for help at low frequency, the second is the threshold before which
North American load shedding has to be forestalled.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencySettings:
    """When and how to respond. The two sets of defaults below differ in all but the window and the shedding.

    Attributes:
        nominal_hz: 50 or 60.
        rated_kw: the response to a deviation of `droop` beyond the dead band, kW.
        deadband_hz: no response this close to the nominal frequency, Hz.
        droop: deviation that makes for one rated power, over the nominal frequency.
        shed_from_hz: below this frequency consumption is shed beyond what the droop asks for, Hz.
        shed_by_hz: at and below this frequency all that can be is shed, Hz.
        lowest_hz: below this frequency nothing is acted on: safe mode, Hz.
        highest_hz: above this frequency nothing is acted on: safe mode, Hz.
        rate_limit_hz_per_s: a reading that differs more than this from the last one believed is not believed, Hz/s.
        hold_s: for how long the last reading believed counts when there is no other, s.
        present_voltage_pu: below this voltage the bus is dead and its frequency means nothing, pu.
        enter_lowest_hz: lowest frequency at which waiting for service counts, Hz.
        enter_highest_hz: highest frequency at which waiting for service counts, Hz.
        enter_lowest_pu: lowest voltage at which waiting for service counts, pu.
        enter_highest_pu: highest voltage at which waiting for service counts, pu.
        enter_delay_s: how long frequency and voltage have to be normal without a break, s.
        enter_ramp_s: how long the way from nothing to everything takes then, s.
    """

    nominal_hz: float
    rated_kw: float
    deadband_hz: float
    droop: float
    shed_from_hz: float
    shed_by_hz: float
    enter_lowest_hz: float
    enter_highest_hz: float
    enter_lowest_pu: float
    enter_highest_pu: float
    enter_delay_s: float
    enter_ramp_s: float
    lowest_hz: float = WINDOW_HZ[0]
    highest_hz: float = WINDOW_HZ[1]
    rate_limit_hz_per_s: float = 3.0
    hold_s: float = 10.0
    present_voltage_pu: float = 0.5

    def __post_init__(self) -> None:
        """Refuse settings that cannot be.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        for field, (low, high) in RANGES.items():
            check_number(field, getattr(self, field), low, high, f"Give a number from {low:g} to {high:g}.")
        low, high = self.nominal_hz - self.deadband_hz, self.nominal_hz + self.deadband_hz
        for field, least, most in (
            ("lowest_hz", WINDOW_HZ[0], low),
            ("highest_hz", high, WINDOW_HZ[1]),
            ("shed_from_hz", self.lowest_hz, low),
            ("shed_by_hz", self.lowest_hz, self.shed_from_hz - 0.01),
            ("enter_lowest_hz", self.lowest_hz, self.nominal_hz),
            ("enter_highest_hz", self.nominal_hz, self.highest_hz),
            ("enter_lowest_pu", self.present_voltage_pu, 1.0),
            ("enter_highest_pu", 1.0, 2.0),
        ):
            remedy = f"Give a number from {least:g} to {most:g}, as the other settings are."
            check_number(field, getattr(self, field), least, most, remedy)

    @classmethod
    def ieee_1547(cls, *, nominal_hz: float, rated_kw: float) -> Self:
        """Return the defaults of IEEE 1547-2018, made for 60 Hz, in proportion to the nominal frequency.

        Frequency droop with a dead band of 36 mHz and 5 %; enter service after 300 s between 59.5 and 60.1 Hz and
        between 0.917 and 1.05 pu, then ramp for 300 s.

        Raises:
            ValueError: a number is not usable.
        """
        _check_nominal(nominal_hz)
        scale = nominal_hz / 60.0
        return cls(
            nominal_hz=nominal_hz,
            rated_kw=rated_kw,
            deadband_hz=0.036 * scale,
            droop=0.05,
            shed_from_hz=SHED_FROM * nominal_hz,
            shed_by_hz=SHED_BY * nominal_hz,
            enter_lowest_hz=59.5 * scale,
            enter_highest_hz=60.1 * scale,
            enter_lowest_pu=0.917,
            enter_highest_pu=1.05,
            enter_delay_s=300.0,
            enter_ramp_s=300.0,
        )

    @classmethod
    def en_50549(cls, *, rated_kw: float) -> Self:
        """Return settings in the style of EN 50549-1, for 50 Hz; the network operator's own take precedence.

        Response beyond 49.8 and 50.2 Hz with a droop of 5 %; reconnection after 60 s between 49.5 and 50.2 Hz and
        between 0.85 and 1.1 pu, then 10 % a minute.

        Raises:
            ValueError: a number is not usable.
        """
        return cls(
            nominal_hz=50.0,
            rated_kw=rated_kw,
            deadband_hz=0.2,
            droop=0.05,
            shed_from_hz=49.8,
            shed_by_hz=SHED_BY * 50.0,
            enter_lowest_hz=49.5,
            enter_highest_hz=50.2,
            enter_lowest_pu=0.85,
            enter_highest_pu=1.1,
            enter_delay_s=60.0,
            enter_ramp_s=600.0,
        )


RANGES = {
    "nominal_hz": (49.0, 61.0),
    "rated_kw": (0.0, LARGEST_KW),
    "deadband_hz": (0.0, 1.0),
    "droop": (0.001, 1.0),
    "shed_from_hz": WINDOW_HZ,
    "shed_by_hz": WINDOW_HZ,
    "lowest_hz": WINDOW_HZ,
    "highest_hz": WINDOW_HZ,
    "enter_lowest_hz": WINDOW_HZ,
    "enter_highest_hz": WINDOW_HZ,
    "enter_lowest_pu": (0.0, 2.0),
    "enter_highest_pu": (0.0, 2.0),
    "rate_limit_hz_per_s": (0.01, 100.0),
    "hold_s": (0.0, 3600.0),
    "present_voltage_pu": (0.0, 1.0),
    "enter_delay_s": (0.0, 86400.0),
    "enter_ramp_s": (0.0, 86400.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyReading:
    """One measurement at the point of connection, and what the chargers could do now.

    Attributes:
        time_s: seconds on a clock that only goes forward, across restarts too if the state is to survive them.
        frequency_hz: NaN if missing, Hz.
        lowest_voltage_pu: of the phases, over the nominal voltage; NaN if missing.
        highest_voltage_pu: of the phases, over the nominal voltage; NaN if missing.
        reducible_kw: by how much less may be drawn, discharge included, kW.
        raisable_kw: by how much more may be drawn, kW.
    """

    time_s: float
    frequency_hz: float
    lowest_voltage_pu: float
    highest_voltage_pu: float
    reducible_kw: float
    raisable_kw: float

    def __post_init__(self) -> None:
        """Refuse what is neither a number nor missing. Any float is a reading; whether it is believed shows later.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        check_number("time_s", self.time_s, -LATEST_S, LATEST_S, "Give seconds, to +-1e12.")
        for field in ("frequency_hz", "lowest_voltage_pu", "highest_voltage_pu"):
            if not isinstance(getattr(self, field), float):
                check_number(field, getattr(self, field), -LATEST_S, LATEST_S, "Give a number; NaN if there is none.")
        for field in ("reducible_kw", "raisable_kw"):
            check_number(field, getattr(self, field), 0, LARGEST_KW, "Give kW, 0 or more; 0 if it is unknown.")


class FrequencyMode(IntEnum):
    """Where one is on the way from nothing to service."""

    SAFE = 0
    """No response, no discharge: the grid is not normal, or not known."""
    WAITING = 1
    """As safe, but all is normal and the delay is running."""
    RAMPING = 2
    """In service with a growing share."""
    ACTIVE = 3
    """In service."""


class FrequencyReason(IntEnum):
    """Why the response is what it is."""

    START = 0
    """Nothing has been read yet."""
    DEADBAND = 1
    """The frequency is close to nominal."""
    DROOP = 2
    """The droop asks for it."""
    SHEDDING = 3
    """The frequency is so low that consumption is shed beyond the droop."""
    LIMITED = 4
    """More is asked for than is available, or than the ramp allows yet."""
    MISSING = 5
    """There is no frequency. In service, the last one believed counts for a while; as in the next two cases."""
    JUMP = 6
    """The frequency jumped further than a grid can."""
    NO_VOLTAGE = 7
    """The voltage is missing, and without one the frequency is not believed."""
    OUT_OF_WINDOW = 8
    """The frequency left the window within which there is a response."""
    DEAD_BUS = 9
    """There is hardly any voltage; what shows as a frequency is none."""
    STALE = 10
    """The last frequency believed is too old."""
    NOT_NORMAL = 11
    """Out of service; frequency or voltage are not yet such that the delay runs."""
    DELAY = 12
    """Out of service; the delay is running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyResponse:
    """What to do.

    Attributes:
        response_kw: by how much more (positive) or less (negative) to draw than without a response, kW.
        share: of what may be discharged, and of the response, 0 in safe mode to 1 in service.
        mode: where on the way to service.
        reason: why.
        frequency_hz: what was acted on; None if nothing.
    """

    response_kw: float = 0.0
    share: float = 0.0
    mode: FrequencyMode = FrequencyMode.SAFE
    reason: FrequencyReason = FrequencyReason.START
    frequency_hz: float | None = None

    def __post_init__(self) -> None:
        """Refuse a response that no step gave.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        check_number("response_kw", self.response_kw, -LARGEST_KW, LARGEST_KW, STATE_REMEDY)
        check_number("share", self.share, 0, 1, STATE_REMEDY)
        check_whole("mode", self.mode, 0, 3, STATE_REMEDY)
        check_whole("reason", self.reason, 0, 12, STATE_REMEDY)
        if self.frequency_hz is not None:
            check_number("frequency_hz", self.frequency_hz, 0, 100, STATE_REMEDY)

    @property
    def discharge_allowed(self) -> bool:
        """Whether anything may be fed into the grid."""
        return self.share > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyState:
    """What is remembered; the default is the cautious start: out of service, nothing known.

    Attributes:
        time_s: of the last reading; None before the first.
        mode: where on the way to service.
        since_s: when the delay or the ramp began.
        believed_s: time of the last frequency believed; None if there is none.
        believed_hz: that frequency.
        response: the last response.
    """

    time_s: float | None = None
    mode: FrequencyMode = FrequencyMode.SAFE
    since_s: float = 0.0
    believed_s: float | None = None
    believed_hz: float = 0.0
    response: FrequencyResponse = FrequencyResponse()

    def __post_init__(self) -> None:
        """Refuse a state that no step left.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        for field in ("time_s", "believed_s"):
            if getattr(self, field) is not None:
                check_number(field, getattr(self, field), -LATEST_S, LATEST_S, STATE_REMEDY)
        check_number("since_s", self.since_s, -LATEST_S, LATEST_S, STATE_REMEDY)
        check_number("believed_hz", self.believed_hz, 0, 100, STATE_REMEDY)
        check_whole("mode", self.mode, 0, 3, STATE_REMEDY)
        check_kind("response", self.response, FrequencyResponse)
        # What lies ahead of the last reading would be believed, or waited for, for as long as it takes to get there.
        latest_s = -LATEST_S if self.time_s is None else self.time_s
        if self.believed_s is not None:
            check_number("believed_s", self.believed_s, -LATEST_S, latest_s, STATE_REMEDY)
        if self.mode != FrequencyMode.SAFE:
            check_number("since_s", self.since_s, -LATEST_S, latest_s, STATE_REMEDY)


def _check_nominal(nominal_hz: float) -> None:
    check_number("nominal_hz", nominal_hz, *RANGES["nominal_hz"], "Give 50 or 60.")
