"""An OCPP 2.0.1 station: how it answers the central system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tidewatt.emulators.station.answers import ACCEPTED, REJECTED, Payload
from tidewatt.emulators.station.calls import Calls
from tidewatt.emulators.station.dialect import EndCause
from tidewatt.emulators.station.outlet import Outlet, Permission
from tidewatt.emulators.station.station import Station
from tidewatt.emulators.station.variables import Variable
from tidewatt.ocpp.charging import (
    RateUnit,
    Ruleset,
    amounts_from_wire,
    criteria_from_wire,
    profile_from_wire,
    purpose_from_wire,
    reports_to_wire,
)
from tidewatt.ocpp.session import Handler


class CallsV2(Calls):
    """The handlers of one station. `report_transaction` sends an event about an outlet's running transaction."""

    def __init__(self, station: Station, *, report_transaction: Callable[[Outlet], None]) -> None:
        super().__init__(station)
        self._report_transaction = report_transaction

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {
            "RequestStartTransaction": self._request_start,
            "RequestStopTransaction": self._request_stop,
            "GetTransactionStatus": self._transaction_status,
            "SetChargingProfile": self._set_profile,
            "ClearChargingProfile": self._clear_profile,
            "GetChargingProfiles": self._get_profiles,
            "GetCompositeSchedule": self._composite,
            "GetVariables": self._get_variables,
            "SetVariables": self._set_variables,
            "ChangeAvailability": self._change_availability,
            "TriggerMessage": self._trigger_message,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
            "DataTransfer": self._data_transfer,
        } | ({"UpdateDynamicSchedule": self._update_dynamic} if self._station.rules is Ruleset.V21 else {})

    async def _request_start(self, payload: Payload) -> Payload:
        station = self._station
        outlet = self._free_outlet(payload.get("evseId"))
        if outlet is None:
            return _rejected("TxInProgress")
        profile = None
        if "chargingProfile" in payload:
            try:
                profile = profile_from_wire(payload["chargingProfile"], outlet.evse_id, station.rules)
            except ValueError:
                return _rejected("InvalidProfile")
        token = payload["idToken"]
        permission = Permission(
            id_tag=token["idToken"],
            kind=token["type"],
            trigger="RemoteStart",
            remote_start_id=payload["remoteStartId"],
            profile=profile,
        )
        ask = station.variables.flag("AuthorizeRemoteStart", "AuthCtrlr")
        station.soon(lambda: station.permit(outlet, permission, ask=ask))
        # A transaction that began with the cable is told here.
        running = outlet.transaction
        return ACCEPTED if running is None else ACCEPTED | {"transactionId": running.transaction_id}

    async def _request_stop(self, payload: Payload) -> Payload:
        outlet = self._outlet_of(payload["transactionId"])
        if outlet is None:
            return _rejected("TxNotFound")
        self._station.soon(lambda: self._station.end(outlet, EndCause.REMOTE))
        return ACCEPTED

    async def _transaction_status(self, payload: Payload) -> Payload:
        answer: Payload = {"messagesInQueue": len(self._station.outbox) > 0}
        if "transactionId" in payload:
            answer["ongoingIndicator"] = self._outlet_of(payload["transactionId"]) is not None
        return answer

    async def _set_profile(self, payload: Payload) -> Payload:
        station = self._station
        outlet = self._outlet(payload["evseId"])
        try:
            profile = profile_from_wire(payload["chargingProfile"], payload["evseId"], station.rules)
        except ValueError:
            return _rejected("InvalidProfile")
        if station.faults.refuses(profile):
            return _rejected("UnsupportedParam")
        view = outlet.view if outlet is not None else None
        reason = station.profiles.install(profile, station.outlets, view, utc_s=station.time.utc_s)
        return ACCEPTED if reason is None else _rejected(reason)

    async def _update_dynamic(self, payload: Payload) -> Payload:
        station = self._station
        try:
            amounts = amounts_from_wire(payload["scheduleUpdate"])
        except ValueError:
            return _rejected("InvalidSchedule")
        reason = station.profiles.update(payload["chargingProfileId"], amounts, station.time.utc_s)
        return ACCEPTED if reason is None else _rejected(reason)

    async def _clear_profile(self, payload: Payload) -> Payload:
        criteria = payload.get("chargingProfileCriteria", {})
        purpose = criteria.get("chargingProfilePurpose")
        removed = self._station.profiles.clear(
            profile_id=payload.get("chargingProfileId"),
            evse_id=criteria.get("evseId"),
            purpose=None if purpose is None else purpose_from_wire(purpose),
            stack_level=criteria.get("stackLevel"),
        )
        return ACCEPTED if removed else {"status": "Unknown"}

    async def _get_profiles(self, payload: Payload) -> Payload:
        station = self._station
        found = station.profiles.select(**criteria_from_wire(payload))
        if not found:
            return {"status": "NoProfiles"}
        for report in reports_to_wire(found, payload["requestId"], station.rules):
            station.soon(partial(station.notify, "ReportChargingProfiles", report))
        return ACCEPTED

    async def _composite(self, payload: Payload) -> Payload:
        evse_id = payload["evseId"]
        if not self._outlets(evse_id):
            return _rejected("UnknownEvse")
        unit = RateUnit(payload.get("chargingRateUnit", RateUnit.A))
        return {
            "status": "Accepted",
            "schedule": {
                "evseId": evse_id,
                "duration": payload["duration"],
                "scheduleStart": self._station.time.timestamp(),
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": self._schedule(evse_id, payload["duration"], unit),
            },
        }

    async def _get_variables(self, payload: Payload) -> Payload:
        return {"getVariableResult": [self._get_variable(each) for each in payload["getVariableData"]]}

    async def _set_variables(self, payload: Payload) -> Payload:
        return {"setVariableResult": [self._set_variable(each) for each in payload["setVariableData"]]}

    async def _change_availability(self, payload: Payload) -> Payload:
        outlets = self._outlets(payload.get("evse", {}).get("id", 0))
        return self._set_availability(outlets, operative=payload["operationalStatus"] == "Operative")

    async def _trigger_message(self, payload: Payload) -> Payload:
        outlets = self._outlets(payload.get("evse", {}).get("id", 0))
        if payload["requestedMessage"] == "TransactionEvent":
            return self._trigger_each(self._report_transaction, outlets)
        return self._trigger(payload["requestedMessage"], outlets)

    async def _reset(self, payload: Payload) -> Payload:
        station = self._station
        if payload["type"] == "OnIdle" and any(outlet.transaction for outlet in station.outlets.values()):
            station.reset_when_idle = True
            return {"status": "Scheduled"}
        cause = EndCause.HARD_RESET if payload["type"] == "Immediate" else EndCause.SOFT_RESET
        station.soon(lambda: station.reboot(cause))
        return ACCEPTED

    async def _unlock(self, payload: Payload) -> Payload:
        outlet = self._outlet(payload["evseId"])
        if outlet is None:
            return {"status": "UnknownConnector"}
        return {"status": "OngoingAuthorizedTransaction" if outlet.energised else "Unlocked"}

    def _find(self, wanted: Payload) -> tuple[Variable | None, str]:
        """Return a variable and the status that tells about it."""
        variables = self._station.variables
        component = wanted["component"]["name"]
        instance = wanted["variable"].get("instance")
        name = wanted["variable"]["name"] + ("" if instance is None else f"[{instance}]")
        variable = variables.find(name, component)
        if variable is None:
            return None, "UnknownVariable" if variables.has_component(component) else "UnknownComponent"
        if wanted.get("attributeType", "Actual") != "Actual":
            return None, "NotSupportedAttributeType"
        return variable, "Accepted"

    def _get_variable(self, wanted: Payload) -> Payload:
        variable, status = self._find(wanted)
        if variable is not None and variable.write_only:
            variable, status = None, "Rejected"
        result = _attribute(wanted, status)
        return result if variable is None else result | {"attributeValue": variable.value}

    def _set_variable(self, wanted: Payload) -> Payload:
        variable, status = self._find(wanted)
        if variable is not None:
            status = "Accepted" if variable.take(wanted["attributeValue"]) else "Rejected"
        return _attribute(wanted, status)


def _attribute(wanted: Payload, status: str) -> Payload:
    echoed = {key: wanted[key] for key in ("attributeType", "component", "variable") if key in wanted}
    return echoed | {"attributeStatus": status}


def _rejected(reason: str) -> Payload:
    return REJECTED | {"statusInfo": {"reasonCode": reason}}
