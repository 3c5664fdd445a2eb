"""The rival of the latency benchmark: the same libraries on the same wires with nothing between them.

`python -m benchmarks.parts.relay METER_PORT OCPP_PORT INTERVAL_S` reads a meter and, whenever its current changed,
sends the same profile to every station. No site, no decision, no validation: what it takes is the price of the wires.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any

from aiohttp import web
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

PROFILE = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]},
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "BootNotification": {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300},
    "StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Accepted"}},
}

sockets: list[web.WebSocketResponse] = []
ids = itertools.count()


async def station(request: web.Request) -> web.WebSocketResponse:
    """Answer a station's calls, and give it one profile so that it counts as connected."""
    socket = web.WebSocketResponse(protocols=("ocpp1.6",))
    await socket.prepare(request)
    sockets.append(socket)
    await send_profile(socket)
    async for message in socket:
        frame = json.loads(message.data)
        if frame[0] == 2:
            await socket.send_str(json.dumps([3, frame[1], ANSWERS.get(frame[2], {})]))
    return socket


async def send_profile(socket: web.WebSocketResponse) -> None:
    """Send the one profile there is."""
    await socket.send_str(json.dumps([2, f"r{next(ids)}", "SetChargingProfile", PROFILE]))


async def main() -> None:
    """Relay until ended."""
    meter_port, ocpp_port, interval_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    application = web.Application()
    application.router.add_get("/{station}", station)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", ocpp_port).start()
    unit = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=meter_port)).for_unit(1)
    before: list[int] = []
    while True:
        currents = await unit.read_input_registers(6, 6)
        if currents != before:
            before = currents
            await asyncio.gather(*(send_profile(socket) for socket in sockets))
        await asyncio.sleep(interval_s)


if __name__ == "__main__":
    asyncio.run(main())
