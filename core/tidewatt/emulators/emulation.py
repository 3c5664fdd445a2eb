"""A whole emulated site: its world, and the stations and meters that show it on the wires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from tidewatt.ocpp.session import OcppVersion
from tidewatt.site import MAIN_CIRCUIT_ID, Charger, Meter, ModbusEndpoint, ModbusMap, OcppListener, Site
from tidewatt.site.security import server_names

from .meters import MeterUnit, RegisterImage, sdm630_image, sunspec_image
from .physics import ChargingPoint, EmulatedTime, History, House, World
from .physics.world import slices
from .points import make_point
from .schema import EmulationSettings, MeterSettings, StationSettings
from .station import LinkAddress, Outlet, SecuritySettings, Station, StationSpec, StationV2, StationV16

_STATIONS: Mapping[OcppVersion, type[Station]] = {
    OcppVersion.V16: StationV16,
    OcppVersion.V201: StationV2,
    OcppVersion.V21: StationV2,
}


class Emulation:
    """Everything emulated of one site. Time passes only by `step`."""

    def __init__(self, site: Site, settings: EmulationSettings, *, random: Random | None = None) -> None:
        self.site = site
        self.settings = settings
        self.time = EmulatedTime()
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self.world = World(site, self._make_points(), self._make_house())
        self.stations = {each.station_id: self._make_station(each) for each in settings.stations}
        self.answered = {meter.meter_id: History() for meter in site.meters}
        self.meters = {
            meter.meter_id: MeterUnit(meter.meter_id, self._image_of(meter, settings.meter(meter.meter_id)))
            for meter in site.meters
            if isinstance(meter.endpoint, ModbusEndpoint)
        }

    def step(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass for everything."""
        for slice_s in slices(dt_s):
            for station in self.stations.values():
                station.decide()
            self.world.step(slice_s)
            self.time.advance(slice_s)
            for station in self.stations.values():
                station.observe()

    async def run_stations(self) -> None:
        """Let the stations connect and serve, for ever."""
        async with asyncio.TaskGroup() as group:
            for station in self.stations.values():
                group.create_task(station.run())

    def chargers(self) -> tuple[Charger, ...]:
        """Return the chargers of the site and those only the emulation knows."""
        extra = (connector for station in self.settings.stations for connector in station.connectors)
        return (*self.site.chargers, *extra)

    def outlet_of(self, charger_id: str) -> tuple[Station, Outlet] | None:
        """Return the station and outlet that a charger is; None when no station is emulated for it."""
        for station in self.stations.values():
            for outlet in station.outlets.values():
                if outlet.point.charger.charger_id == charger_id:
                    return station, outlet
        return None

    def _make_points(self) -> dict[str, ChargingPoint]:
        vehicles = {each.charger_id: each for each in self.settings.vehicles}
        stations = {each.station_id: each for each in self.settings.stations}
        points = {}
        for charger in self.chargers():
            points[charger.charger_id] = make_point(
                charger,
                voltage_v=self.site.voltage_v,
                vehicle=vehicles.get(charger.charger_id),
                station=stations.get(charger.endpoint.station_id),
            )
        return points

    def _make_house(self) -> House:
        return House(
            self.settings.house_load_a,
            profile=self.settings.house_load_profile,
            pv_w=self.settings.pv_w,
            phases=self.site.phases,
            voltage_v=self.site.voltage_v,
        )

    def _make_station(self, settings: StationSettings) -> Station:
        chargers = [each for each in self.chargers() if each.endpoint.station_id == settings.station_id]
        configured = next((each.endpoint.password for each in chargers if each.endpoint.password), None)
        address = LinkAddress(
            url=settings.url or _own_url(self.site.ocpp, settings.security.profile),
            station_id=settings.station_id,
            version=settings.version,
            password=settings.password or configured,
        )
        outlets = [
            Outlet(
                each.endpoint.evse_id,
                self.world.points[each.charger_id],
                card=settings.rfid,
                connectors=settings.connectors_per_evse,
            )
            for each in chargers
        ]
        station = _STATIONS[settings.version](
            StationSpec(
                address=address,
                open_to_all=settings.open_to_all,
                boot_s=settings.boot_s,
                negative_limit=settings.negative_limit,
                security=self._security_of(settings),
            ),
            outlets,
            self.time,
            voltage_v=self.site.voltage_v,
            random=self._random,
        )
        if isinstance(station, StationV2):
            station.v2x.load_w = self._grid_load_w
        return station

    def _grid_load_w(self) -> float:
        """Return what the whole site draws from the grid."""
        return sum(self.world.circuit_current_a(MAIN_CIRCUIT_ID)) * self.site.voltage_v

    def _security_of(self, settings: StationSettings) -> SecuritySettings:
        """Return a station's security; where it finds TLS later is the site's, if it calls the site."""
        if settings.url is not None or settings.security.tls_url is not None or self.site.ocpp.tls is None:
            return settings.security
        return replace(settings.security, tls_url=_own_url(self.site.ocpp, 2))

    def _image_of(self, meter: Meter, settings: MeterSettings) -> Callable[[], RegisterImage]:
        def image() -> RegisterImage:
            sample = self.world.circuit_sample(meter.circuit_id)
            self.answered[meter.meter_id].add(self.time.now_s, sample.current_a)
            if isinstance(meter.endpoint, ModbusEndpoint) and meter.endpoint.map is ModbusMap.SUNSPEC:
                return sunspec_image(sample, model=settings.sunspec_model, serial=meter.meter_id)
            return sdm630_image(sample)

        return image


def _own_url(listener: OcppListener, profile: int | None) -> str:
    """Return where the site's own central system listens, with TLS for the profiles that need it."""
    if listener.tls is not None and (profile or 0) >= 2:
        return f"wss://{server_names(listener, listener.tls)[0]}:{listener.tls.port}"
    return f"ws://{listener.host}:{listener.port}"
