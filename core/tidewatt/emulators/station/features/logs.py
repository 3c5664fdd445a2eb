"""Logs that the central system asks for, uploaded over HTTP (OCPP 1.6 5.9 and security N01; 2.x N01)."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from tidewatt.emulators.station.answers import Payload
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .feature import Host

UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Logs:
    """Uploads a short text about the station."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        if self._host.version is OcppVersion.V16:
            return {"GetDiagnostics": self._diagnostics, "GetLog": self._log}
        return {"GetLog": self._log}

    def observe(self) -> None:
        """An upload runs beside the station."""

    async def _diagnostics(self, payload: Payload) -> Payload:
        self._host.spawn(self._upload(payload["location"], "DiagnosticsStatusNotification", {}))
        return {"fileName": self._file_name}

    async def _log(self, payload: Payload) -> Payload:
        request = {"requestId": payload["requestId"]}
        self._host.spawn(self._upload(payload["log"]["remoteLocation"], "LogStatusNotification", request))
        return {"status": "Accepted", "filename": self._file_name}

    @property
    def _file_name(self) -> str:
        return f"{self._host.station_id}.log"

    async def _upload(self, location: str, action: str, request: Payload) -> None:
        def tell(status: str) -> None:
            self._host.notify(action, {"status": status, **request})

        tell("Uploading")
        try:
            async with (
                aiohttp.ClientSession(timeout=UPLOAD_TIMEOUT) as client,
                client.put(location, data=self._text().encode()) as response,
            ):
                response.raise_for_status()
        except aiohttp.ClientError, TimeoutError, ValueError:
            tell("UploadFailed" if action == "DiagnosticsStatusNotification" else "UploadFailure")
            return
        tell("Uploaded")

    def _text(self) -> str:
        lines = [f"{self._host.time.timestamp()} {self._host.station_id} firmware {self._host.firmware_version}"]
        lines += [
            f"EVSE {outlet.evse_id}: {outlet.status()}, register {outlet.point.energy_wh:.0f} Wh"
            for outlet in self._host.outlets.values()
        ]
        return "\n".join(lines) + "\n"
