"""A headless Chromium that looks at the real page.

`python -m demo.browser URL PICTURE` takes a picture of a running demo, such as docs/images/home-assistant.png.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
import contextlib
import os
import shutil
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

WIDE = (1600, 1000)
"""Width and height of a desktop's page in pixels."""

DRAWN_MS = 2_000
"""How long graphs may go on drawing once they are there."""


def browser_path() -> str:
    """Return the Chromium named in TIDEWATT_BROWSER or found on the PATH; FileNotFoundError without one."""
    for name in (os.environ.get("TIDEWATT_BROWSER", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise FileNotFoundError("no Chromium or Chrome on the PATH; install one or name it in TIDEWATT_BROWSER")


@contextlib.asynccontextmanager
async def open_page(url: str, size: tuple[int, int] = WIDE) -> AsyncIterator[Page]:
    """Open `url` in a browser of this size with an empty profile; the browser ends with the context."""
    width, height = size
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch_persistent_context(
                profile,
                executable_path=browser_path(),
                args=list(SWITCHES),
                viewport={"width": width, "height": height},
            ) as context,
        ):
            page = await context.new_page()
            page.set_default_timeout(SHOWN_MS)
            await page.goto(url)
            yield page


async def take_picture(url: str, path: str, size: tuple[int, int]) -> None:
    """Save a picture of the page once its cards and graphs are drawn."""
    async with open_page(url, size) as page:
        await page.locator("hui-card canvas").last.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.wait_for_timeout(DRAWN_MS)
        await page.screenshot(path=path)


def main() -> None:
    """Take the picture that is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.browser", description="Take a picture of a page.")
    parser.add_argument("url")
    parser.add_argument("picture", help="PNG file to write")
    parser.add_argument("--size", type=int, nargs=2, default=WIDE, metavar=("WIDTH", "HEIGHT"), help="in pixels")
    arguments = parser.parse_args()
    width, height = arguments.size
    asyncio.run(take_picture(arguments.url, arguments.picture, (width, height)))


if __name__ == "__main__":
    main()
