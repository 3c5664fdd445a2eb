"""Peers that open connections and do nothing with them, or everything at once, keep no station out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import ssl
from typing import Any

import pytest

from tests.drivers_ocpp.ocpp_pki import client_context
from tests.drivers_ocpp.ocpp_rig import Rig, central, charger, connected
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp.security import Gate, GateLimits
from tidewatt.site import OcppListener, TlsListener

PASSWORD = "correct-horse-battery"  # noqa: S105 - a password of nobody
LISTENER = OcppListener(port=0, tls=TlsListener(port=0, names=("127.0.0.1",)))

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def gate_of(rig: Rig) -> dict[str, Any]:
    return dict(rig.system.security_diagnostics()["gate"])


async def is_cut(streams: Streams) -> bool:
    """Wait for the other side to end a connection, whichever way."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            return await streams[0].read() == b""
        except ConnectionError:
            return True
        finally:
            streams[1].close()


@pytest.mark.parametrize("begun", [b"", b"GET /CP-1 HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["silent", "slow header"])
async def test_who_does_not_become_a_station_in_time_is_cut(begun: bytes) -> None:
    async with central([charger()], admission_s=0.5) as rig:
        streams = await asyncio.open_connection("127.0.0.1", rig.system.bound_port)
        streams[1].write(begun)
        assert await is_cut(streams)
        assert gate_of(rig)["cut"] == 1
        async with connected(rig) as station:
            await station.boot()


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a hello"])
async def test_a_handshake_that_does_not_go_on_is_cut(begun: bytes) -> None:
    async with central([charger(password=PASSWORD)], listener=LISTENER, admission_s=1) as rig:
        streams = await asyncio.open_connection("127.0.0.1", rig.system.security.tls_port)
        streams[1].write(begun)
        assert await is_cut(streams)
        tls = client_context(rig.system.security.root_of_server())
        async with connected(rig, password=PASSWORD, tls=tls) as station:
            await station.boot()


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 4000, b"\x80\x2e\x01\x00\x02" + bytes(44)])
async def test_noise_on_the_encrypted_port_ends_that_connection_alone(noise: bytes) -> None:
    async with central([charger(password=PASSWORD)], listener=LISTENER) as rig:
        tls = client_context(rig.system.security.root_of_server())
        async with connected(rig, password=PASSWORD, tls=tls) as station:
            await station.boot()
            streams = await asyncio.open_connection("127.0.0.1", rig.system.security.tls_port)
            streams[1].write(noise)
            await is_cut(streams)
            assert gate_of(rig)["failed_handshakes"] == 1
            assert "currentTime" in await station.call("Heartbeat", {})


async def test_an_admitted_station_stays_beyond_the_time_for_admission() -> None:
    async with central([charger()], admission_s=0.5) as rig, connected(rig) as station:
        await station.boot()
        await asyncio.sleep(0.75)
        assert "currentTime" in await station.call("Heartbeat", {})
        assert gate_of(rig) == {"waiting": 0, "cut": 0, "turned_away": 0, "failed_handshakes": 0}


async def test_stations_get_in_through_a_crowd_of_idle_connections() -> None:
    async with central([charger(password=PASSWORD)], listener=LISTENER, arrivals_burst=1e6) as rig:
        port = rig.system.security.tls_port
        crowd = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(300)))
        assert await is_cut(crowd[0])
        assert gate_of(rig)["waiting"] <= 256
        tls = client_context(rig.system.security.root_of_server())
        async with connected(rig, password=PASSWORD, tls=tls) as station:
            await station.boot()
        for _, writer in crowd:
            writer.close()


async def test_who_comes_too_often_is_turned_away_until_later() -> None:
    now_s = [0.0]
    async with central([charger()], arrivals_burst=5.0, arrivals_per_s=1.0, clock=lambda: now_s[0]) as rig:
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", rig.system.bound_port)
            writer.close()
        async with asyncio.timeout(PATIENCE_S):
            while gate_of(rig)["turned_away"] == 0:
                assert await is_cut(await asyncio.open_connection("127.0.0.1", rig.system.bound_port))
        now_s[0] += 5
        async with connected(rig) as station:
            await station.boot()


class Echo(asyncio.Protocol):
    """Sends everything back."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(data)


@asynccontextmanager
async def echo_gate(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    gate = Gate(
        Echo,
        limits=GateLimits(),
        on_refused=lambda _remote, _reason: None,
        clock=asyncio.get_running_loop().time,
    )
    server = await gate.listen("127.0.0.1", 0, context)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    await gate.close()


async def test_what_comes_right_behind_the_handshake_is_not_lost() -> None:
    async with central([charger(password=PASSWORD)], listener=LISTENER) as rig:
        tls = client_context(rig.system.security.root_of_server())
        async with echo_gate(rig.system.security.context) as port:
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
                writer.write(b"at once")
                assert await asyncio.wait_for(reader.readexactly(7), PATIENCE_S) == b"at once"
                writer.close()
