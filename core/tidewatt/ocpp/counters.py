"""What happened on one connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SessionCounters:
    """Counts since the connection was opened.

    `refused_answers` are answers of ours that the peer could not use (CALLRESULTERROR), `dropped_sends` SENDs that came
    faster than they could be served, `handler_errors` faults of our own.
    """

    frames_in: int = 0
    frames_out: int = 0
    malformed: int = 0
    unknown_types: int = 0
    unknown_actions: int = 0
    schema_violations: int = 0
    duplicates: int = 0
    unmatched_answers: int = 0
    refused_answers: int = 0
    dropped_sends: int = 0
    timeouts: int = 0
    handler_errors: int = 0
    delayed_frames: int = 0
