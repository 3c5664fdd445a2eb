"""A peer that does not read must not make us buffer without bound, nor hold anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib
from contextlib import asynccontextmanager
import socket as sockets

from aiohttp import ClientSession, ClientTimeout, WSMsgType, web
import pytest

from tests.drivers_ocpp.ocpp_rig import V16, central, charger, connected
from tests.drivers_ocpp.ocpp_villains import masked, upgrade
from tests.patience import PATIENCE_S
from tidewatt.ocpp.sockets import AiohttpSocket

type Serve = Callable[[AiohttpSocket], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, **options: float) -> AsyncIterator[int]:
    """Serve WebSockets on a loopback port."""

    async def connect(request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse(autoping=False, timeout=0.1)
        await response.prepare(request)
        assert request.transport is not None
        await serve(AiohttpSocket(response, abort=request.transport.abort, **options))
        return response

    app = web.Application()
    app.router.add_get("/{name}", connect)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@asynccontextmanager
async def deaf_peer(port: int) -> AsyncIterator[sockets.socket]:
    """Open a WebSocket that reads nothing."""
    with sockets.socket() as raw:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1024)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", port))
        await loop.sock_sendall(raw, upgrade("CP-1"))
        yield raw


async def filled(socket: AiohttpSocket, for_s: float = 3600.0) -> int:
    """Send until the socket fails or the time is over, and return how many bytes left."""
    sent = 0
    try:
        async with asyncio.timeout(for_s):
            while True:
                await socket.send_str("x" * 10_000)
                sent += 10_000
    except TimeoutError, ConnectionError:
        return sent


async def test_a_peer_that_does_not_read_is_cut_off_with_a_bounded_buffer() -> None:
    sent: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def pour(socket: AiohttpSocket) -> None:
        sent.set_result(await filled(socket))

    async with serving(pour, write_timeout_s=0.2) as port, deaf_peer(port), asyncio.timeout(PATIENCE_S):
        # What the kernel takes on loopback is some megabytes; beyond it no more than one buffer piles up.
        assert await sent < 20_000_000


async def test_closing_on_a_peer_that_does_not_read_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidewatt.ocpp.sockets._CLOSE_TIMEOUT_S", 0.2)
    closed = asyncio.Event()

    async def pour_and_close(socket: AiohttpSocket) -> None:
        await filled(socket, for_s=0.2)
        await socket.close()
        closed.set()

    async with serving(pour_and_close, write_timeout_s=3600) as port, deaf_peer(port), asyncio.timeout(PATIENCE_S):
        await closed.wait()


async def test_whoever_gives_up_waiting_takes_nobody_with_him() -> None:
    """Aiohttp cancels everybody who waits for room in the buffer together with the first who gives up."""
    done = asyncio.Event()

    async def pour(socket: AiohttpSocket) -> None:
        others = [asyncio.create_task(filled(socket)) for _ in range(3)]
        await filled(socket, for_s=0.3)
        await asyncio.gather(*others)
        with pytest.raises(ConnectionError):
            await socket.send_str("x" * 100_000)
        done.set()

    async with serving(pour, write_timeout_s=3600) as port, deaf_peer(port), asyncio.timeout(PATIENCE_S):
        await done.wait()


async def test_many_pings_are_answered_slowly_and_the_frames_among_them_still_arrive() -> None:
    got: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def take(socket: AiohttpSocket) -> None:
        got.set_result(await socket.receive_str())
        await socket.receive_str()

    async with (
        asyncio.timeout(PATIENCE_S),
        serving(take) as port,
        ClientSession() as client,
        client.ws_connect(f"http://127.0.0.1:{port}/CP-1", autoping=False) as socket,
    ):
        for _ in range(22):
            await socket.ping()
        await socket.send_str("a frame")
        assert await got == "a frame"
        for _ in range(22):
            assert (await socket.receive()).type is WSMsgType.PONG


async def test_pongs_that_nobody_asked_for_say_nothing() -> None:
    told: list[float | None] = []

    async def serve(socket: AiohttpSocket) -> None:
        keeping = asyncio.create_task(socket.keep_alive(3600, told.append))
        assert await socket.receive_str() == "now"
        keeping.cancel()

    async with (
        asyncio.timeout(PATIENCE_S),
        serving(serve) as port,
        ClientSession() as client,
        client.ws_connect(f"http://127.0.0.1:{port}/CP-1", autoping=False) as socket,
    ):
        ping = await socket.receive()
        await socket.pong(b"another")
        await socket.pong(ping.data)
        await socket.pong(ping.data)
        await socket.send_str("now")
        await socket.receive()
    assert len(told) == 1
    assert told[0] is not None


async def test_the_central_system_can_stop_while_a_station_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidewatt.ocpp.sockets._CLOSE_TIMEOUT_S", 0.2)
    async with (
        central([charger()], frames_burst=5000, frames_per_s=5000) as rig,
        deaf_peer(rig.system.bound_port) as raw,
    ):
        await rig.until_state(lambda state: state.online)
        await ask_for(1.0, raw)
        async with asyncio.timeout(PATIENCE_S):
            await rig.system.stop()


async def test_one_that_is_slowed_down_does_not_outlive_the_central_system() -> None:
    async with central([charger()], frames_burst=1, frames_per_s=0.001) as rig, deaf_peer(rig.system.bound_port) as raw:
        await asyncio.get_running_loop().sock_sendall(raw, masked('[2,"1","Heartbeat",{}]') * 5)
        await rig.until_state(lambda state: state.online)
        while not rig.system.diagnostics()["CP-1"]["counters"]["delayed_frames"]:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        raw.close()


async def ask_for(duration_s: float, raw: sockets.socket) -> None:
    """Ask for as long, or until the other end takes no more, without reading an answer."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(duration_s):
            while True:
                await loop.sock_sendall(raw, masked('[2,"1","Heartbeat",{}]') * 50)


async def test_a_station_that_keeps_coming_back_has_to_wait() -> None:
    async with central([charger(), charger("right", "CP-2")], connects_burst=3, connects_per_s=1.0) as rig:
        statuses = []
        async with ClientSession(timeout=ClientTimeout(total=None)) as client:
            for _ in range(6):
                url = f"http://127.0.0.1:{rig.system.bound_port}/CP-1"
                headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
                key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": V16}
                async with client.get(url, headers=headers | key) as response:
                    statuses.append(response.status)
                    if response.status == 429:
                        assert response.headers["Retry-After"]
        assert statuses[:3] == [101] * 3
        assert 429 in statuses[3:]
        async with connected(rig, "CP-2") as other:
            assert (await other.boot())["status"] == "Accepted"
