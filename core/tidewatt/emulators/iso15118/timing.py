"""Time limits of ISO 15118-20, in seconds of emulated time."""

from __future__ import annotations

from typing import Final

MESSAGE_S: Final = 2.0
SERVICE_DETAIL_S: Final = 5.0
CHARGE_LOOP_S: Final = 0.5
COMMUNICATION_SETUP_S: Final = 20.0
ONGOING_S: Final = 60.0
CABLE_CHECK_S: Final = 40.0
PRECHARGE_S: Final = 10.0
SEQUENCE_S: Final = 60.0
SECC_ONGOING_S: Final = 55.0
"""A station answers finally this long after the first request, so that the vehicle's own limit is never met."""


class Deadline:
    """A limit that can be set, lifted and asked."""

    def __init__(self) -> None:
        self._due_s: float | None = None

    @property
    def running(self) -> bool:
        """Whether a limit is set."""
        return self._due_s is not None

    def start(self, now_s: float, limit_s: float) -> None:
        """Set the limit to `limit_s` seconds from now."""
        self._due_s = now_s + limit_s

    def start_once(self, now_s: float, limit_s: float) -> None:
        """Set the limit unless one is set already."""
        if self._due_s is None:
            self.start(now_s, limit_s)

    def lift(self) -> None:
        """Have no limit."""
        self._due_s = None

    def missed(self, now_s: float) -> bool:
        """Tell whether the limit has passed."""
        return self._due_s is not None and now_s >= self._due_s
