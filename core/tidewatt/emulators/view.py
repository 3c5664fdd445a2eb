"""An emulated site as JSON: everything there is to see."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from tidewatt.site import MAIN_CIRCUIT_ID, ModbusEndpoint

from .emulation import Emulation
from .iso15118 import VehicleSession
from .physics import ChargingPoint, Sample, TwoWayPoint
from .station import Outlet, Station


def world_view(emulation: Emulation) -> dict[str, Any]:
    """Return the state of everything now. Currents are signed, in A; `None` is an endless limit or nothing there."""
    world = emulation.world
    return {
        "now_s": emulation.time.now_s,
        "utc": emulation.time.timestamp(),
        "site": emulation.site.name,
        "phases": {
            "current_a": world.circuit_current_a(MAIN_CIRCUIT_ID),
            "limit_a": emulation.site.circuit(MAIN_CIRCUIT_ID).import_limit_a,
            "maximum_seen_a": world.history.maximum_a,
        },
        "house": {
            "current_a": world.house.current_a(MAIN_CIRCUIT_ID),
            "pv_w": world.house.pv_w,
        },
        "grid": {"frequency_hz": world.frequency_hz},
        "meters": {meter_id: _meter(emulation, meter_id) for meter_id in emulation.meters},
        "vehicles": {
            charger_id: _vehicle(point) for charger_id, point in world.points.items() if point.vehicle is not None
        },
        "stations": {station_id: _station(station) for station_id, station in emulation.stations.items()},
    }


def value_at(world: Mapping[str, Any], path: str) -> Any:
    """Return the value that a path such as `stations.CP1.connected` leads to; None where it leads nowhere.

    Numbers count list items from 0; an empty path leads to the whole.
    """
    value: Any = world
    for part in filter(None, path.split(".")):
        if isinstance(value, list | tuple) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def history_view(emulation: Emulation, since_s: float) -> dict[str, Any]:
    """Return what the main circuit carried, and the meters answered, after `since_s` emulated seconds.

    At most the last minutes. A meter is asked more than once for one reading where that takes more than one request.
    """
    history = emulation.world.history
    samples = history.since(since_s)
    return {
        "now_s": emulation.time.now_s,
        "limit_a": emulation.site.circuit(MAIN_CIRCUIT_ID).import_limit_a,
        "maximum_a": history.maximum_of(samples),
        "samples": _series(samples),
        "answers": {meter_id: _series(answers.since(since_s)) for meter_id, answers in emulation.answered.items()},
    }


def _series(samples: list[Sample]) -> list[dict[str, Any]]:
    return [{"t_s": round(at_s, 3), "current_a": current_a} for at_s, current_a in samples]


def _meter(emulation: Emulation, meter_id: str) -> dict[str, Any]:
    meter = next(each for each in emulation.site.meters if each.meter_id == meter_id)
    sample = emulation.world.circuit_sample(meter.circuit_id)
    unit = emulation.meters[meter_id]
    return {
        "circuit": meter.circuit_id,
        "map": meter.endpoint.map if isinstance(meter.endpoint, ModbusEndpoint) else None,
        "current_a": sample.current_a,
        "power_w": sample.power_w,
        "import_wh": sample.import_wh,
        "export_wh": sample.export_wh,
        "silent": unit.silent,
        "reads": unit.reads,
    }


def _vehicle(point: ChargingPoint) -> dict[str, Any]:
    vehicle = point.vehicle
    if vehicle is None:
        return {}
    return {
        "plugged": point.plugged,
        "current_a": point.terminal_current_a,
        "site_current_a": point.site_current_a,
        "power_w": point.power_w,
        "soc_pct": vehicle.soc_pct,
        "drawn_wh": vehicle.drawn_wh,
        "stored_wh": vehicle.stored_wh,
        "full": vehicle.full,
        "ignores_limit": vehicle.ignores_limit,
    } | _battery(point)


def _battery(point: ChargingPoint) -> dict[str, Any]:
    """Return what there is to see of a vehicle that can give."""
    if not isinstance(point, TwoWayPoint):
        return {}
    vehicle, link = point.battery_vehicle, point.link
    seen: dict[str, Any] = {
        "given_wh": vehicle.given_wh,
        "temperature_c": vehicle.temperature_c,
        "minimum_soc_pct": vehicle.battery.minimum_soc_pct,
        "charge_limit_w": vehicle.charge_limit_w,
        "discharge_limit_w": vehicle.discharge_limit_w,
    }
    if isinstance(link, VehicleSession):
        seen["iso15118"] = {
            "vehicle": link.evcc.state,
            "station": link.secc.state,
            "service": None if link.secc.service is None else link.secc.service.name,
            "dynamic": link.secc.dynamic,
            "session_id": link.secc.session_id,
            "ended_because": link.secc.ended_because,
        }
    return seen


def _station(station: Station) -> dict[str, Any]:
    return {
        "version": station.spec.address.version,
        "connected": station.link.online,
        "booted": station.accepted,
        "refusal": station.link.refusal,
        "queued": len(station.outbox),
        "profile_writes": {purpose.value: count for purpose, count in station.profiles.writes.items()},
        "outlets": {str(evse_id): _outlet(station, outlet) for evse_id, outlet in station.outlets.items()},
    }


def _outlet(station: Station, outlet: Outlet) -> dict[str, Any]:
    limit = station.limit(outlet)
    limit_a = limit.current_a
    running = outlet.transaction
    return {
        "charger": outlet.point.charger.charger_id,
        "status": outlet.status(),
        "limit_a": limit_a if math.isfinite(limit_a) else None,
        "pilot_a": outlet.point.pilot_a,
        "transaction": None
        if running is None
        else {
            "id": running.transaction_id,
            "id_tag": running.permission.id_tag if running.permission else None,
            "energy_wh": outlet.point.energy_wh - running.meter_start_wh,
        },
        "discharge_limit_a": limit.discharge_a if math.isfinite(limit.discharge_a) else None,
        "setpoint_a": limit.setpoint_a,
        "operation_mode": limit.operation_mode,
        "energy_wh": outlet.point.energy_wh,
        "energy_out_wh": outlet.point.energy_out_wh,
        "maximum_seen_a": outlet.point.maximum_seen_a,
    }
