"""Whether a station that boots is accepted, has to wait, or is refused (OCPP 1.6 chapter 4.2, OCPP 2.x B01 to B03).

Stations that nobody configured are not let in at all, so those that boot here are accepted unless a person, or another
block that is not done with them, says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
import logging
from typing import Any

from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import OcppCallError

from .block import Answered, Plain, StationContext

_LOGGER = logging.getLogger(__name__)

_BOOT = "BootNotification"
_WHILE_PENDING = (
    _BOOT,
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "NotifyMonitoringReport",
    "NotifyReport",
    "SecurityEventNotification",
    "SignCertificate",
    "StatusNotification",
)
"""What a station may say while it waits: that it boots, and what it is asked for while it is set up (B02.FR.09)."""


class RegistrationStatus(StrEnum):
    """OCPP's words for how a boot is answered."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Registration(Plain):
    """Answers the boots of one station, over restarts, and keeps quiet one that is not accepted."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:  # noqa: ARG002 - alike in all versions
        """Return what sets the status in the answer to BootNotification."""
        return {_BOOT: lambda _, answer: answer | {"status": self.status.value}}

    def diagnostics(self) -> dict[str, Any]:
        """Return how boots are answered."""
        return {"status": self.status.value}

    @property
    def status(self) -> RegistrationStatus:
        """How boots are answered."""
        return RegistrationStatus(self._context.record.registration)

    def refuses(self, action: str) -> OcppCallError | None:
        """Return the error for what a station that is not accepted may not say (B02.FR.09, B03.FR.07)."""
        allowed = {RegistrationStatus.PENDING: _WHILE_PENDING, RegistrationStatus.REJECTED: (_BOOT,)}.get(self.status)
        if allowed is None or action in allowed:
            return None
        return OcppCallError("SecurityError", f"The station is {self.status.value.casefold()}; {action} has to wait.")

    async def decide(self, status: RegistrationStatus) -> None:
        """Answer boots with a status from now on.

        A station that is not refused is asked to boot again, so that it hears of it at once; others hear of it with
        their next boot. The connection stays (B02.FR.06).
        """
        before, record = self.status, self._context.record
        if status is before:
            return
        if status is not RegistrationStatus.REJECTED:
            record.registration = status.value
        if before is not RegistrationStatus.REJECTED:
            try:
                await self._context.call("TriggerMessage", {"requestedMessage": _BOOT})
            except OcppError as error:
                _LOGGER.debug("%s does not boot by itself: %s", self._context.station_id, error)
        record.registration = status.value
        await self._context.memory.save()
