"""A whole site at work: its stations and meters around one controller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
import os
import time
from typing import Any

from tidewatt.control import Controller, ControllerHealth, Decision, Snapshot, TraceWriter
from tidewatt.drivers.modbus import ModbusMeter, UnitOpener
from tidewatt.drivers.ocpp import CentralSystem, DiscoveredStation, OcppSettings, SecurityEvent, StationIdentity
from tidewatt.site import (
    DEFAULT_MINIMUM_SOC_PCT,
    Charger,
    ChargerPort,
    Clock,
    Driver,
    Fault,
    FaultListener,
    Meter,
    ModbusEndpoint,
    OcppListener,
    Reading,
    ReadingListener,
    Site,
    SiteError,
    StateStore,
    VehicleState,
    Wish,
)

_MOST_DISCOVERED = 64

_SOC_HOLDS_S = 600.0
"""A state of charge older than this is not passed on to the drivers, which take what they are told for fresh."""

type MeterFactory = Callable[[Meter, ReadingListener, FaultListener], Driver]
"""Makes the driver, not started yet, of a meter."""


class SiteRuntime:
    """Runs a site: owns its central system, the drivers of its meters and its controller.

    `meter_factories` makes the drivers of meters with endpoints of other types than Modbus. `on_cycle` hears of every
    cycle, `on_discovered` of stations that call but are not configured, `on_security_event` of what stations report of
    their security; they are called on the event loop. With a `trace`, every cycle is recorded.
    """

    def __init__(
        self,
        site: Site,
        *,
        store: StateStore,
        open_unit: UnitOpener,
        meter_factories: Mapping[type, MeterFactory] | None = None,
        clock: Clock = time.monotonic,
        trace: TraceWriter | None = None,
        on_cycle: Callable[[Snapshot, Decision], None] = lambda _snapshot, _decision: None,
        on_discovered: Callable[[DiscoveredStation], None] = lambda _station: None,
        on_security_event: Callable[[SecurityEvent], None] = lambda _event: None,
    ) -> None:
        self._site = site
        self._open_unit = open_unit
        self._meter_factories = {ModbusEndpoint: self._modbus_meter, **(meter_factories or {})}
        self._clock = clock
        self._on_discovered = on_discovered
        self._discovered: dict[str, DiscoveredStation] = {}
        self._meters: dict[str, Driver] = {}
        self._vehicles: dict[str, VehicleState] = {}
        self._running: AsyncExitStack | None = None
        self._updating = asyncio.Lock()
        self._central = CentralSystem(
            site.ocpp,
            site.chargers,
            store=store,
            on_reading=self._push,
            on_fault=self._report,
            on_discovered=self._discover,
            on_security_event=on_security_event,
            clock=clock,
            settings=OcppSettings(voltage_v=site.voltage_v),
        )
        self._controller = Controller(site, self._ports(site), store=store, clock=clock, on_cycle=on_cycle, trace=trace)

    @property
    def site(self) -> Site:
        """The site as it runs now."""
        return self._site

    @property
    def ocpp(self) -> CentralSystem:
        """The central system, for what only OCPP stations can do."""
        return self._central

    @property
    def ocpp_port(self) -> int:
        """The port stations connect to; it differs from the configured one only where that is 0."""
        return self._central.bound_port

    @property
    def discovered(self) -> tuple[DiscoveredStation, ...]:
        """Stations that called since the start and are not configured."""
        return tuple(self._discovered.values())

    @property
    def cycle(self) -> tuple[Snapshot, Decision] | None:
        """What the latest cycle saw and decided; None before the first."""
        snapshot, decision = self._controller.snapshot, self._controller.decision
        return None if snapshot is None or decision is None else (snapshot, decision)

    @property
    def health(self) -> ControllerHealth:
        """How the controller and its commands do."""
        return self._controller.health

    async def start(self) -> None:
        """Listen for stations, begin to read the meters and control.

        Raises OSError naming the address when it cannot be listened on, SiteError for a meter that nobody here can
        read. Whatever had been started by then is stopped again.
        """
        meters = {meter.meter_id: self._driver(meter) for meter in self._site.meters}
        async with AsyncExitStack() as stack:
            await _start(self._controller, stack)
            try:
                await _start(self._central, stack)
            except OSError as error:
                raise _address_error(self._site.ocpp, error) from error
            stack.push_async_callback(self._stop_all_meters)
            await self._start_meters(meters)
            self._running = stack.pop_all()
        self._tell_batteries(self._site.chargers)

    async def stop(self) -> None:
        """Stop everything. Chargers go on with their limits until those expire. Safe to call twice."""
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()

    def can_update(self, site: Site) -> bool:
        """Whether `update` can turn the running site into this one; otherwise it takes a new runtime."""
        return (site.ocpp, site.voltage_v) == (self._site.ocpp, self._site.voltage_v)

    async def update(self, site: Site) -> None:
        """Become another site without dropping a session: only what is different is stopped and started.

        SiteError, with nothing changed yet, for what `can_update` denies and for a meter that nobody here can read.
        What starting a meter raises is passed on; the next update tries it again.
        """
        if not self.can_update(site):
            raise SiteError("ocpp", (site.ocpp, site.voltage_v), "Stop the site and start it anew to change this.")
        async with self._updating:
            kept = self._meters.keys() & {meter.meter_id for meter in site.meters if meter in self._site.meters}
            meters = {meter.meter_id: self._driver(meter) for meter in site.meters if meter.meter_id not in kept}
            await self._stop_meters(self._meters.keys() - kept)
            self._central.update_chargers(site.chargers)
            self._controller.update(site, self._ports(site))
            self._site = site
            for charger in site.chargers:
                self._discovered.pop(charger.endpoint.station_id, None)
            self._tell_batteries(site.chargers)
            await self._start_meters(meters)

    def wish(self, charger_id: str) -> Wish:
        """Return what is wished of a charger; KeyError when there is none."""
        return self._controller.wish(charger_id)

    def set_wish(self, charger_id: str, wish: Wish) -> None:
        """Wish something of a charger from now on, over restarts too; SiteError for what cannot be wished."""
        self._controller.set_wish(charger_id, wish)

    def port(self, charger_id: str) -> ChargerPort:
        """Return the way to a charger, to start and stop sessions; KeyError when there is none."""
        return self._central.port(self._site.charger(charger_id).charger_id)

    def identity(self, charger_id: str) -> StationIdentity:
        """Return what a charger's station said of itself, once started; KeyError when there is none."""
        return self._central.station(charger_id).identity

    def block[T](self, charger_id: str, kind: type[T]) -> T:
        """Return a functional block of a charger's station, such as `Logs`; LookupError when there is none."""
        return self._central.station(charger_id).block(kind)

    def push_vehicle(self, state: VehicleState) -> None:
        """Tell control, and the driver that guards its battery, what a vehicle says of itself."""
        self._controller.push(state)
        self._vehicles[state.vehicle_id] = state
        if self._running is not None:
            vehicles = {vehicle.vehicle_id: vehicle for vehicle in self._site.vehicles}
            if (vehicle := vehicles.get(state.vehicle_id)) is not None:
                self._tell_batteries([self._site.charger(vehicle.charger_id)])

    def diagnostics(self) -> dict[str, Any]:
        """Return how the parts are, without secrets."""
        return {
            "health": asdict(self.health),
            "ocpp": self._central.diagnostics(),
            "ocpp_security": self._central.security_diagnostics(),
            "discovered": [asdict(station) for station in self.discovered],
        }

    # The central system is made before the controller, whose ports it has.
    def _push(self, reading: Reading) -> None:
        self._controller.push(reading)

    def _report(self, fault: Fault) -> None:
        self._controller.report(fault)

    def _ports(self, site: Site) -> dict[str, ChargerPort]:
        return {charger.charger_id: self._central.port(charger.charger_id) for charger in site.chargers}

    def _discover(self, station: DiscoveredStation) -> None:
        self._discovered.pop(station.station_id, None)
        self._discovered[station.station_id] = station
        if len(self._discovered) > _MOST_DISCOVERED:
            del self._discovered[next(iter(self._discovered))]
        self._on_discovered(station)

    def _tell_batteries(self, chargers: Iterable[Charger]) -> None:
        """Tell the drivers, which guard the batteries too, the floor and the state of charge at these chargers."""
        for charger in chargers:
            vehicle = self._site.vehicle_at(charger.charger_id)
            state = None if vehicle is None else self._vehicles.get(vehicle.vehicle_id)
            is_fresh = state is not None and self._clock() - state.at_s <= _SOC_HOLDS_S
            self._central.set_battery(
                charger.charger_id,
                minimum_soc_pct=DEFAULT_MINIMUM_SOC_PCT if vehicle is None else vehicle.minimum_soc_pct,
                soc_pct=state.soc_pct if state is not None and is_fresh else None,
                soc_at_s=None if state is None else state.at_s,
            )

    def _driver(self, meter: Meter) -> Driver:
        factory = self._meter_factories.get(type(meter.endpoint))
        if factory is None:
            remedy = "Only Home Assistant can read its entities; give the meter a modbus section instead."
            raise SiteError(f"meters.{meter.meter_id}", meter.endpoint, remedy)
        return factory(meter, self._push, self._report)

    def _modbus_meter(self, meter: Meter, on_reading: ReadingListener, on_fault: FaultListener) -> Driver:
        return ModbusMeter(meter, self._open_unit, on_reading=on_reading, on_fault=on_fault, clock=self._clock)

    async def _start_meters(self, drivers: Mapping[str, Driver]) -> None:
        for meter_id, driver in drivers.items():
            await driver.start()
            self._meters[meter_id] = driver

    async def _stop_meters(self, meter_ids: Iterable[str]) -> None:
        for meter_id in list(meter_ids):
            await self._meters.pop(meter_id).stop()

    async def _stop_all_meters(self) -> None:
        await self._stop_meters(self._meters)


async def _start(driver: Driver, stack: AsyncExitStack) -> None:
    await driver.start()
    stack.push_async_callback(driver.stop)


def _address_error(listener: OcppListener, error: OSError) -> OSError:
    why = os.strerror(error.errno) if error.errno else str(error)
    remedy = "Stop what uses it, or set another host or port under 'ocpp'."
    return OSError(error.errno, f"ocpp: cannot listen on {listener.host}:{listener.port} ({why}). {remedy}")
