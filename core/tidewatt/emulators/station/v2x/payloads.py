"""What a station tells the central system about a vehicle: its needs, its schedule, its troubles."""

from __future__ import annotations

from typing import Any

from tidewatt.emulators.iso15118 import EnergyNeeds, PowerLimits, PowerProfile, VehicleSession
from tidewatt.emulators.physics import Clock
from tidewatt.ocpp.wire import utc_text

from .words import transfer_of, transfers_of


def needs_payload(evse_id: int, session: VehicleSession, clock: Clock) -> dict[str, Any] | None:
    """Return a NotifyEVChargingNeeds of what the vehicle said (Q01.FR.03); None before it said enough."""
    secc = session.secc
    limits, needs, parameters, service = secc.vehicle_limits, secc.needs, secc.parameter_set, secc.service
    if limits is None or needs is None or parameters is None or service is None:
        return None
    phases = session.vehicle.spec.phases
    document: dict[str, Any] = {
        "requestedEnergyTransfer": transfer_of(service, phases),
        "availableEnergyTransfer": transfers_of(session.evcc.spec.service, phases),
        "controlMode": "DynamicControl" if secc.dynamic else "ScheduledControl",
        "mobilityNeedsMode": parameters.mobility_needs_mode.name,
        "v2xChargingParameters": _v2x_parameters(limits, secc.spec.limits, needs),
    }
    if needs.departure_s is not None:
        document["departureTime"] = utc_text(clock.utc_s + needs.departure_s)
    if service.is_dc:
        document["dcChargingParameters"] = _dc_parameters(limits, needs, session.vehicle.spec.battery_wh)
    return {"evseId": evse_id, "maxScheduleTuples": 1, "timestamp": clock.timestamp(), "chargingNeeds": document}


def _v2x_parameters(vehicle: PowerLimits, station: PowerLimits, needs: EnergyNeeds) -> dict[str, Any]:
    """Return the limits of both sides together, and the energies asked for: positive is still missing."""
    document: dict[str, Any] = {
        "minChargePower": round(max(vehicle.minimum_charge_w, station.minimum_charge_w), 1),
        "maxChargePower": round(min(vehicle.maximum_charge_w, station.maximum_charge_w), 1),
        "evTargetEnergyRequest": round(needs.target_wh, 1),
        "evMinEnergyRequest": round(needs.minimum_wh, 1),
        "evMaxEnergyRequest": round(needs.maximum_wh, 1),
    }
    if vehicle.maximum_discharge_w is not None and station.maximum_discharge_w is not None:
        document |= {
            "minDischargePower": round(max(vehicle.minimum_discharge_w, station.minimum_discharge_w), 1),
            "maxDischargePower": round(min(vehicle.maximum_discharge_w, station.maximum_discharge_w), 1),
        }
        if needs.minimum_v2x_wh is not None:
            document["evMinV2XEnergyRequest"] = round(needs.minimum_v2x_wh, 1)
        if needs.maximum_v2x_wh is not None:
            document["evMaxV2XEnergyRequest"] = round(needs.maximum_v2x_wh, 1)
    if needs.target_soc_pct is not None:
        document["targetSoC"] = round(needs.target_soc_pct)
    if vehicle.maximum_voltage_v is not None:
        document["maxVoltage"] = round(vehicle.maximum_voltage_v, 1)
    return document


def _dc_parameters(limits: PowerLimits, needs: EnergyNeeds, capacity_wh: float) -> dict[str, Any]:
    voltage_v = limits.maximum_voltage_v or 1.0
    document: dict[str, Any] = {
        "evMaxCurrent": round(limits.maximum_charge_w / voltage_v, 1),
        "evMaxVoltage": round(voltage_v, 1),
        "evMaxPower": round(limits.maximum_charge_w, 1),
        "evEnergyCapacity": round(capacity_wh, 1),
    }
    if needs.soc_pct is not None:
        document["stateOfCharge"] = round(needs.soc_pct)
    return document


def schedule_payload(evse_id: int, profile: PowerProfile, clock: Clock) -> dict[str, Any]:
    """Return a NotifyEVChargingSchedule of the profile that a vehicle chose; its powers are in W."""
    periods = []
    start_s = 0
    for entry in profile.entries:
        period: dict[str, Any] = {"startPeriod": start_s, "limit": round(max(entry.power_w, 0.0), 1)}
        if entry.power_w < 0:
            period["dischargeLimit"] = round(entry.power_w, 1)
        periods.append(period)
        start_s += entry.duration_s
    return {
        "evseId": evse_id,
        "timeBase": clock.timestamp(),
        "selectedChargingScheduleId": profile.schedule_id,
        "chargingSchedule": {
            "id": profile.schedule_id,
            "duration": start_s,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": periods,
        },
    }


def event_payload(evse_id: int, number: int, code: str, clock: Clock, *, cleared: bool) -> dict[str, Any]:
    """Return a NotifyEvent about a problem of the EVSE's energy transfer, named by its code."""
    event = {
        "eventId": number,
        "timestamp": clock.timestamp(),
        "trigger": "Alerting",
        "actualValue": "false" if cleared else "true",
        "cleared": cleared,
        "techCode": code,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "V2XChargingCtrlr", "evse": {"id": evse_id}},
        "variable": {"name": "Problem"},
        "severity": 2,
    }
    return {"generatedAt": clock.timestamp(), "seqNo": 0, "tbc": False, "eventData": [event]}
