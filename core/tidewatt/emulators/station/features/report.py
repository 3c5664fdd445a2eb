"""The device model, told in parts (OCPP 2.x B07, B08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import batched

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.emulators.station.variables import Variable
from tidewatt.ocpp.session import Handler

from .feature import Host

ROWS_PER_PART = 10


class Report:
    """Reports the station's variables."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {"GetBaseReport": self._base, "GetReport": self._some}

    def observe(self) -> None:
        """Reports are sent when they are asked for."""

    async def _base(self, payload: Payload) -> Payload:
        variables = list(self._host.variables)
        if payload["reportBase"] == "ConfigurationInventory":
            variables = [each for each in variables if not each.read_only]
        return self._send(payload["requestId"], variables)

    async def _some(self, payload: Payload) -> Payload:
        wanted = payload.get("componentVariable")
        variables = [each for each in self._host.variables if wanted is None or _is_wanted(each, wanted)]
        return self._send(payload["requestId"], variables)

    def _send(self, request_id: int, variables: Sequence[Variable]) -> Payload:
        if not variables:
            return {"status": "EmptyResultSet"}
        parts = list(batched(variables, ROWS_PER_PART, strict=False))
        for number, part in enumerate(parts):
            report = {
                "requestId": request_id,
                "generatedAt": self._host.time.timestamp(),
                "seqNo": number,
                "tbc": number + 1 < len(parts),
                "reportData": [_row(each) for each in part],
            }
            self._host.soon(partial(self._host.notify, "NotifyReport", report))
        return ACCEPTED


def _is_wanted(variable: Variable, wanted: Sequence[Payload]) -> bool:
    return any(
        each["component"]["name"].lower() == variable.component.lower()
        and each.get("variable", {}).get("name", variable.name).lower() == variable.name.lower()
        for each in wanted
    )


def _row(variable: Variable) -> Payload:
    if variable.write_only:
        attribute = {"mutability": "WriteOnly"}
    else:
        attribute = {"mutability": "ReadOnly" if variable.read_only else "ReadWrite", "value": variable.value}
    return {
        "component": {"name": variable.component},
        "variable": _name(variable),
        "variableAttribute": [attribute],
        "variableCharacteristics": {"dataType": _data_type(variable.value), "supportsMonitoring": False},
    }


def _name(variable: Variable) -> Payload:
    """Return a name, with the instance that is written in brackets behind it."""
    name, _, instance = variable.name.partition("[")
    return {"name": name} | ({"instance": instance.removesuffix("]")} if instance else {})


def _data_type(value: str) -> str:
    if value.lower() in ("true", "false"):
        return "boolean"
    if value.isdecimal():
        return "integer"
    return "MemberList" if "," in value else "string"
