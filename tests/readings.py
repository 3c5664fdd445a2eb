"""From what an emulated meter answered to the readings that were taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SAME_READING_S = 0.3


def readings_of(history: Mapping[str, Any]) -> list[list[float]]:
    """Return the currents of each reading of the grid meter; the requests of one follow each other at once."""
    firsts: list[dict[str, Any]] = []
    for answer in history["answers"]["grid"]:
        if not firsts or answer["t_s"] - firsts[-1]["t_s"] > SAME_READING_S:
            firsts.append(answer)
    return [answer["current_a"] for answer in firsts]
