"""What a scripted OCPP 2.1 station with a bidirectional vehicle says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.drivers_ocpp import ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, RawStation, Rig, central, charger, connected, profile_of
from tidewatt.drivers.ocpp.blocks.v2x import V2x

V21 = "ocpp2.1"

MODES = (
    "ChargingOnly,CentralSetpoint,CentralFrequency,ExternalSetpoint,"
    "ExternalLimits,LocalFrequency,LocalLoadBalancing,Idle"
)


DEVICE_MODEL = {
    "V2XChargingCtrlr.Enabled": "true",
    "V2XChargingCtrlr.SupportedEnergyTransferModes": "DC,DC_BPT",
    "V2XChargingCtrlr.SupportedOperationModes": MODES,
    "SmartChargingCtrlr.SupportedAdditionalPurposes": "PriorityCharging",
    "SmartChargingCtrlr.SupportsFeature.DynamicProfiles": "true",
    "SmartChargingCtrlr.SupportsFeature.LimitAtSoC": "true",
    "SmartChargingCtrlr.SupportsFeature.MaxOfflineDuration": "true",
    "SmartChargingCtrlr.RateUnit": "A,W",
    "SmartChargingCtrlr.ProfileStackLevel": "5",
}
"""What a station that can everything tells of its device model."""


def variables(model: dict[str, str]) -> Any:
    """Return what answers GetVariables from a device model."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        results = []
        for row in request["getVariableData"]:
            parts = (row["component"]["name"], row["variable"]["name"], row["variable"].get("instance"))
            value = model.get(".".join(part for part in parts if part))
            status = {"attributeStatus": "UnknownVariable"} if value is None else {"attributeStatus": "Accepted"}
            results.append({**row, **status, **({} if value is None else {"attributeValue": value})})
        return {"getVariableResult": results}

    return answer


def settable(model: dict[str, str]) -> Any:
    """Return what answers SetVariables and keeps the values in a device model."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        for row in request["setVariableData"]:
            parts = (row["component"]["name"], row["variable"]["name"], row["variable"].get("instance"))
            model[".".join(part for part in parts if part)] = row["attributeValue"]
        return {
            "setVariableResult": [
                {"component": row["component"], "variable": row["variable"], "attributeStatus": "Accepted"}
                for row in request["setVariableData"]
            ]
        }

    return answer


def answers(**model: str) -> dict[str, Any]:
    """Return what an obliging V2X station answers; `model` replaces values, `__` stands for a dot."""
    told = DEVICE_MODEL | {name.replace("__", "."): value for name, value in model.items()}
    common = dict.fromkeys(
        ["NotifyAllowedEnergyTransfer", "UpdateDynamicSchedule", "AFRRSignal", "UsePriorityCharging"], ACCEPTED
    )
    return {**common, "GetVariables": variables(told), "SetVariables": settable(told)}


def needs(transfer: str = "DC_BPT", evse_id: int = 1, **options: Any) -> dict[str, Any]:
    """Return a NotifyEVChargingNeeds; `v2x` adds to the vehicle's parameters, other options to the needs."""
    parameters = {
        "minChargePower": 500,
        "maxChargePower": 11_000,
        "minDischargePower": 200,
        "maxDischargePower": 6_900,
        "targetSoC": 80,
    }
    charging = {
        "requestedEnergyTransfer": transfer,
        "availableEnergyTransfer": ["DC", "DC_BPT"],
        "controlMode": "DynamicControl",
        "mobilityNeedsMode": "EVCC",
        "departureTime": words.at(minutes=480),
        "v2xChargingParameters": parameters | options.pop("v2x", {}),
    }
    return {"evseId": evse_id, "maxScheduleTuples": 3, "chargingNeeds": charging | options}


async def state_of_charge(station: RawStation, percent: float, amps: tuple[float, ...] = ()) -> None:
    """Send a TransactionEvent with the vehicle's state of charge and currents into the vehicle."""
    samples: list[dict[str, Any]] = [
        {"value": percent, "measurand": "SoC", "location": "EV", "unitOfMeasure": {"unit": "Percent"}}
    ]
    for number, amp in enumerate(amps, 1):
        kind = "Current.Import" if amp >= 0 else "Current.Export"
        samples.append({"value": abs(amp), "measurand": kind, "phase": f"L{number}", "unitOfMeasure": {"unit": "A"}})
    payload = {
        "eventType": "Updated",
        "timestamp": words.at(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 7,
        "transactionInfo": {"transactionId": words.TX, "chargingState": "Charging"},
        "meterValue": [{"timestamp": words.at(), "sampledValue": samples}],
    }
    await station.call("TransactionEvent", payload)


async def start(station: RawStation, tag: str = "CARD") -> None:
    """Authorise and start a transaction as Q01 has it, and wait until the station is set up."""
    await station.boot()
    await station.prepared()
    await station.next_asked("GetVariables")
    await words.status(station, "Occupied")
    await station.call("Authorize", {"idToken": {"idToken": tag, "type": "ISO14443"}})
    await words.event(station, "Started", "EVConnected", tag=tag, energy_kwh=1.0)


@asynccontextmanager
async def bidirectional(**options: Any) -> AsyncIterator[tuple[Rig, RawStation, V2x]]:
    """Run a central system and a station whose vehicle has negotiated to discharge 10 A, at 60 %."""
    model = options.pop("model", {})
    more = options.pop("answers", {})
    asked = options.pop("needs", {})
    chargers = [charger(discharge_maximum_a=options.pop("discharge_maximum_a", 16.0))]
    async with (
        central(chargers, **options) as rig,
        connected(rig, version=V21, answers=answers(**model) | more) as station,
    ):
        await start(station)
        assert (await station.call("NotifyEVChargingNeeds", needs(**asked)))["status"] == "Accepted"
        await fallback(station)
        await state_of_charge(station, 60)
        await rig.until_state(lambda state: state.soc_pct == 60)
        yield rig, station, block(rig)


async def fallback(station: RawStation) -> dict[str, Any]:
    """Return the profile of charging only that follows the vehicle's needs."""
    while True:
        profile = profile_of(await station.next_profile("TxProfile"))
        if profile["stackLevel"] == 0:
            return profile


def amount(station: RawStation) -> float | None:
    """Return the setpoint or limit that control's own profile has now; None before there is one."""
    for action, request in reversed(station.asked):
        if action == "UpdateDynamicSchedule" and request["chargingProfileId"] == 12:
            values = request["scheduleUpdate"]
        elif action == "SetChargingProfile" and profile_of(request)["id"] == 12:
            values = profile_of(request)["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        else:
            continue
        return float(values.get("setpoint", values.get("limit")))
    return None


def block(rig: Rig, charger_id: str = "left") -> V2x:
    """Return the V2X block of a charger's station."""
    return next(found for found in rig.system.station(charger_id).blocks if isinstance(found, V2x))
