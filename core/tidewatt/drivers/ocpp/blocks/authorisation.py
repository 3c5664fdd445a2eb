"""Answering who may charge (OCPP 1.6 chapter 4.1, OCPP 2.x use cases C01 to C07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidewatt.drivers.ocpp.tags import Verdict
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, rows, text

from .block import Plain, StationContext


class Authorisation(Plain):
    """Answers Authorize by the tags that the station's chargers list."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._accepted = self._refused = 0

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers Authorize."""
        return {"Authorize": self._on_authorize_16 if version is OcppVersion.V16 else self._on_authorize}

    def diagnostics(self) -> dict[str, Any]:
        """Return how many were let in and how many were not; never who."""
        return {"accepted": self._accepted, "refused": self._refused}

    async def _on_authorize_16(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        return {"idTagInfo": self._judge(text(payload, "idTag")).to_wire(OcppVersion.V16)}

    async def _on_authorize(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer whether a token may charge; which way, the V2X block adds (OCPP 2.1).

        A contract that the station wants checked is refused: nothing here can tell whether its certificates are good.
        """
        self._context.heard()
        version = self._context.version() or OcppVersion.V201
        if text(payload, "certificate") is not None or rows(payload, "iso15118CertificateHashData"):
            self._refused += 1
            info = Verdict(is_accepted=False).to_wire(version)
            return {"idTokenInfo": info, "certificateStatus": "NoCertificateAvailable"}
        verdict = self._judge(text(child(payload, "idToken"), "idToken"))
        return {"idTokenInfo": verdict.to_wire(version)}

    def _judge(self, tag: str | None) -> Verdict:
        verdict = self._context.authorise(tag, None)
        if verdict.is_accepted:
            self._accepted += 1
        else:
            self._refused += 1
        return verdict
