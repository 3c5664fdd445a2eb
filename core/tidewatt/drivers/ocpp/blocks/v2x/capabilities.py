"""What a station of OCPP 2.1 says it can do beside charging: the part of its device model that V2X needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tidewatt.drivers.ocpp.caller import Caller
from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.v2.exchange import Limits, read
from tidewatt.ocpp.charging import OperationMode
from tidewatt.ocpp.session import OcppCallError
from tidewatt.ocpp.wire import rows, text

BIDIRECTIONAL: Final = frozenset({"AC_BPT", "AC_BPT_DER", "DC_BPT", "DC_ACDP_BPT"})
"""Energy transfers in both directions."""

CHARGING_TRANSFERS: Final = ("AC_single_phase", "AC_two_phase", "AC_three_phase", "DC")
"""What is allowed where nothing else is: charging by cable, in the words of all 2.x versions."""

_V2X, _SMART = "V2XChargingCtrlr", "SmartChargingCtrlr"


@dataclass(frozen=True, slots=True, kw_only=True)
class V2xCapabilities:
    """What one EVSE can do. What its station does not tell counts as impossible."""

    is_enabled: bool = False
    energy_transfers: tuple[str, ...] = ()
    operation_modes: frozenset[OperationMode] = frozenset({OperationMode.CHARGING_ONLY})
    features: frozenset[str] = field(default_factory=frozenset)
    purposes: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_bidirectional(self) -> bool:
        """Whether the EVSE can give energy back, once its V2X is enabled."""
        return any(transfer in BIDIRECTIONAL for transfer in self.energy_transfers)

    def transfers(self, *, bidirectional: bool) -> tuple[str, ...]:
        """Return the energy transfers of the EVSE that may be allowed, in the station's order."""
        allowed = tuple(item for item in self.energy_transfers if bidirectional or item not in BIDIRECTIONAL)
        return allowed or CHARGING_TRANSFERS


async def read_capabilities(call: Caller, evse_id: int, limits: Limits) -> V2xCapabilities:
    """Ask for the variables of one EVSE, in messages that the station takes (B06.FR.05).

    OcppTimeoutError and OcppClosedError are passed on.
    """
    wanted = [
        _address(_V2X, "Enabled", evse_id=evse_id),
        _address(_V2X, "SupportedEnergyTransferModes", evse_id=evse_id),
        _address(_V2X, "SupportedOperationModes", evse_id=evse_id),
        _address(_SMART, "SupportedAdditionalPurposes"),
        *(_address(_SMART, "SupportsFeature", instance=feature) for feature in FEATURES),
    ]
    try:
        keys = [key for row in wanted if (key := VariableKey.from_wire(row)) is not None]
        answers = await read(call, keys, limits, timeout_s=QUESTION_TIMEOUT_S)
    except OcppCallError:
        return V2xCapabilities()
    found = {_name(key): answer.value or "" for key, answer in answers.items() if answer.status == ACCEPTED}

    def members(*names: str) -> tuple[str, ...]:
        words = (word.strip() for name in names for word in found.get(name, "").split(","))
        return tuple(word for word in words if word)

    return V2xCapabilities(
        is_enabled=found.get(f"{_V2X}.Enabled", "").lower() == "true",
        energy_transfers=members(f"{_V2X}.SupportedEnergyTransferModes"),
        operation_modes=frozenset(
            {OperationMode.CHARGING_ONLY}
            | {OperationMode(word) for word in members(f"{_V2X}.SupportedOperationModes") if word in _MODES}
        ),
        features=frozenset(
            feature for feature in FEATURES if found.get(f"{_SMART}.SupportsFeature.{feature}", "").lower() == "true"
        ),
        purposes=frozenset(members(f"{_SMART}.SupportedAdditionalPurposes")),
    )


DYNAMIC_PROFILES: Final = "DynamicProfiles"
LIMIT_AT_SOC: Final = "LimitAtSoC"
EVSE_SLEEP: Final = "EvseSleep"
MAX_OFFLINE_DURATION: Final = "MaxOfflineDuration"
FEATURES: Final = (DYNAMIC_PROFILES, LIMIT_AT_SOC, EVSE_SLEEP, MAX_OFFLINE_DURATION)
"""Instances of SmartChargingCtrlr.SupportsFeature (OCPP 2.1 part 2, 2.11.18 to 2.11.23)."""

_MODES = {mode.value for mode in OperationMode}


async def set_variables(call: Caller, evse_id: int, component: str, values: dict[tuple[str, str | None], str]) -> str:
    """Set variables of one EVSE, named by variable and instance; the first status word that is not Accepted."""
    data = [
        {**_address(component, name, evse_id=evse_id, instance=instance), "attributeValue": value}
        for (name, instance), value in values.items()
    ]
    answer = await call("SetVariables", {"setVariableData": data}, timeout_s=QUESTION_TIMEOUT_S)
    results = rows(answer, "setVariableResult")
    words = [text(row, "attributeStatus") or "an answer without status" for row in results]
    if len(words) < len(values):
        return "no answer for every variable"
    return next((word for word in words if word != ACCEPTED), ACCEPTED)


def _address(
    component: str, variable: str, *, evse_id: int | None = None, instance: str | None = None
) -> dict[str, Any]:
    where: dict[str, Any] = {"name": component}
    if evse_id is not None:
        where["evse"] = {"id": evse_id}
    what = {"name": variable} | ({} if instance is None else {"instance": instance})
    return {"component": where, "variable": what}


def _name(key: VariableKey) -> str:
    return ".".join(part for part in (key.component, key.variable, key.variable_instance) if part)
