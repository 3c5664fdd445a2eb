"""Finding out what an OCPP 1.6 station can do, and having it measure: its configuration keys."""

from __future__ import annotations

from collections.abc import Mapping
import logging

from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED, LEAST_ATTEMPTS, QUESTION_TIMEOUT_S, Capabilities, Wanted, ask
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import integer

from . import keys

_LOGGER = logging.getLogger(__name__)

_RATE_UNITS = "ChargingScheduleAllowedChargingRateUnit"
_STACK_LEVEL = "ChargeProfileMaxStackLevel"
_ATTEMPTS = "TransactionMessageAttempts"
_MEASURANDS = "MeterValuesSampledData"
_MEASURAND_CHOICES = (
    "Current.Import,Power.Active.Import,Energy.Active.Import.Register,Voltage,SoC",
    "Current.Import,Power.Active.Import,Energy.Active.Import.Register,Voltage",
    "Current.Import,Power.Active.Import,Energy.Active.Import.Register",
    "Current.Import,Energy.Active.Import.Register",
)
"""What a station is asked to measure, best first."""

_EXPORTS = "Current.Export,Power.Active.Export,Energy.Active.Export.Register"
"""What is measured besides where a vehicle may give back."""

_TAKEN = (ACCEPTED, "RebootRequired")


async def configure(session: OcppSession, wanted: Wanted, refused: Mapping[str, str]) -> Capabilities:
    """Read what the station can do and change the settings that are not yet as wanted.

    Settings refused earlier, to the same value, are not tried again: a station's flash memory wears.
    """
    choices = {
        "MeterValueSampleInterval": (str(wanted.meter_interval_s),),
        _MEASURANDS: _measurands(wanted),
        "ClockAlignedDataInterval": ("0",),
        # A night of samples in one message is more than stations and networks carry.
        "StopTxnSampledData": ("",),
        "WebSocketPingInterval": (str(wanted.ping_interval_s),),
        "HeartbeatInterval": (str(wanted.heartbeat_interval_s),),
        "AllowOfflineTxForUnknownId": ("true" if wanted.admits_anyone else "false",),
    }
    present = await _read(session, [_RATE_UNITS, _STACK_LEVEL, _ATTEMPTS, *choices])
    attempts = integer(present, _ATTEMPTS)
    if attempts is not None and attempts < LEAST_ATTEMPTS:
        choices[_ATTEMPTS] = (str(LEAST_ATTEMPTS),)
    found = Capabilities(
        rate_units=_rate_units(present.get(_RATE_UNITS, "")),
        max_stack_level=integer(present, _STACK_LEVEL),
    )
    for key, values in choices.items():
        if not await _settle(session, key, values, present.get(key), refused.get(key)):
            found.refused[key] = values[0]
    return found


def _measurands(wanted: Wanted) -> tuple[str, ...]:
    if not wanted.measures_export:
        return _MEASURAND_CHOICES
    return (*(f"{choice},{_EXPORTS}" for choice in _MEASURAND_CHOICES[:2]), *_MEASURAND_CHOICES)


async def _settle(
    session: OcppSession, key: str, values: tuple[str, ...], present: str | None, refused: str | None
) -> bool:
    """Set a key to the first value that the station takes; False when it does not take the first one."""
    if present == values[0]:
        return True
    if refused == values[0]:
        return False
    for value in values:
        if value == present:
            return False
        answer = await ask(session, "ChangeConfiguration", {"key": key, "value": value}, timeout_s=QUESTION_TIMEOUT_S)
        if answer in _TAKEN:
            return value == values[0]
        _LOGGER.debug("The station does not take %s = %s: %s", key, value, answer)
    return False


async def _read(session: OcppSession, names: list[str]) -> dict[str, str]:
    """Return the values of the keys that the station knows."""
    try:
        found = await keys.read(session.call, [VariableKey("", name) for name in names], timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError as error:
        _LOGGER.debug("The station does not tell its configuration: %s", error)
        return {}
    return {key.variable: row["value"] or "" for key, row in found.items()}


def _rate_units(value: str) -> tuple[str, ...]:
    """Return A and W from a list that stations write as `Current,Power` or `A,W`."""
    words = {word.strip().lower() for word in value.split(",")}
    named = (("A", {"current", "a"}), ("W", {"power", "w"}))
    return tuple(unit for unit, names in named if words & names)
