"""`python -m benchmarks.parts.ocpp_tidewatt COUNT`: Tidewatt's central system alone, for the OCPP benchmark.

Prints its port and serves until it is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import logging
import sys
from typing import Any

from tidewatt.drivers.ocpp import CentralSystem, OcppSettings
from tidewatt.site import Charger, OcppEndpoint, OcppListener

UNBOUNDED = 1e9


class NoStore:
    """A store that forgets: the rival keeps nothing either."""

    async def load(self, name: str) -> dict[str, Any] | None:  # noqa: ARG002 - the Protocol's
        """Return that there is nothing."""
        return None

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Forget the document."""


async def main() -> None:
    """Serve until ended."""
    logging.disable(logging.CRITICAL)
    chargers = [
        Charger(charger_id=f"c{number}", name="", circuit_id="main", endpoint=OcppEndpoint(station_id=f"S{number}"))
        for number in range(int(sys.argv[1]))
    ]
    central = CentralSystem(
        OcppListener(port=0),
        chargers,
        store=NoStore(),
        on_reading=lambda _: None,
        on_fault=lambda _: None,
        on_discovered=lambda _: None,
        # The load sends faster than any station does, and would be slowed down.
        settings=OcppSettings(frames_burst=int(UNBOUNDED), frames_per_s=UNBOUNDED),
    )
    await central.start()
    print(central.bound_port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
