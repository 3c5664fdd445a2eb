"""Firmware updates: really fetched over HTTP, installed in some seconds (OCPP 1.6 5.19 and security; 2.x L01, L02)."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib

import aiohttp

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .feature import Host

INSTALL_S = 5.0
FETCH_TIMEOUT = aiohttp.ClientTimeout(total=30)
MOST_BYTES = 64 * 1024 * 1024


class Firmware:
    """Fetches, checks, installs and boots into what it is told to; its version is then the file's digest."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        if self._host.version is OcppVersion.V16:
            return {"UpdateFirmware": self._update_v16, "SignedUpdateFirmware": self._update_signed}
        return {"UpdateFirmware": self._update_signed}

    def observe(self) -> None:
        """An update runs beside the station."""

    async def _update_v16(self, payload: Payload) -> Payload:
        self._host.spawn(self._update(payload["location"], "FirmwareStatusNotification", {}))
        return {}

    async def _update_signed(self, payload: Payload) -> Payload:
        is_v16 = self._host.version is OcppVersion.V16
        action = "SignedFirmwareStatusNotification" if is_v16 else "FirmwareStatusNotification"
        request = {"requestId": payload["requestId"]}
        self._host.spawn(self._update(payload["firmware"]["location"], action, request))
        return ACCEPTED

    async def _update(self, location: str, action: str, request: Payload) -> None:
        def tell(status: str) -> None:
            self._host.notify(action, {"status": status, **request})

        tell("Downloading")
        try:
            image = await _fetch(location)
        except aiohttp.ClientError, TimeoutError, ValueError:
            tell("DownloadFailed")
            return
        tell("Downloaded")
        tell("Installing")
        await self._host.time.sleep(INSTALL_S)
        # A station that boots loses what is on its way, so the last word goes before.
        tell("Installed")
        self._host.soon(lambda: self._host.restart_with(hashlib.sha256(image).hexdigest()[:12]))


async def _fetch(location: str) -> bytes:
    """Return a file; ValueError for one that is too large."""
    async with aiohttp.ClientSession(timeout=FETCH_TIMEOUT) as client, client.get(location) as response:
        response.raise_for_status()
        image = await response.content.read(MOST_BYTES + 1)
    if len(image) > MOST_BYTES:
        raise ValueError("The firmware is too large.")
    return image
