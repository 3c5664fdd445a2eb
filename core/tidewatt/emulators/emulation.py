"""A whole emulated site: world, stations, meters and the address to command them, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import logging
from random import Random
import time
from typing import Any

from tidewatt.drivers.ocpp.session import OcppVersion
from tidewatt.site import Charger, Clock, Meter, ModbusEndpoint, ModbusMap, Site
from tidewatt.site.schema import load_site

from .control_server import ControlServer
from .meters import MeterServer, MeterUnit, RegisterImage, sdm630_image, sunspec_image
from .physics import ChargingPoint, EmulatedTime, History, House, Vehicle, World
from .physics.world import slices
from .schema import EmulationSettings, MeterSettings, StationSettings, load_emulation
from .station import LinkAddress, Outlet, Station, StationSpec, StationV16, StationV201

_LOGGER = logging.getLogger(__name__)

TICK_S = 0.1

_STATIONS: Mapping[OcppVersion, type[Station]] = {OcppVersion.V16: StationV16, OcppVersion.V201: StationV201}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulationAddresses:
    """Where the emulated hardware listens: `(host, port)` each."""

    control: tuple[str, int]
    meters: Mapping[str, tuple[str, int]]


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
            meter.meter_id: MeterUnit(meter.meter_id, self._image_of(meter, self._meter_settings(meter.meter_id)))
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

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[EmulationAddresses]:
        """Serve meters and commands; OSError when a port is taken. Everything is closed on the way out."""
        async with AsyncExitStack() as stack:
            meters: dict[str, MeterServer] = {}
            for server, meter_ids in self._meter_servers():
                await server.start()
                stack.push_async_callback(server.stop)
                meters |= dict.fromkeys(meter_ids, server)
            control = ControlServer(self)
            await control.start()
            stack.push_async_callback(control.stop)
            yield EmulationAddresses(
                control=(control.host, control.bound_port),
                meters={meter_id: (server.host, server.bound_port) for meter_id, server in meters.items()},
            )

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
            vehicle = vehicles.get(charger.charger_id)
            station = stations.get(charger.endpoint.station_id)
            points[charger.charger_id] = ChargingPoint(
                charger,
                voltage_v=self.site.voltage_v,
                vehicle=None if vehicle is None else Vehicle(vehicle.spec),
                rated_a=None if station is None else station.rated_a,
                reaction_s=0.0 if station is None else station.reaction_s,
                plug_in_after_s=None if vehicle is None else vehicle.plug_in_after_s,
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
        listener = self.site.ocpp
        address = LinkAddress(
            url=settings.url or f"ws://{listener.host}:{listener.port}",
            station_id=settings.station_id,
            version=settings.version,
            password=settings.password or configured,
        )
        outlets = [
            Outlet(each.endpoint.evse_id, self.world.points[each.charger_id], card=settings.rfid) for each in chargers
        ]
        return _STATIONS[settings.version](
            StationSpec(address=address, open_to_all=settings.open_to_all, boot_s=settings.boot_s),
            outlets,
            self.time,
            voltage_v=self.site.voltage_v,
            random=self._random,
        )

    def _meter_settings(self, meter_id: str) -> MeterSettings:
        named = (each for each in self.settings.meters if each.meter_id == meter_id)
        return next(named, MeterSettings(meter_id=meter_id))

    def _image_of(self, meter: Meter, settings: MeterSettings) -> Callable[[], RegisterImage]:
        def image() -> RegisterImage:
            sample = self.world.circuit_sample(meter.circuit_id)
            self.answered[meter.meter_id].add(self.time.now_s, sample.current_a)
            if isinstance(meter.endpoint, ModbusEndpoint) and meter.endpoint.map is ModbusMap.SUNSPEC:
                return sunspec_image(sample, model=settings.sunspec_model, serial=meter.meter_id)
            return sdm630_image(sample)

        return image

    def _meter_servers(self) -> list[tuple[MeterServer, list[str]]]:
        """Return a server for each port, with the meters on it. Meters told to take a free port have one each."""
        buses: dict[tuple[str, object], dict[int, MeterUnit]] = {}
        for meter in self.site.meters:
            if isinstance(meter.endpoint, ModbusEndpoint):
                port = self._meter_settings(meter.meter_id).port
                port = meter.endpoint.port if port is None else port
                bus = buses.setdefault((meter.endpoint.host, port or meter.meter_id), {})
                bus[meter.endpoint.unit_id] = self.meters[meter.meter_id]
        return [
            (MeterServer(host, port if isinstance(port, int) else 0, units), [each.meter_id for each in units.values()])
            for (host, port), units in buses.items()
        ]


async def run_emulation(
    document: Mapping[str, Any], *, ready: Callable[[EmulationAddresses], None] | None = None
) -> None:
    """Emulate the hardware of a site document in real time until cancelled.

    `ready` is told the addresses once everything listens. SiteError when the document is not usable, OSError when a
    port is taken.
    """
    site = load_site(document)
    emulation = Emulation(site, load_emulation(document, site))
    async with emulation.listening() as addresses:
        _LOGGER.info("Emulating %s; commands go to http://%s:%d.", site.name, *addresses.control)
        if ready is not None:
            ready(addresses)
        async with asyncio.TaskGroup() as group:
            group.create_task(emulation.run_stations())
            group.create_task(keep_pace(emulation))


async def keep_pace(
    emulation: Emulation, *, clock: Clock = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Step the emulation with a clock, ten times a second, for ever."""
    before_s = clock()
    while True:
        await sleep(TICK_S)
        now_s = clock()
        emulation.step(now_s - before_s)
        before_s = now_s
