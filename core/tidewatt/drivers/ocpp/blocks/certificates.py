"""Certificates of a station, signed by the local authority on request (A02, A03), and what it asks about others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.security import IssuedRecord
from tidewatt.ocpp.budget import TokenBucket
from tidewatt.ocpp.certificates import CertificateError
from tidewatt.ocpp.errors import OcppCallError, OcppClosedError, OcppError
from tidewatt.ocpp.frames import ErrorCode, OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, integer, rows, text, to_wire_time, utc_now
from tidewatt.site import CommandError, FaultCode

from .block import StationContext, demand, require, spoken, status_of

_LOGGER = logging.getLogger(__name__)

_V16 = OcppVersion.V16
_STATION_CERTIFICATE = "ChargingStationCertificate"
_SIGNING_BURST = 5
_SIGNING_PER_S = 1 / 600
"""A station gets five certificates at once, then one in ten minutes: each is a signature and a disk write."""
_DELIVERY_PAUSES_S = (0.0, 10.0, 60.0)
_ISSUE_TIMEOUT_S = 60.0
_MAX_REQUEST_CHARS = 5501
"""One more than the schema allows, so that a longer one is found to be too long."""
_CHAIN_STATUS_VALID = timedelta(days=1)
_MOST_STATUSES = 4
_HASH_FIELDS = {"hashAlgorithm": 6, "issuerNameHash": 128, "issuerKeyHash": 128, "serialNumber": 40}
_HASHES = ("SHA256", "SHA384", "SHA512")
"""Of `CertificateHashDataType`, with the lengths of its fields."""


@dataclass(slots=True)
class _Delivery:
    """A signed certificate on its way to the station."""

    chain: str
    record: IssuedRecord
    request_id: int | None


class Certificates:
    """Has a station's certificates signed by the local authority."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._budget = TokenBucket(_SIGNING_BURST, _SIGNING_PER_S, context.clock)
        self._delivery: _Delivery | None = None
        self._waiting: list[asyncio.Future[IssuedRecord]] = []
        self._counts = {"signed": 0, "refused": 0, "taken": 0}

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers the requests of stations about certificates."""
        handlers: dict[str, Handler] = {"SignCertificate": self._on_sign}
        if version is not _V16:
            handlers |= {
                "Get15118EVCertificate": self._on_vehicle_certificate,
                "GetCertificateStatus": self._on_certificate_status,
            }
        if version is OcppVersion.V21:
            handlers["GetCertificateChainStatus"] = self._on_chain_status
        return handlers

    async def prepare(self) -> None:
        """Deliver what a lost connection kept back, and have a certificate renewed that will soon expire."""
        if self._delivery is not None:
            self._context.tasks.spawn(self._deliver(self._delivery))
        elif self._context.security.is_renewal_due:
            self._context.tasks.spawn(self._renew_in_time())

    def disconnected(self) -> None:
        """Keep what was not delivered: it is when the station is back."""

    def diagnostics(self) -> dict[str, Any]:
        """Return what was signed, and the certificate that counts."""
        issued = self._context.security.certificate
        return {
            **self._counts,
            "certificate": None if issued is None else issued.serial,
            "not_after": None if issued is None else issued.not_after_utc.isoformat(),
        }

    async def renew(self, timeout_s: float = _ISSUE_TIMEOUT_S) -> IssuedRecord:
        """Have the station make a new key and get a certificate for it (A02); return it once the station took it.

        CommandError when the station refuses or does not finish in time.
        """
        await self._set_operator()
        if spoken(self._context, "renewing its certificate") is _V16:
            action, message = "ExtendedTriggerMessage", "SignChargePointCertificate"
        else:
            action, message = "TriggerMessage", "SignChargingStationCertificate"
        done: asyncio.Future[IssuedRecord] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        try:
            answer = await demand(self._context, "renewing its certificate", action, {"requestedMessage": message})
            require(self._context, "renewing its certificate", answer)
            async with asyncio.timeout(timeout_s):
                return await done
        except TimeoutError:
            raise self._failed("renewing its certificate", "it did not take a new one in time") from None
        finally:
            self._waiting.remove(done)

    async def _on_sign(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        use = text(payload, "certificateType") or _STATION_CERTIFICATE
        if use != _STATION_CERTIFICATE:
            return self._refused("UnsupportedType", f"There is no authority for {use} here.")
        if not self._budget.take():
            return self._refused("TooMany", "It asked for too many certificates.")
        try:
            chain, record = await self._context.security.sign(text(payload, "csr", _MAX_REQUEST_CHARS) or "")
        except CertificateError as error:
            return self._refused("InvalidCSR", str(error))
        self._counts["signed"] += 1
        self._delivery = _Delivery(chain, record, integer(payload, "requestId"))
        self._context.tasks.spawn(self._deliver(self._delivery))
        return {"status": ACCEPTED}

    def _refused(self, reason: str, words: str) -> dict[str, Any]:
        self._counts["refused"] += 1
        self._context.report(FaultCode.ACCESS_DENIED, f"Its request for a certificate was refused. {words}", None)
        if self._context.version() is _V16:
            return {"status": "Rejected"}
        return {"status": "Rejected", "statusInfo": {"reasonCode": reason, "additionalInfo": words[:512]}}

    async def _deliver(self, delivery: _Delivery) -> None:
        """Send a signed certificate until the station has answered; a newer one takes its place."""
        payload: dict[str, Any] = {"certificateChain": delivery.chain}
        if self._context.version() is not _V16:
            payload["certificateType"] = _STATION_CERTIFICATE
        if delivery.request_id is not None:
            payload["requestId"] = delivery.request_id
        for pause_s in _DELIVERY_PAUSES_S:
            await asyncio.sleep(pause_s)
            if self._delivery is not delivery:
                return
            try:
                answer = await self._context.call("CertificateSigned", payload)
            except OcppClosedError:
                return
            except OcppCallError as error:
                await self._settle(delivery, str(error))
                return
            except OcppError as error:
                _LOGGER.info("OCPP station %s has not taken its certificate yet: %s", self._context.station_id, error)
                continue
            await self._settle(delivery, None if text(answer, "status") == ACCEPTED else status_of(answer))
            return
        await self._settle(delivery, "no answer")

    async def _settle(self, delivery: _Delivery, refusal: str | None) -> None:
        if self._delivery is not delivery:
            return
        self._delivery = None
        if refusal is None:
            self._counts["taken"] += 1
            await self._context.security.note_taken(delivery.record)
        else:
            self._context.report(FaultCode.COMMAND_REJECTED, f"It did not take its certificate: {refusal}.", None)
        for future in self._waiting:
            if future.done():
                continue
            if refusal is None:
                future.set_result(delivery.record)
            else:
                future.set_exception(self._failed("renewing its certificate", refusal))

    async def _renew_in_time(self) -> None:
        try:
            await self.renew()
        except CommandError as error:
            self._context.report(FaultCode.COMMAND_REJECTED, f"Its certificate will soon expire. {error}", None)

    async def _set_operator(self) -> None:
        """Tell the station the O of its certificates; one that cannot be told may know it already."""
        operator = self._context.security.operator
        payload: dict[str, Any]
        if spoken(self._context, "renewing its certificate") is _V16:
            action, payload = "ChangeConfiguration", {"key": "CpoName", "value": operator}
        else:
            variable = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "OrganizationName"}}
            action, payload = "SetVariables", {"setVariableData": [variable | {"attributeValue": operator}]}
        try:
            await self._context.call(action, payload, timeout_s=QUESTION_TIMEOUT_S)
        except OcppError as error:
            _LOGGER.debug("OCPP station %s takes no operator: %s", self._context.station_id, error)

    async def _on_vehicle_certificate(self, _: dict[str, Any]) -> dict[str, Any]:
        """There is no public key infrastructure for Plug and Charge here."""
        self._context.heard()
        return {"status": "Failed", "exiResponse": ""}

    async def _on_certificate_status(self, _: dict[str, Any]) -> dict[str, Any]:
        """Nobody is asked over the internet (OCSP) here."""
        self._context.heard()
        return {"status": "Failed"}

    async def _on_chain_status(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        until = to_wire_time(utc_now() + _CHAIN_STATUS_VALID)
        asked = [named for row in rows(payload, "certificateStatusRequests") if (named := _named(row)) is not None]
        if not asked:
            raise OcppCallError(
                ErrorCode.OCCURRENCE_CONSTRAINT, "No certificate is named in certificateStatusRequests."
            )
        return {
            "certificateStatus": [named | {"status": "Failed", "nextUpdate": until} for named in asked[:_MOST_STATUSES]]
        }

    def _failed(self, command: str, answer: str) -> CommandError:
        return CommandError(self._context.station_id, command, answer)


def _named(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return whose status is asked for and of whom, as the answer repeats it; None for a row that is no use."""
    names = child(row, "certificateHashData")
    hashed = {key: value for key, limit in _HASH_FIELDS.items() if (value := text(names, key, limit)) is not None}
    source = text(row, "source") or "OCSP"
    if len(hashed) < len(_HASH_FIELDS) or hashed["hashAlgorithm"] not in _HASHES or source not in ("CRL", "OCSP"):
        return None
    return {"certificateHashData": hashed, "source": source}
