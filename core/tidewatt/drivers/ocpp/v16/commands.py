"""What OCPP 1.6 stations are asked. An EVSE is a connector here, and transaction ids are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidewatt.drivers.ocpp.dialect import (
    ACCEPTED,
    Capabilities,
    Wanted,
    ask,
    schedule_limits,
    trigger,
)
from tidewatt.ocpp.charging import ChargingProfile, Purpose, Ruleset, profile_to_wire, purpose_to_wire
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import child, text

from . import configuration


class CommandsV16:
    """The commands of a central system to an OCPP 1.6 station."""

    def __init__(self, session: OcppSession) -> None:
        self._session = session

    async def configure(self, wanted: Wanted, refused: Mapping[str, str]) -> Capabilities:
        """Read what the station can do and have it measure as wanted."""
        return await configuration.configure(self._session, wanted, refused)

    async def trigger_status(self, evse_id: int) -> str:
        """Ask for a StatusNotification."""
        return await trigger(self._session, {"requestedMessage": "StatusNotification", "connectorId": evse_id})

    async def trigger_transaction(self, evse_id: int) -> str:
        """Ask for MeterValues, which name the running transaction."""
        return await trigger(self._session, {"requestedMessage": "MeterValues", "connectorId": evse_id})

    async def request_start(self, evse_id: int, id_tag: str) -> str:
        """Send RemoteStartTransaction."""
        return await ask(self._session, "RemoteStartTransaction", {"connectorId": evse_id, "idTag": id_tag})

    async def request_stop(self, transaction_id: str) -> str:
        """Send RemoteStopTransaction."""
        return await ask(self._session, "RemoteStopTransaction", {"transactionId": int(transaction_id)})

    async def set_profile(self, profile: ChargingProfile) -> str:
        """Send SetChargingProfile; the station replaces what has the same purpose and stack level."""
        body = profile_to_wire(profile, Ruleset.V16)
        return await ask(
            self._session, "SetChargingProfile", {"connectorId": profile.evse_id, "csChargingProfiles": body}
        )

    async def update_profile(self, profile_id: int, amounts: Mapping[str, float]) -> str:  # noqa: ARG002 - not in 1.6
        """Refuse: OCPP 1.6 has no dynamic profiles."""
        return "NotSupported"

    async def clear_profiles(self, evse_id: int, purpose: Purpose) -> str:
        """Send ClearChargingProfile for all profiles of a purpose."""
        return await ask(
            self._session,
            "ClearChargingProfile",
            {"connectorId": evse_id, "chargingProfilePurpose": purpose_to_wire(purpose, Ruleset.V16)},
        )

    async def clear_profile(self, profile_id: int) -> str:
        """Send ClearChargingProfile for one profile."""
        return await ask(self._session, "ClearChargingProfile", {"id": profile_id})

    async def request_profiles(self, request_id: int) -> str:  # noqa: ARG002 - not in 1.6
        """Refuse: OCPP 1.6 does not tell its profiles."""
        return "NotSupported"

    async def composite_limits(self, evse_id: int, duration_s: int, rate_unit: str) -> Sequence[float] | None:
        """Send GetCompositeSchedule."""
        request = {"connectorId": evse_id, "duration": duration_s, "chargingRateUnit": rate_unit}
        try:
            answer = await self._session.call("GetCompositeSchedule", request)
        except OcppCallError:
            return None
        if text(answer, "status") != ACCEPTED:
            return None
        return schedule_limits(child(answer, "chargingSchedule"), rate_unit)
