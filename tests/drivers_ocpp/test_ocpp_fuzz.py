"""Hostile input never crashes, stalls or steers: damaged frames of all versions through a whole central system.

`script/fuzz 1000000` feeds as many inputs as one likes; the seed is printed and can be given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
import contextlib
import gc
import json
import logging
import os
from random import Random
from time import perf_counter

from aiohttp import ClientSession, WSMsgType
from hypothesis import given, settings, strategies as st
import psutil
import pytest

from tests.drivers_ocpp.ocpp_fuzzing import PATIENT, fuzzing, no_errors
from tests.drivers_ocpp.ocpp_mutations import Mutator
from tests.drivers_ocpp.ocpp_rig import Rig, central, charger, connected
from tests.drivers_ocpp.ocpp_villains import upgrade
from tests.patience import PATIENCE_S
from tidewatt.ocpp.frames import OcppVersion, parse_frame

INPUTS = int(os.environ.get("TIDEWATT_FUZZ_INPUTS", "6000"))
SEED = int(os.environ.get("TIDEWATT_FUZZ_SEED", "20261120"))
ON_SOCKETS = INPUTS // 10
"""Frames that go over real sockets."""
LONG = 100_000
"""From so many inputs on, memory is looked at too: below, the schemas alone are most of it."""


@pytest.fixture
def strict() -> Iterator[None]:
    """Fail when anything is logged as an error."""
    with no_errors():
        yield


def memory_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


async def test_no_frame_crashes_stalls_or_steers(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.get_running_loop().set_debug(False)
    caplog.set_level(logging.ERROR, logger="tidewatt")
    async with fuzzing(SEED) as run:
        began_s = perf_counter()
        warm = await run.feed(INPUTS // 4)
        before_mb = memory_mb()
        fed = warm + await run.feed(INPUTS - warm)
        after_mb = memory_mb()
        took_s = perf_counter() - began_s
        await run.limit_the_calm_one()
        print(f"\nseed {SEED}: {fed} inputs in {took_s:.0f} s, {fed / took_s:.0f}/s")  # noqa: T201 - for script/fuzz
        print(f"memory {before_mb:.0f} MB after a quarter, {after_mb:.0f} MB at the end")  # noqa: T201 - for script/fuzz
        for outcome, count in run.outcomes.most_common():
            print(f"{count:10} {outcome}")  # noqa: T201 - for script/fuzz
        assert run.counters()["handler_errors"] == 0
        assert "closed" not in run.outcomes
        if fed >= LONG:
            assert after_mb < before_mb * 1.2 + 20


async def send_frames(rig: Rig, version: OcppVersion, count: int) -> None:
    """Send damaged frames over a real socket, some of them as binary; one that is cut off connects anew."""
    random = Random(f"{SEED} sockets {version}")  # noqa: S311 - no secret
    mutator = Mutator(version, random)
    url = f"http://127.0.0.1:{rig.system.bound_port}/{version}"
    async with ClientSession() as client, client.ws_connect(url, protocols=[version]) as socket:
        for number in range(0, count, 10):
            for _ in range(10):
                frame = mutator.frame().encode(errors="replace")
                await (socket.send_bytes(frame) if random.random() < 0.02 else socket.send_str(frame.decode()))
            await socket.send_str(json.dumps([2, f"end {number}", "Heartbeat", {}]))
            while True:
                message = await socket.receive(timeout=PATIENCE_S)
                assert message.type is WSMsgType.TEXT, "cut off"
                kind, message_id, *rest = json.loads(message.data)
                if kind == 2:
                    await socket.send_str(mutator.answer(message_id, rest[0]))
                elif message_id == f"end {number}":
                    break


@pytest.mark.usefixtures("strict")
async def test_no_frame_on_a_real_socket_does() -> None:
    asyncio.get_running_loop().set_debug(False)
    chargers = [charger(f"charger {version}", version.value) for version in OcppVersion]
    async with central([*chargers, charger("left", "CP-1")], **PATIENT) as rig, connected(rig) as calm:
        await calm.boot()
        await asyncio.gather(*(send_frames(rig, version, ON_SOCKETS // 3) for version in OcppVersion))
        assert "currentTime" in await calm.call("Heartbeat", {})
        shown = rig.system.diagnostics()
        assert sum((station["counters"] or {}).get("handler_errors", 0) for station in shown.values()) == 0


def handshake(random: Random) -> bytes:
    """Return the opening of a WebSocket with something wrong in it, or none at all."""
    raw = bytearray(upgrade(random.choice(["CP-1", "%00", "x" * 9000, "CP-1/../..", "%zz"])))
    choice = random.random()
    if choice < 0.2:
        return random.randbytes(random.randrange(400))
    for _ in range(random.randrange(4)):
        place = random.randrange(len(raw))
        match random.randrange(3):
            case 0:
                raw[place] = random.randrange(256)
            case 1:
                del raw[place : place + random.randrange(30)]
            case _:
                raw[place:place] = random.randbytes(random.randrange(30))
    # What follows the handshake is no WebSocket frame either.
    return bytes(raw) + random.randbytes(random.choice((0, 10, 500)))


@pytest.mark.usefixtures("strict")
async def test_no_handshake_and_no_bytes_after_it_do() -> None:
    asyncio.get_running_loop().set_debug(False)
    random = Random(SEED)  # noqa: S311 - no secret
    async with central([charger()], **PATIENT | {"admission_s": 2.0}) as rig:
        for _ in range(min(INPUTS // 10, 3000)):
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.system.bound_port)
            with contextlib.suppress(ConnectionError):
                writer.write(handshake(random))
                writer.write_eof()
                async with asyncio.timeout(PATIENCE_S):
                    await reader.read()
            writer.close()
        async with connected(rig) as station:
            assert (await station.boot())["status"] == "Accepted"


@settings(max_examples=300, deadline=None)
@given(
    version=st.sampled_from(OcppVersion), raw=st.text() | st.binary().map(lambda data: data.decode(errors="replace"))
)
def test_no_text_breaks_the_parser(version: OcppVersion, raw: str) -> None:
    parse_frame(raw, version)
