"""Saying the same thing once in a while, however often it happens."""

from __future__ import annotations

from collections import OrderedDict

from tidewatt.site import Clock

_MAX_KEYS = 256
"""Things remembered; a peer that makes up names cannot fill the memory."""


class Notices:
    """Tells which notices are due: each key once per interval."""

    def __init__(self, interval_s: float, clock: Clock) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._given_at_s: OrderedDict[str, float] = OrderedDict()

    def is_due(self, key: str) -> bool:
        """Tell whether a notice is due, and count it as given."""
        now_s = self._clock()
        given_at_s = self._given_at_s.get(key)
        if given_at_s is not None and now_s - given_at_s < self._interval_s:
            return False
        self._given_at_s[key] = now_s
        self._given_at_s.move_to_end(key)
        if len(self._given_at_s) > _MAX_KEYS:
            self._given_at_s.popitem(last=False)
        return True
