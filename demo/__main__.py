"""The demo: Home Assistant, a site and emulated hardware, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
import shutil
import signal
import sys

from .config_folder import REPOSITORY
from .processes import ChildEndedError
from .stage import Stage

SITE_FILE = Path("examples/demo.yaml")
INJECT = f".venv-ha/bin/tidewatt inject --site {SITE_FILE}"

WHAT_TO_TRY = """
Home Assistant runs at {url}

Things to try:
  - watch the three bays share the 25 A main fuse, and read why each gets what it gets ("Limited by")
  - set a bay's mode to off, or give it twice the weight
  - switch on the oven (15 A on L3):  {inject} house-load 4 3 18
  - silence the grid meter:           {inject} meter-silent grid
    and bring it back:                {inject} meter-resume grid
  - unplug a station's network:       {inject} station-offline {station}

Ctrl-C stops everything."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def cancel_once(task: asyncio.Task[None]) -> Callable[[], None]:
    """Return a handler that cancels `task` at the first signal only: a second one must not cut the stopping short."""

    def handler() -> None:
        if not task.cancelling():
            task.cancel()

    return handler


async def run(stage: Stage) -> None:
    """Start everything, wait until cancelled or until a process ends, stop everything."""
    try:
        if await stage.prepare():
            say(f"prepared a Home Assistant in {stage.folder.relative_to(REPOSITORY)}")
        else:
            say(f"using what the last demo left in {stage.folder.relative_to(REPOSITORY)} (--fresh forgets it)")
        say("starting the emulated stations, vehicles and grid meter")
        await stage.emulation.start()
        say("starting Home Assistant (about 10 s)")
        await stage.home_assistant.start()
        stations = (await stage.emulation.world())["stations"]
        say(WHAT_TO_TRY.format(url=stage.home_assistant.url, inject=INJECT, station=next(iter(stations))))
        await stage.ended()
    finally:
        say("\nstopping")
        await stage.stop()
        say("everything has stopped")


async def main() -> int:
    """Run the demo and return the exit status."""
    parser = argparse.ArgumentParser(prog="script/demo", description="Tidewatt in a real Home Assistant.")
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant's page (8123)")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo left")
    arguments = parser.parse_args()
    stage = Stage(REPOSITORY / ".tidewatt" / f"demo-{arguments.port}", REPOSITORY / SITE_FILE, arguments.port)
    if arguments.fresh:
        shutil.rmtree(stage.folder, ignore_errors=True)
    if taken := stage.taken_ports():
        say(f"port {taken[0]} of this machine is taken: stop what uses it (an earlier demo?), or choose another --port")
        return 1
    demo = asyncio.create_task(run(stage))
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, cancel_once(demo))
    try:
        await demo
    except asyncio.CancelledError:
        return 0
    except (ChildEndedError, TimeoutError) as problem:
        say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
