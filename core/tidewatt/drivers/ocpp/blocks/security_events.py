"""Security events that stations report (use case A04; OCPP 1.6 security whitepaper, SecurityEventNotification)."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from tidewatt.drivers.ocpp.memory import SecurityEventRecord
from tidewatt.drivers.ocpp.security import SecurityEvent
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import from_wire_time, text, utc_now

from .block import Plain, StationContext

_LOGGER = logging.getLogger(__name__)

_MOST_KEPT = 100
_MAX_TYPE_CHARS = 50
_MAX_INFO_CHARS = 255

CRITICAL = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
        "InvalidCsmsCertificate",
        "InvalidCentralSystemCertificate",
        "InvalidChargingStationCertificate",
        "InvalidChargePointCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
"""Events that the specification calls critical (OCPP 2.x part 2, appendix 1; the names of OCPP 1.6 beside them)."""


class SecurityEvents(Plain):
    """Keeps the latest security events of one station, over restarts, and tells listeners."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    @property
    def events(self) -> tuple[SecurityEvent, ...]:
        """The events that are kept, oldest first."""
        return tuple(self._of(record) for record in self._context.record.security_events)

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:  # noqa: ARG002 - alike in all versions
        """Return what answers SecurityEventNotification."""
        return {"SecurityEventNotification": self._on_event}

    def diagnostics(self) -> dict[str, Any]:
        """Return the latest events: kind and time."""
        return {
            "kept": len(self._context.record.security_events),
            "latest": [f"{event.at_utc.isoformat()} {event.kind}" for event in self.events[-10:]],
        }

    async def _on_event(self, payload: dict[str, Any]) -> dict[str, Any]:
        context = self._context
        context.heard()
        record = SecurityEventRecord(
            kind=text(payload, "type", _MAX_TYPE_CHARS) or "?",
            at_utc=from_wire_time(payload.get("timestamp")) or utc_now(),
            detail=text(payload, "techInfo", _MAX_INFO_CHARS),
        )
        kept = context.record.security_events
        kept.append(record)
        del kept[:-_MOST_KEPT]
        event = self._of(record)
        if event.is_critical:
            # A station forgets a critical event once it is answered (A04.FR.02 has it queued until then).
            await context.memory.save()
            _LOGGER.warning("OCPP station %s reports the security event %s", context.station_id, event.kind)
        else:
            context.memory.save_soon()
        context.security.announce(event)
        return {}

    def _of(self, record: SecurityEventRecord) -> SecurityEvent:
        return SecurityEvent(
            station_id=self._context.station_id,
            charger_ids=tuple(point.evse.charger.charger_id for point in self._context.points.values()),
            kind=record.kind,
            detail=record.detail,
            at_utc=record.at_utc,
            is_critical=record.kind in CRITICAL,
        )
