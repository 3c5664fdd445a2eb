"""`python -m benchmarks.parts.ocpp_rival COUNT`: the stack of the Home Assistant integration lbbrhzn/ocpp, bare.

That is the `ocpp` package on `websockets`, with handlers that only keep the newest values: none of the integration's
own work, so what it takes is the least that stack can take. Prints its port and serves until it is ended.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
import logging
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16, call_result as result16
from ocpp.v16.enums import RegistrationStatus as Registration16
from ocpp.v201 import ChargePoint as ChargePoint201, call_result as result201
from ocpp.v201.enums import RegistrationStatusEnumType as Registration201
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

ACCEPTED = {"status": "Accepted"}
SPOKEN = [Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")]


class Station16(ChargePoint16):  # type: ignore[misc] # the package is not typed
    """A station of OCPP 1.6."""

    @on("BootNotification")  # type: ignore[untyped-decorator] # nor is this
    def on_boot(self, **_: Any) -> Any:
        """Accept it."""
        return result16.BootNotification(current_time=_now(), interval=60, status=Registration16.accepted)

    @on("Heartbeat")  # type: ignore[untyped-decorator] # nor is this
    def on_heartbeat(self) -> Any:
        """Tell the time."""
        return result16.Heartbeat(current_time=_now())

    @on("StatusNotification")  # type: ignore[untyped-decorator] # nor is this
    def on_status(self, **status: Any) -> Any:
        """Keep the status."""
        self.status = status
        return result16.StatusNotification()

    @on("StartTransaction")  # type: ignore[untyped-decorator] # nor is this
    def on_start(self, **_: Any) -> Any:
        """Number the transaction."""
        return result16.StartTransaction(transaction_id=1, id_tag_info=ACCEPTED)

    @on("MeterValues")  # type: ignore[untyped-decorator] # nor is this
    def on_meter_values(self, meter_value: list[dict[str, Any]], **_: Any) -> Any:
        """Keep the values."""
        self.values = _values(meter_value)
        return result16.MeterValues()


class Station201(ChargePoint201):  # type: ignore[misc] # the package is not typed
    """A station of OCPP 2.0.1."""

    @on("BootNotification")  # type: ignore[untyped-decorator] # nor is this
    def on_boot(self, **_: Any) -> Any:
        """Accept it."""
        return result201.BootNotification(current_time=_now(), interval=60, status=Registration201.accepted)

    @on("Heartbeat")  # type: ignore[untyped-decorator] # nor is this
    def on_heartbeat(self) -> Any:
        """Tell the time."""
        return result201.Heartbeat(current_time=_now())

    @on("StatusNotification")  # type: ignore[untyped-decorator] # nor is this
    def on_status(self, **status: Any) -> Any:
        """Keep the status."""
        self.status = status
        return result201.StatusNotification()

    @on("TransactionEvent")  # type: ignore[untyped-decorator] # nor is this
    def on_transaction(self, **event: Any) -> Any:
        """Keep the values."""
        self.values = _values(event.get("meter_value", []))
        return result201.TransactionEvent(id_token_info=ACCEPTED if "id_token" in event else None)


def _values(meter_value: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    return {
        (sample.get("measurand", ""), sample.get("phase", "")): float(sample["value"])
        for row in meter_value
        for sample in row["sampled_value"]
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def station(connection: ServerConnection) -> None:
    """Serve one station."""
    kind = Station16 if connection.subprotocol == "ocpp1.6" else Station201
    name = connection.request.path.strip("/") if connection.request else "?"
    await kind(name, connection).start()


async def main() -> None:
    """Serve until ended."""
    logging.disable(logging.CRITICAL)
    async with serve(station, "127.0.0.1", 0, subprotocols=SPOKEN, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
