"""How a station is called, whoever holds its connection."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol


class Caller(Protocol):
    """Calls the station over whatever connection there is."""

    def __call__(
        self, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
    ) -> Awaitable[dict[str, Any]]:
        """Return the payload of the answer; raises what `OcppSession.call` raises."""
