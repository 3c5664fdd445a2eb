"""The numbers of a transaction's messages (OCPP 2.x `seqNo`): which came, and which are missing."""

from __future__ import annotations

from itertools import pairwise

_MOST_RANGES = 100
"""Ranges kept of one transaction; a station that numbers at random cannot fill the memory."""

_LARGEST = 2**31


def note(seen: list[tuple[int, int]], number: int) -> bool:
    """Add a number to the ranges seen, which stay sorted and apart; False if it was there already or cannot be one."""
    if not 0 <= number < _LARGEST or any(first <= number <= last for first, last in seen):
        return False
    seen.append((number, number))
    seen.sort()
    joined = [seen[0]]
    for first, last in seen[1:]:
        if first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    seen[:] = joined[-_MOST_RANGES:]
    return True


def missing(seen: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges between those seen."""
    return [(before[1] + 1, after[0] - 1) for before, after in pairwise(seen)]


def is_newest(seen: list[tuple[int, int]], number: int) -> bool:
    """Tell whether nothing later than a number was seen."""
    return not seen or number > seen[-1][1]
