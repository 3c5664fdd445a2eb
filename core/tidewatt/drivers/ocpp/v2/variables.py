"""Finding out what an OCPP 2.x station can do, and having it measure: its device model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging

from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED, LEAST_ATTEMPTS, QUESTION_TIMEOUT_S, Capabilities, Wanted
from tidewatt.ocpp.charging import Ruleset
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import number

from .exchange import Limits, read, write

_LOGGER = logging.getLogger(__name__)

_RATE_UNIT = "SmartChargingCtrlr.RateUnit"
_STACK_LEVEL = "SmartChargingCtrlr.ProfileStackLevel"
_ATTEMPTS = "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"
_DYNAMIC_PROFILES = "SmartChargingCtrlr.SupportsFeature[DynamicProfiles]"
_LIMITED = ("GetVariables", "SetVariables", "GetReport", "ClearVariableMonitoring")
_MEASURANDS = ("Current.Import", "Power.Active.Import", "Energy.Active.Import.Register", "Voltage", "SoC")
_EXPORTS = ("Current.Export", "Power.Active.Export", "Energy.Active.Export.Register")
_ENDS = "Energy.Active.Import.Register"
_TAKEN = (ACCEPTED, "RebootRequired")


async def configure(session: OcppSession, wanted: Wanted, refused: Mapping[str, str], rules: Ruleset) -> Capabilities:
    """Read what the station can do and change the variables that are not yet as wanted.

    Variables refused earlier, with the same value, are not tried again.
    """
    choices = _choices(wanted)
    message_limits = wanted.message_limits or await _message_limits(session)
    features = [_DYNAMIC_PROFILES] if rules is Ruleset.V21 else []
    limits = Limits(*message_limits.get("GetVariables", ()))
    present = await _read(session, [_RATE_UNIT, _STACK_LEVEL, _ATTEMPTS, *features, *choices], limits)
    attempts = _whole(present.get(_ATTEMPTS))
    if attempts is not None and attempts < LEAST_ATTEMPTS:
        choices[_ATTEMPTS] = (str(LEAST_ATTEMPTS),)
    found = Capabilities(
        rate_units=tuple(unit for unit in ("A", "W") if unit in present.get(_RATE_UNIT, "").split(",")),
        max_stack_level=_whole(present.get(_STACK_LEVEL)),
        dynamic_profiles=present.get(_DYNAMIC_PROFILES, "").strip().lower() == "true",
        refused={name: values[0] for name, values in choices.items() if refused.get(name) == values[0]},
        message_limits=dict(message_limits),
    )
    open_choices = {
        name: values for name, values in choices.items() if present.get(name) != values[0] and name not in found.refused
    }
    found.refused |= await _settle(session, open_choices, present, Limits(*message_limits.get("SetVariables", ())))
    return found


def _choices(wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Return the values that variables are to have, best first."""
    exports = _EXPORTS if wanted.measures_export else ()
    measurands = [",".join((*_MEASURANDS, *exports)), ",".join(_MEASURANDS), ",".join(_MEASURANDS[:-1])]
    return {
        "SampledDataCtrlr.TxUpdatedInterval": (str(wanted.meter_interval_s),),
        "SampledDataCtrlr.TxUpdatedMeasurands": tuple(dict.fromkeys(measurands)),
        "SampledDataCtrlr.TxStartedMeasurands": (_ENDS,),
        "SampledDataCtrlr.TxEndedMeasurands": (_ENDS,),
        # A night of samples in one message is more than stations and networks carry.
        "SampledDataCtrlr.TxEndedInterval": ("0",),
        "AlignedDataCtrlr.Interval": ("0",),
        "OCPPCommCtrlr.WebSocketPingInterval": (str(wanted.ping_interval_s),),
        "OCPPCommCtrlr.HeartbeatInterval": (str(wanted.heartbeat_interval_s),),
        "AuthCtrlr.OfflineTxForUnknownIdEnabled": ("true" if wanted.admits_anyone else "false",),
    }


async def _settle(
    session: OcppSession, choices: Mapping[str, tuple[str, ...]], present: Mapping[str, str], limits: Limits
) -> dict[str, str]:
    """Set variables to the first value that the station takes; return the best values that it did not take."""
    refused: dict[str, str] = {}
    left = dict(choices)
    while left:
        values = {name: options[0] for name, options in left.items()}
        not_taken = await _write(session, values, limits)
        refused |= {name: choices[name][0] for name in not_taken}
        left = {
            name: left[name][1:]
            for name in not_taken
            if len(left[name]) > 1 and present.get(name) not in left[name][1:2]
        }
    return refused


async def _message_limits(session: OcppSession) -> dict[str, tuple[int | None, int | None]]:
    """Ask how many items and bytes the station takes in one message: of questions first, then of everything else."""
    first = await _limits_of(session, _LIMITED[:1], Limits())
    return first | await _limits_of(session, _LIMITED[1:], Limits(*first[_LIMITED[0]]))


async def _limits_of(
    session: OcppSession, actions: Sequence[str], limits: Limits
) -> dict[str, tuple[int | None, int | None]]:
    names = {
        action: [f"DeviceDataCtrlr.{kind}[{action}]" for kind in ("ItemsPerMessage", "BytesPerMessage")]
        for action in actions
    }
    present = await _read(session, [name for pair in names.values() for name in pair], limits)
    return {action: (_whole(present.get(items)), _whole(present.get(size))) for action, (items, size) in names.items()}


async def _read(session: OcppSession, names: list[str], limits: Limits) -> dict[str, str]:
    """Return the values of the variables that the station knows."""
    keys = [VariableKey.parse(name) for name in names]
    try:
        answers = await read(session.call, keys, limits, timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError as error:
        _LOGGER.debug("The station does not tell its variables: %s", error)
        return {}
    return {
        str(key): answer.value
        for key, answer in answers.items()
        if answer.status == ACCEPTED and answer.value is not None
    }


async def _write(session: OcppSession, changes: Mapping[str, str], limits: Limits) -> list[str]:
    """Set variables and return those that the station did not take."""
    values = {VariableKey.parse(name): value for name, value in changes.items()}
    try:
        answers = await write(session.call, values, limits, timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError as error:
        _LOGGER.debug("The station does not let its variables be set: %s", error)
        return list(changes)
    return [str(key) for key in values if key not in answers or answers[key].status not in _TAKEN]


def _whole(value: str | None) -> int | None:
    found = number(value)
    return int(found) if found is not None and found.is_integer() and found >= 0 else None
