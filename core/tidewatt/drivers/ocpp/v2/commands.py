"""What OCPP 2.x stations are asked. Transaction ids are theirs, and profiles replace each other by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import itertools
from typing import Any

from tidewatt.drivers.ocpp.dialect import (
    ACCEPTED,
    Capabilities,
    Wanted,
    ask,
    schedule_limits,
    trigger,
)
from tidewatt.ocpp.charging import ChargingProfile, Purpose, Ruleset, amounts_to_wire, profile_to_wire
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import child, text, utc_now

from . import variables

_SOURCES = ("CSO", "EMS", "SO", "Other")
"""Where profiles come from: central systems, energy managers, grid operators, others."""

_DUPLICATE = ("DuplicateProfile", "InvalidStackLevel")
"""Why stations refuse a profile in a slot that another one has (K01.FR.06, K01.FR.39)."""


class CommandsV2:
    """The commands of a central system to an OCPP 2.x station."""

    def __init__(self, session: OcppSession, version: OcppVersion) -> None:
        self._session = session
        self._rules = Ruleset.of(version)
        # Counted from the time, so that a late event of an earlier start is not taken for this one's.
        self._remote_start_ids = itertools.count(int(utc_now().timestamp()))

    async def configure(self, wanted: Wanted, refused: Mapping[str, str]) -> Capabilities:
        """Read what the station can do and have it measure as wanted."""
        return await variables.configure(self._session, wanted, refused, self._rules)

    async def trigger_status(self, evse_id: int) -> str:
        """Ask for a StatusNotification."""
        evse = {"id": evse_id, "connectorId": 1}
        return await trigger(self._session, {"requestedMessage": "StatusNotification", "evse": evse})

    async def trigger_transaction(self, evse_id: int) -> str:
        """Ask for a TransactionEvent, which tells the vehicle's state and the meter values."""
        return await trigger(self._session, {"requestedMessage": "TransactionEvent", "evse": {"id": evse_id}})

    async def request_start(self, evse_id: int, id_tag: str) -> str:
        """Send RequestStartTransaction."""
        token = {"idToken": id_tag, "type": "Central"}
        request = {"evseId": evse_id, "remoteStartId": next(self._remote_start_ids), "idToken": token}
        return await ask(self._session, "RequestStartTransaction", request)

    async def request_stop(self, transaction_id: str) -> str:
        """Send RequestStopTransaction."""
        return await ask(self._session, "RequestStopTransaction", {"transactionId": transaction_id})

    async def set_profile(self, profile: ChargingProfile) -> str:
        """Send SetChargingProfile.

        A profile of somebody else with the same purpose and stack level makes the station refuse ours as a
        duplicate; it is cleared and ours is sent once more.
        """
        answer = await self._set_profile(profile)
        if any(word in answer for word in _DUPLICATE):
            criteria = {
                "evseId": profile.evse_id,
                "chargingProfilePurpose": profile.purpose.value,
                "stackLevel": profile.stack_level,
            }
            await ask(self._session, "ClearChargingProfile", {"chargingProfileCriteria": criteria})
            answer = await self._set_profile(profile)
        return answer

    async def _set_profile(self, profile: ChargingProfile) -> str:
        body = profile_to_wire(profile, self._rules)
        return await self._ask("SetChargingProfile", {"evseId": profile.evse_id, "chargingProfile": body})

    async def update_profile(self, profile_id: int, amounts: Mapping[str, float]) -> str:
        """Send UpdateDynamicSchedule, which only OCPP 2.1 has."""
        if self._rules is not Ruleset.V21:
            return "NotSupported"
        request = {"chargingProfileId": profile_id, "scheduleUpdate": amounts_to_wire(amounts)}
        return await self._ask("UpdateDynamicSchedule", request)

    async def _ask(self, action: str, request: dict[str, Any]) -> str:
        """Call and return the status word of the answer, with the reason where the station gives one."""
        try:
            answer = await self._session.call(action, request)
        except OcppCallError as error:
            return str(error)
        status = text(answer, "status") or "an answer without status"
        reason = text(child(answer, "statusInfo"), "reasonCode")
        return f"{status} ({reason})" if reason and status != ACCEPTED else status

    async def clear_profiles(self, evse_id: int, purpose: Purpose) -> str:
        """Send ClearChargingProfile for all profiles of a purpose."""
        criteria = {"evseId": evse_id, "chargingProfilePurpose": purpose.value}
        return await ask(self._session, "ClearChargingProfile", {"chargingProfileCriteria": criteria})

    async def clear_profile(self, profile_id: int) -> str:
        """Send ClearChargingProfile for one profile."""
        return await ask(self._session, "ClearChargingProfile", {"chargingProfileId": profile_id})

    async def request_profiles(self, request_id: int) -> str:
        """Send GetChargingProfiles for profiles of every source; it must name a criterion (K09.FR.03)."""
        request = {"requestId": request_id, "chargingProfile": {"chargingLimitSource": list(_SOURCES)}}
        return await ask(self._session, "GetChargingProfiles", request)

    async def composite_limits(self, evse_id: int, duration_s: int, rate_unit: str) -> Sequence[float] | None:
        """Send GetCompositeSchedule."""
        request = {"evseId": evse_id, "duration": duration_s, "chargingRateUnit": rate_unit}
        try:
            answer = await self._session.call("GetCompositeSchedule", request)
        except OcppCallError:
            return None
        if text(answer, "status") != ACCEPTED:
            return None
        return schedule_limits(child(answer, "schedule"), rate_unit)
