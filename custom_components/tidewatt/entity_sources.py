"""Meters and vehicles that are read from other entities of Home Assistant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
import logging
import time
from typing import override

from homeassistant.core import CALLBACK_TYPE, Event, EventStateReportedData, HomeAssistant, State, callback
from homeassistant.helpers.event import (
    EventStateChangedData,
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util

from tidewatt.site import (
    PHASE_COUNT,
    Clock,
    EntityMeterEndpoint,
    Meter,
    MeterReading,
    PerPhase,
    Site,
    VehicleState,
)

from .quantities import Quantity, read_percentage, read_quantity

_LOGGER = logging.getLogger(__name__)


class EntitySource[ReadingT](ABC):
    """Pushes a reading whenever one of its entities says something, and none while one of them cannot be read."""

    def __init__(
        self, hass: HomeAssistant, entity_ids: Sequence[str], push: Callable[[ReadingT], None], clock: Clock
    ) -> None:
        self._hass = hass
        self._entity_ids = list(entity_ids)
        self._push_reading = push
        self._clock = clock
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._is_readable = True

    async def start(self) -> None:
        """Push what the entities say now and follow them. A repeated value counts as a new reading."""
        self._unsubscribe = [
            async_track_state_change_event(self._hass, self._entity_ids, self._said),
            async_track_state_report_event(self._hass, self._entity_ids, self._said),
        ]
        self._push()

    async def stop(self) -> None:
        """Stop following. Safe to call twice."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    @callback
    def _said(self, _event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        self._push()

    def _push(self) -> None:
        states = [self._hass.states.get(entity_id) for entity_id in self._entity_ids]
        now = dt_util.utcnow()
        # A reading is as old as the oldest state in it.
        age_s = max((0.0, *((now - state.last_reported).total_seconds() for state in states if state is not None)))
        reading = self.reading(states, self._clock() - age_s)
        self._log_change(is_readable=reading is not None)
        if reading is not None:
            self._push_reading(reading)

    def _log_change(self, *, is_readable: bool) -> None:
        if is_readable is not self._is_readable:
            self._is_readable = is_readable
            what = "can be read again" if is_readable else "cannot be read; trying whenever they change"
            _LOGGER.info("%s %s", ", ".join(self._entity_ids), what)

    @abstractmethod
    def reading(self, states: Sequence[State | None], at_s: float) -> ReadingT | None:
        """Return what the states say, in the order of the entities; None when one of them cannot be read."""


class EntityMeter(EntitySource[MeterReading]):
    """The driver of a meter made of entities with signed power or signed currents (see `EntityMeterEndpoint`).

    TypeError for a meter with another kind of endpoint.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        meter: Meter,
        *,
        site: Site,
        push: Callable[[MeterReading], None],
        clock: Clock,
    ) -> None:
        endpoint = meter.endpoint
        if not isinstance(endpoint, EntityMeterEndpoint):
            raise TypeError(f"{meter.meter_id} is not made of entities: {endpoint!r}")
        super().__init__(hass, endpoint.power_entity_ids or endpoint.current_entity_ids, push, clock)
        self._meter_id = meter.meter_id
        self._quantity = Quantity.POWER if endpoint.power_entity_ids else Quantity.CURRENT
        self._voltage_v = site.voltage_v
        self._phases = site.phases

    @override
    def reading(self, states: Sequence[State | None], at_s: float) -> MeterReading | None:
        """Return the reading of the meter."""
        values = [value for state in states if (value := read_quantity(state, self._quantity)) is not None]
        if len(values) < len(states):
            return None
        if self._quantity is Quantity.CURRENT:
            return MeterReading(meter_id=self._meter_id, at_s=at_s, current_a=_per_phase(values))
        return MeterReading(
            meter_id=self._meter_id,
            at_s=at_s,
            current_a=self._currents_a([power_w / self._voltage_v for power_w in values]),
            power_w=self._powers_w(values),
        )

    def _currents_a(self, values: Sequence[float]) -> PerPhase:
        # One total may flow through any single phase, so it counts in full on each.
        return _per_phase(list(values) * self._phases if len(values) < self._phases else values)

    def _powers_w(self, values: Sequence[float]) -> PerPhase:
        # Here only the sum is known: spread evenly, it stays what it is.
        return _per_phase([values[0] / self._phases] * self._phases if len(values) < self._phases else values)


class EntitySoc(EntitySource[VehicleState]):
    """The state of charge of a vehicle, read from an entity in percent."""

    def __init__(
        self, hass: HomeAssistant, vehicle_id: str, entity_id: str, push: Callable[[VehicleState], None], clock: Clock
    ) -> None:
        super().__init__(hass, [entity_id], push, clock)
        self._vehicle_id = vehicle_id

    @override
    def reading(self, states: Sequence[State | None], at_s: float) -> VehicleState:
        """Return the state of charge; None in it while the entity does not say it."""
        return VehicleState(vehicle_id=self._vehicle_id, at_s=at_s, soc_pct=read_percentage(states[0]))


def _per_phase(values: Sequence[float]) -> PerPhase:
    l1, l2, l3 = (*values, *[0.0] * (PHASE_COUNT - len(values)))
    return (l1, l2, l3)


class VehicleSources:
    """Follows the vehicles of a site that have an entity for their state of charge."""

    def __init__(self, hass: HomeAssistant, push: Callable[[VehicleState], None]) -> None:
        self._hass = hass
        self._push = push
        self._sources: list[EntitySoc] = []

    async def follow(self, site: Site) -> None:
        """Follow the vehicles of a site, and no others any more."""
        await self.stop()
        for vehicle in site.vehicles:
            if vehicle.endpoint is not None:
                source = EntitySoc(
                    self._hass, vehicle.vehicle_id, vehicle.endpoint.soc_entity_id, self._push, time.monotonic
                )
                self._sources.append(source)
                await source.start()

    async def stop(self) -> None:
        """Stop following. Safe to call twice."""
        while self._sources:
            await self._sources.pop().stop()
