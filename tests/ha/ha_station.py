"""An OCPP 1.6 station that tests play by hand: it says what it is told to, and does what it is commanded."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp

from tests.patience import PATIENCE_S
from tidewatt.ocpp.session import OcppCallError, OcppSession, OcppVersion
from tidewatt.ocpp.sockets import AiohttpSocket

ANSWERS: Mapping[str, dict[str, Any]] = {
    "ChangeConfiguration": {"status": "Accepted"},
    "GetConfiguration": {"configurationKey": [], "unknownKey": []},
    "SetChargingProfile": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Accepted"},
    "TriggerMessage": {"status": "Accepted"},
    "RemoteStartTransaction": {"status": "Accepted"},
    "RemoteStopTransaction": {"status": "Accepted"},
    "Reset": {"status": "Accepted"},
    "UnlockConnector": {"status": "Unlocked"},
    "ChangeAvailability": {"status": "Accepted"},
    "ReserveNow": {"status": "Accepted"},
    "CancelReservation": {"status": "Accepted"},
    "GetLog": {"status": "Accepted", "filename": "station.log"},
    "UpdateFirmware": {},
}


class Station:
    """One connector. `answers` can be changed; `commands` holds what arrived, oldest first."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.answers = dict(ANSWERS)
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self._arrived = asyncio.Event()
        self._session = OcppSession(
            AiohttpSocket(socket), OcppVersion.V16, {action: self._handler(action) for action in ANSWERS}
        )

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, station_id: str, password: str | None) -> AsyncIterator[Self]:
        """Connect a station; aiohttp.WSServerHandshakeError when it is refused."""
        headers = {} if password is None else {"Authorization": aiohttp.encode_basic_auth(station_id, password)}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.ws_connect(f"{url}/{station_id}", protocols=[OcppVersion.V16]) as socket,
        ):
            station = cls(socket)
            task = asyncio.create_task(station._session.run())
            try:
                yield station
            finally:
                await station._session.close()
                await task

    async def boot(self) -> None:
        """Introduce itself."""
        await self.call(
            "BootNotification", {"chargePointVendor": "Example", "chargePointModel": "One", "firmwareVersion": "1.2.3"}
        )

    async def status(self, status: str) -> None:
        """Report the status of its connector."""
        await self.call(
            "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": _now()}
        )

    async def start(self, id_tag: str, meter_wh: int) -> int:
        """Begin a transaction; returns its id."""
        answer = await self.call(
            "StartTransaction", {"connectorId": 1, "idTag": id_tag, "meterStart": meter_wh, "timestamp": _now()}
        )
        transaction_id: int = answer["transactionId"]
        self.transaction_id = transaction_id
        return transaction_id

    async def measure(
        self,
        transaction_id: int,
        current_a: tuple[float, float, float],
        meter_wh: float,
        *,
        soc_pct: float | None = None,
    ) -> None:
        """Report what it measures."""
        sampled = [
            {"measurand": "Current.Import", "unit": "A", "phase": f"L{index + 1}", "value": str(value)}
            for index, value in enumerate(current_a)
        ]
        sampled.append({"measurand": "Power.Active.Import", "unit": "W", "value": str(230 * sum(current_a))})
        sampled.append({"measurand": "Energy.Active.Import.Register", "unit": "Wh", "value": str(meter_wh)})
        if soc_pct is not None:
            sampled.append({"measurand": "SoC", "unit": "Percent", "value": str(soc_pct)})
        await self.call(
            "MeterValues",
            {
                "connectorId": 1,
                "transactionId": transaction_id,
                "meterValue": [{"timestamp": _now(), "sampledValue": sampled}],
            },
        )

    async def hang_up(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return its answer."""
        return await self._session.call(action, payload)

    async def commanded(self, action: str) -> dict[str, Any]:
        """Wait until a command has arrived; returns the latest of its kind."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := [payload for name, payload in self.commands if name == action]):
                self._arrived.clear()
                await self._arrived.wait()
        return found[-1]

    def _handler(self, action: str) -> Any:
        async def handle(payload: dict[str, Any]) -> dict[str, Any]:
            self.commands.append((action, payload))
            self._arrived.set()
            if action not in self.answers:
                raise OcppCallError("NotSupported", f"{action} is not for me", {})
            return self.answers[action]

        return handle


def _now() -> str:
    return datetime.now(UTC).isoformat()
