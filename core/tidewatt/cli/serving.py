"""Commands that run until somebody ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
import contextlib
import signal


def serve(work: Coroutine[None, None, None]) -> None:
    """Run `work` until it ends, or until Ctrl-C or SIGTERM cancels it, which is a success as well."""
    asyncio.run(_until_told(work))


async def _until_told(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
