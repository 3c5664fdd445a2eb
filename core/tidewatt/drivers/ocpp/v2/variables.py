"""Finding out what an OCPP 2.0.1 station can do, and having it measure: its device model."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S, Capabilities, Wanted
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import child, integer, rows, text

_LOGGER = logging.getLogger(__name__)

_RATE_UNIT = "SmartChargingCtrlr.RateUnit"
_STACK_LEVEL = "SmartChargingCtrlr.ProfileStackLevel"
_MEASURANDS = "Current.Import,Power.Active.Import,Energy.Active.Import.Register,Voltage"
_ENDS = "Energy.Active.Import.Register"
_TAKEN = (ACCEPTED, "RebootRequired")


async def configure(session: OcppSession, wanted: Wanted, refused: Mapping[str, str]) -> Capabilities:
    """Read what the station can do and change the variables that are not yet as wanted.

    Variables refused earlier, with the same value, are not tried again.
    """
    values = {
        "SampledDataCtrlr.TxUpdatedInterval": str(wanted.meter_interval_s),
        "SampledDataCtrlr.TxUpdatedMeasurands": _MEASURANDS,
        "SampledDataCtrlr.TxStartedMeasurands": _ENDS,
        "SampledDataCtrlr.TxEndedMeasurands": _ENDS,
        # A night of samples in one message is more than stations and networks carry.
        "SampledDataCtrlr.TxEndedInterval": "0",
        "AlignedDataCtrlr.Interval": "0",
        "OCPPCommCtrlr.WebSocketPingInterval": str(wanted.ping_interval_s),
    }
    present = await _read(session, [_RATE_UNIT, _STACK_LEVEL, *values])
    found = Capabilities(
        rate_units=tuple(unit for unit in ("A", "W") if unit in present.get(_RATE_UNIT, "").split(",")),
        max_stack_level=integer(present, _STACK_LEVEL),
        refused={name: value for name, value in values.items() if refused.get(name) == value},
    )
    changes = {
        name: value for name, value in values.items() if present.get(name) != value and name not in found.refused
    }
    if changes:
        found.refused |= await _write(session, changes)
    return found


async def _read(session: OcppSession, names: list[str]) -> dict[str, str]:
    """Return the values of the variables that the station knows."""
    try:
        request = {"getVariableData": [_address(name) for name in names]}
        answer = await session.call("GetVariables", request, timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError as error:
        _LOGGER.debug("The station does not tell its variables: %s", error)
        return {}
    found = {}
    for row in rows(answer, "getVariableResult"):
        value = text(row, "attributeValue", 2500)
        if text(row, "attributeStatus") == ACCEPTED and value is not None:
            found[_name(row)] = value
    return found


async def _write(session: OcppSession, changes: Mapping[str, str]) -> dict[str, str]:
    """Set variables and return those that the station did not take."""
    data = [{**_address(name), "attributeValue": value} for name, value in changes.items()]
    try:
        answer = await session.call("SetVariables", {"setVariableData": data}, timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError as error:
        _LOGGER.debug("The station does not let its variables be set: %s", error)
        return dict(changes)
    taken = {_name(row) for row in rows(answer, "setVariableResult") if text(row, "attributeStatus") in _TAKEN}
    return {name: value for name, value in changes.items() if name not in taken}


def _address(name: str) -> dict[str, Any]:
    component, variable = name.split(".")
    return {"component": {"name": component}, "variable": {"name": variable}}


def _name(row: dict[str, Any]) -> str:
    return f"{text(child(row, 'component'), 'name')}.{text(child(row, 'variable'), 'name')}"
