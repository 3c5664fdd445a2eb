"""What can be wrong with what a meter says, as opposed to the line to it."""

from __future__ import annotations


class MeterReadError(Exception):
    """The device answers, but not as the configured meter would: no such model, a value missing or impossible."""
