"""Monitors of variables (OCPP 2.x N02 to N06): kept and reported; the emulated variables never alarm by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .feature import Host

_KEPT = ("value", "type", "severity", "transaction")


class Monitoring:
    """Keeps monitors by their ids."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ids = count(1)
        self._monitors: dict[int, Payload] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {
            "SetVariableMonitoring": self._set,
            "ClearVariableMonitoring": self._clear,
            "GetMonitoringReport": self._get,
            "SetMonitoringBase": self._accept,
            "SetMonitoringLevel": self._accept,
        }

    def observe(self) -> None:
        """Nothing alarms by itself."""

    async def _accept(self, _: Payload) -> Payload:
        return ACCEPTED

    async def _set(self, payload: Payload) -> Payload:
        return {"setMonitoringResult": [self._set_one(each) for each in payload["setMonitoringData"]]}

    def _set_one(self, wanted: Payload) -> Payload:
        echo = {key: wanted[key] for key in ("type", "severity", "component", "variable")}
        component, variable = wanted["component"]["name"], wanted["variable"]["name"]
        if not self._host.variables.has_component(component):
            return echo | {"status": "UnknownComponent"}
        if self._host.variables.find(variable, component) is None:
            return echo | {"status": "UnknownVariable"}
        monitor_id = wanted.get("id") or next(self._ids)
        self._monitors[monitor_id] = wanted | {"id": monitor_id}
        return echo | {"id": monitor_id, "status": "Accepted"}

    async def _clear(self, payload: Payload) -> Payload:
        return {
            "clearMonitoringResult": [
                {"id": each, "status": "NotFound" if self._monitors.pop(each, None) is None else "Accepted"}
                for each in payload["id"]
            ]
        }

    async def _get(self, payload: Payload) -> Payload:
        if not self._monitors:
            return {"status": "EmptyResultSet"}
        # 2.1 demands to know who set a monitor, of which 2.0.1 knows nothing.
        kind = {"eventNotificationType": "CustomMonitor"} if self._host.version is OcppVersion.V21 else {}
        rows = [
            {
                "component": each["component"],
                "variable": each["variable"],
                "variableMonitoring": [
                    {"id": each["id"], "transaction": False, **{key: each[key] for key in _KEPT if key in each}} | kind
                ],
            }
            for each in self._monitors.values()
        ]
        report = {
            "requestId": payload["requestId"],
            "seqNo": 0,
            "generatedAt": self._host.time.timestamp(),
            "monitor": rows,
        }
        self._host.soon(lambda: self._host.notify("NotifyMonitoringReport", report))
        return ACCEPTED
