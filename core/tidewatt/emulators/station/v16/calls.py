"""An OCPP 1.6J station: how it answers the central system."""

from __future__ import annotations

from collections.abc import Mapping

from tidewatt.emulators.station.answers import ACCEPTED, REJECTED, Payload
from tidewatt.emulators.station.calls import Calls
from tidewatt.emulators.station.dialect import EndCause
from tidewatt.emulators.station.outlet import Permission
from tidewatt.ocpp.charging import RateUnit, profile_from_wire, purpose_from_wire
from tidewatt.ocpp.session import Handler


class CallsV16(Calls):
    """The handlers of one station."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "SetChargingProfile": self._set_profile,
            "ClearChargingProfile": self._clear_profile,
            "GetCompositeSchedule": self._composite,
            "GetConfiguration": self._get_configuration,
            "ChangeConfiguration": self._change_configuration,
            "ChangeAvailability": self._change_availability,
            "TriggerMessage": self._trigger_message,
            "ExtendedTriggerMessage": self._trigger_message,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
            "DataTransfer": self._data_transfer,
        }

    async def _remote_start(self, payload: Payload) -> Payload:
        station = self._station
        outlet = self._free_outlet(payload.get("connectorId"))
        if outlet is None:
            return REJECTED
        profile = None
        if "chargingProfile" in payload:
            try:
                profile = profile_from_wire(payload["chargingProfile"], outlet.evse_id, station.rules)
            except ValueError:
                return REJECTED
        permission = Permission(id_tag=payload["idTag"], trigger="RemoteStart", profile=profile)
        ask = station.variables.flag("AuthorizeRemoteTxRequests")
        station.soon(lambda: station.permit(outlet, permission, ask=ask))
        return ACCEPTED

    async def _remote_stop(self, payload: Payload) -> Payload:
        outlet = self._outlet_of(str(payload["transactionId"]))
        if outlet is None:
            return REJECTED
        self._station.soon(lambda: self._station.end(outlet, EndCause.REMOTE))
        return ACCEPTED

    async def _set_profile(self, payload: Payload) -> Payload:
        station = self._station
        connector_id = payload["connectorId"]
        outlet = self._outlet(connector_id)
        try:
            profile = profile_from_wire(payload["csChargingProfiles"], connector_id, station.rules)
        except ValueError:
            return REJECTED
        if station.faults.refuses(profile):
            return REJECTED
        view = outlet.view if outlet is not None else None
        reason = station.profiles.install(profile, station.outlets, view, utc_s=station.time.utc_s)
        return ACCEPTED if reason is None else REJECTED

    async def _clear_profile(self, payload: Payload) -> Payload:
        purpose = payload.get("chargingProfilePurpose")
        removed = self._station.profiles.clear(
            profile_id=payload.get("id"),
            evse_id=payload.get("connectorId"),
            purpose=None if purpose is None else purpose_from_wire(purpose),
            stack_level=payload.get("stackLevel"),
        )
        return ACCEPTED if removed else {"status": "Unknown"}

    async def _composite(self, payload: Payload) -> Payload:
        station = self._station
        connector_id = payload["connectorId"]
        if not self._outlets(connector_id):
            return REJECTED
        unit = RateUnit(payload.get("chargingRateUnit", RateUnit.A))
        return {
            "status": "Accepted",
            "connectorId": connector_id,
            "scheduleStart": station.time.timestamp(),
            "chargingSchedule": {
                "duration": payload["duration"],
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": self._schedule(connector_id, payload["duration"], unit),
            },
        }

    async def _get_configuration(self, payload: Payload) -> Payload:
        variables = self._station.variables
        names = payload.get("key") or [each.name for each in variables]
        found = [variable for name in names if (variable := variables.find(name)) is not None]
        unknown = [name for name in names if variables.find(name) is None]
        return {
            "configurationKey": [
                {"key": each.name, "readonly": each.read_only} | ({} if each.write_only else {"value": each.value})
                for each in found
            ],
            "unknownKey": unknown,
        }

    async def _change_configuration(self, payload: Payload) -> Payload:
        variable = self._station.variables.find(payload["key"])
        if variable is None:
            return {"status": "NotSupported"}
        return ACCEPTED if variable.take(payload["value"]) else REJECTED

    async def _change_availability(self, payload: Payload) -> Payload:
        outlets = self._outlets(payload["connectorId"])
        return self._set_availability(outlets, operative=payload["type"] == "Operative")

    async def _trigger_message(self, payload: Payload) -> Payload:
        return self._trigger(payload["requestedMessage"], self._outlets(payload.get("connectorId", 0)))

    async def _reset(self, payload: Payload) -> Payload:
        cause = EndCause.HARD_RESET if payload["type"] == "Hard" else EndCause.SOFT_RESET
        self._station.soon(lambda: self._station.reboot(cause))
        return ACCEPTED

    async def _unlock(self, payload: Payload) -> Payload:
        outlet = self._outlet(payload["connectorId"])
        if outlet is None:
            return {"status": "NotSupported"}
        self._station.soon(lambda: self._station.end(outlet, EndCause.UNLOCK))
        return {"status": "Unlocked"}
