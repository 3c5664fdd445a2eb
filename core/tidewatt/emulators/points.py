"""The charging points of an emulated site, with the vehicles that its document puts there."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
import logging

from tidewatt.ocpp.session import OcppVersion
from tidewatt.site import Charger

from .iso15118 import EvccSpec, EvseSpec, PowerLimits, VehicleSession
from .iso15118.messages import Request, Response
from .physics import BidirectionalVehicle, ChargingPoint, SimpleLink, TwoWayPoint, Vehicle
from .schema import StationSettings, VehicleSettings
from .vehicle_section import Iso15118Settings

_LOGGER = logging.getLogger(__name__)

STATION_VOLTAGE_V = 920.0
"""Highest voltage of an emulated direct-current station."""


def make_point(
    charger: Charger, *, voltage_v: float, vehicle: VehicleSettings | None, station: StationSettings | None
) -> ChargingPoint:
    """Return the point of a charger.

    Energy flows both ways where the vehicle's battery can, and the station speaks ISO 15118-20 with it (OCPP 2.1) or
    has a way of its own (`negative_limit`). Everywhere else a vehicle charges by the control pilot.
    """
    rated_a = charger.maximum_a if station is None or station.rated_a is None else station.rated_a
    reaction_s = 0.0 if station is None else station.reaction_s
    plug_in_after_s = None if vehicle is None else vehicle.plug_in_after_s
    iso15118 = None if vehicle is None else vehicle.iso15118
    if vehicle is None or iso15118 is None or station is None or not _two_way(station):
        return ChargingPoint(
            charger,
            voltage_v=voltage_v,
            vehicle=None if vehicle is None else Vehicle(vehicle.spec),
            rated_a=rated_a,
            reaction_s=reaction_s,
            plug_in_after_s=plug_in_after_s,
        )
    battery = BidirectionalVehicle(vehicle.spec, iso15118.battery)
    speaks = station.version is OcppVersion.V21 and not station.negative_limit
    full_w = rated_a * len(charger.phases) * voltage_v
    return TwoWayPoint(
        charger,
        voltage_v=voltage_v,
        vehicle=battery,
        link=_session(charger, battery, iso15118, full_w) if speaks else SimpleLink(battery),
        dc=iso15118.service.is_dc,
        rated_a=rated_a,
        reaction_s=reaction_s,
        plug_in_after_s=plug_in_after_s,
    )


def _two_way(station: StationSettings) -> bool:
    return station.version is OcppVersion.V21 or station.negative_limit


def _session(
    charger: Charger, vehicle: BidirectionalVehicle, settings: Iso15118Settings, full_w: float
) -> VehicleSession:
    evcc = EvccSpec(
        evcc_id=settings.evcc_id or _made_up_id(charger.charger_id),
        service=settings.service,
        control_mode=settings.control_mode,
        mobility_needs_mode=settings.mobility_needs_mode,
        channel=settings.channel,
        generator_mode=settings.generator_mode,
    )
    limits = PowerLimits(
        maximum_charge_w=full_w,
        maximum_discharge_w=full_w,
        maximum_voltage_v=STATION_VOLTAGE_V,
        minimum_voltage_v=150.0,
    )
    evse = EvseSpec(evse_id=f"{charger.endpoint.station_id}*{charger.endpoint.evse_id}", limits=limits)
    return VehicleSession(vehicle, evcc, evse, listener=_listener(charger.charger_id))


def _listener(charger_id: str) -> Callable[[Request, Response], None]:
    def listen(request: Request, response: Response) -> None:
        _LOGGER.debug("Cable at %s: %s -> %s", charger_id, type(request).__name__, response.code)

    return listen


def _made_up_id(charger_id: str) -> str:
    """Return an id that looks like a MAC address, as vehicles have it, and is the same in every run."""
    return "02" + sha256(charger_id.encode()).hexdigest()[:10].upper()
