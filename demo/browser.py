"""A headless Chromium that looks at the real page.

`python -m demo.browser URL PICTURE` takes the picture of the README from a running demo.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import contextlib
import os
import shutil
import sys
import tempfile

from playwright.async_api import Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOWN_MS = 45_000


def browser_path() -> str:
    """Return the Chromium named in TIDEWATT_BROWSER or found on the PATH; FileNotFoundError without one."""
    for name in (os.environ.get("TIDEWATT_BROWSER", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise FileNotFoundError("no Chromium or Chrome on the PATH; install one or name it in TIDEWATT_BROWSER")


@contextlib.asynccontextmanager
async def open_page(url: str) -> AsyncIterator[Page]:
    """Open `url` in a browser with an empty profile; the browser ends with the context."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch_persistent_context(
                profile,
                executable_path=browser_path(),
                args=list(SWITCHES),
                viewport={"width": 1280, "height": 900},
            ) as context,
        ):
            page = await context.new_page()
            page.set_default_timeout(SHOWN_MS)
            await page.goto(url)
            yield page


async def take_picture(url: str, path: str) -> None:
    """Save a picture of the page once its cards are drawn."""
    async with open_page(url) as page:
        await page.locator("hui-card").first.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=path)


if __name__ == "__main__":
    asyncio.run(take_picture(sys.argv[1], sys.argv[2]))
