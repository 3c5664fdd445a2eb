"""Stations that misbehave, each in its own way, until they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
import json
import socket as sockets
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from tests.drivers_ocpp.ocpp_rig import V16

PAUSE_S = 0.05
"""Between bouts: enough for others in the same process to be measured at all."""

type Bout = Callable[[ClientWebSocketResponse], Coroutine[Any, Any, None]]
"""Misbehaves once on a connection."""

type Villain = Callable[[ClientSession, int, str], Coroutine[Any, Any, None]]
"""Misbehaves towards the central system on a port, by the name of a station."""


def heartbeat(number: int) -> str:
    """Return the frame of a Heartbeat."""
    return json.dumps([2, f"{number}", "Heartbeat", {}])


async def _again_and_again(
    client: ClientSession,
    port: int,
    station_id: str,
    bout: Callable[[ClientWebSocketResponse], Coroutine[Any, Any, None]],
) -> None:
    """Misbehave on one connection after the other."""
    while True:
        with contextlib.suppress(ClientError, ConnectionError):
            url = f"http://127.0.0.1:{port}/{station_id}"
            async with client.ws_connect(url, protocols=[V16], autoping=False) as socket:
                reading = asyncio.create_task(_read(socket))
                try:
                    while not socket.closed:
                        await bout(socket)
                        await asyncio.sleep(PAUSE_S)
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
        await asyncio.sleep(PAUSE_S)


async def _read(socket: ClientWebSocketResponse) -> None:
    while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        pass


async def floods(client: ClientSession, port: int, station_id: str) -> None:
    """Send calls without waiting for the answers."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        for number in range(200):
            await socket.send_str(heartbeat(number))

    await _again_and_again(client, port, station_id, bout)


async def pings(client: ClientSession, port: int, station_id: str) -> None:
    """Send nothing but pings, many."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        for _ in range(200):
            await socket.ping(b"x" * 100)

    await _again_and_again(client, port, station_id, bout)


async def sends_giants(client: ClientSession, port: int, station_id: str) -> None:
    """Send frames that are larger than any message."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        await socket.send_str("[" + "x" * 300_000)

    await _again_and_again(client, port, station_id, bout)


async def sends_large_ones(client: ClientSession, port: int, station_id: str) -> None:
    """Send calls that are just about allowed."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        values = [{"timestamp": "2026-11-20T10:00:00Z", "sampledValue": [{"value": "1"}]}] * 3000
        await socket.send_str(json.dumps([2, "large", "MeterValues", {"connectorId": 1, "meterValue": values}]))

    await _again_and_again(client, port, station_id, bout)


async def nests_deeply(client: ClientSession, port: int, station_id: str) -> None:
    """Send JSON that nests as deeply as fits a frame."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        await socket.send_str("[" * 100_000)
        await socket.send_str('[2,"d","DataTransfer",' + '{"a":' * 500 + "1" + "}" * 500 + "]")

    await _again_and_again(client, port, station_id, bout)


async def never_answers(client: ClientSession, port: int, station_id: str) -> None:
    """Boot and begin a transaction, then leave every call unanswered."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        for frame in opening():
            await socket.send_str(json.dumps(frame))
        await asyncio.sleep(3600)

    await _again_and_again(client, port, station_id, bout)


async def doubles_ids(client: ClientSession, port: int, station_id: str) -> None:
    """Send different calls under one id, and answers to calls that nobody made."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        for frame in (*opening(), [3, "same", {}], [4, "same", "InternalError", "", {}]):
            await socket.send_str(json.dumps([frame[0], "same", *frame[2:]]))

    await _again_and_again(client, port, station_id, bout)


async def talks_garbage(client: ClientSession, port: int, station_id: str) -> None:
    """Send what is no OCPP at all."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        for text in ("", "null", "[2]", "{" * 50, "\x00\ufffd", '[2,"x","StartTransaction",{"connectorId":[]}]'):
            await socket.send_str(text)
        await socket.send_bytes(b"\x00\xff" * 50)

    await _again_and_again(client, port, station_id, bout)


async def comes_and_goes(client: ClientSession, port: int, station_id: str) -> None:
    """Connect, boot and break the connection, over and over."""

    async def bout(socket: ClientWebSocketResponse) -> None:
        await socket.send_str(json.dumps(opening()[0]))
        await socket.close()

    await _again_and_again(client, port, station_id, bout)


async def reads_nothing(client: ClientSession, port: int, station_id: str) -> None:
    """Ask much, and never read an answer: a plain socket with the smallest buffer."""
    while True:
        with contextlib.suppress(OSError), sockets.socket() as raw:
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1024)
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(raw, ("127.0.0.1", port))
            await loop.sock_sendall(raw, upgrade(station_id))
            while True:
                await loop.sock_sendall(raw, masked(heartbeat(1)) * 20)
                await asyncio.sleep(PAUSE_S)
        await asyncio.sleep(PAUSE_S)


async def stays_half_open(client: ClientSession, port: int, station_id: str) -> None:
    """Shake hands and fall silent, without even a pong."""
    with sockets.socket() as raw:
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", port))
        await loop.sock_sendall(raw, upgrade(station_id))
        await asyncio.sleep(3600)


def upgrade(station_id: str) -> bytes:
    """Return the request that opens a WebSocket."""
    lines = [
        f"GET /{station_id} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {V16}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def masked(text: str) -> bytes:
    """Return a short text as a client's frame, masked with zeros."""
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def opening() -> list[list[Any]]:
    """Return the calls of a station that boots and begins a transaction."""
    at = "2026-11-20T10:00:00Z"
    return [
        [2, "boot", "BootNotification", {"chargePointVendor": "Villain", "chargePointModel": "One"}],
        [2, "status", "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}],
        [2, "start", "StartTransaction", {"connectorId": 1, "idTag": "V", "meterStart": 0, "timestamp": at}],
    ]


VILLAINS: tuple[Villain, ...] = (
    floods,
    pings,
    sends_giants,
    sends_large_ones,
    nests_deeply,
    never_answers,
    doubles_ids,
    talks_garbage,
    comes_and_goes,
    reads_nothing,
    stays_half_open,
)
