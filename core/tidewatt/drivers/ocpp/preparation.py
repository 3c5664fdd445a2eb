"""Setting a station up once it is there: how things stand, what it can do, how it measures, and the safe floor."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
import logging

from tidewatt.ocpp.errors import OcppClosedError, OcppError, OcppTimeoutError
from tidewatt.site import FaultCode

from .blocks import Block, RegistrationStatus, StationContext
from .connection import Connection
from .dialect import ACCEPTED, Wanted
from .point import Point

_LOGGER = logging.getLogger(__name__)


class Preparation:
    """Sets one station up, step by step. A step that fails is told of, and the next one's turn comes.

    OcppClosedError ends it: the next connection begins anew.
    """

    def __init__(self, context: StationContext, blocks: Sequence[Block]) -> None:
        self._context = context
        self._blocks = blocks

    async def run(self, connection: Connection, *, booted: bool) -> None:
        """Ask how things stand, have the station measure, learn what it can do, and install the floor."""
        async with connection.preparing:
            for point in self._points():
                await self._attempt(self._ask_state(connection, point))
            await self._attempt(self._learn(connection))
            await self._attempt(self._install_floors(connection, verify=booted))
            await self._prepare_blocks()
            for point in self._points():
                point.starter.consider()

    async def reconfigure(self, connection: Connection) -> None:
        """Have a connected station take a changed configuration."""
        async with connection.preparing:
            await self._attempt(self._install_floors(connection, verify=False))
            await self._prepare_blocks()

    async def _prepare_blocks(self) -> None:
        for block in self._blocks:
            await self._attempt(block.prepare())

    def _points(self) -> tuple[Point, ...]:
        return tuple(self._context.points.values())

    async def _attempt(self, step: Coroutine[None, None, None]) -> None:
        """Do a step; a station that does not answer one, or refuses it, may take the next.

        One that was refused meanwhile is told nothing more.
        """
        if self._context.record.registration == RegistrationStatus.REJECTED:
            step.close()
            return
        try:
            await step
        except OcppTimeoutError as error:
            self._context.report(FaultCode.COMMAND_TIMEOUT, str(error), None)
        except OcppClosedError:
            raise
        except OcppError as error:
            _LOGGER.info("OCPP station %s: %s", self._context.station_id, error)

    async def _learn(self, connection: Connection) -> None:
        settings, record = self._context.settings, self._context.record
        chargers = [point.evse.charger for point in self._points()]
        wanted = Wanted(
            meter_interval_s=max(1, round(settings.meter_interval_s)),
            ping_interval_s=max(1, round(settings.ping_interval_s)),
            heartbeat_interval_s=max(1, round(settings.heartbeat_interval_s)),
            measures_export=any(charger.discharge_maximum_a > 0 for charger in chargers),
            admits_anyone=all(charger.endpoint.id_tags is None for charger in chargers),
            message_limits=record.message_limits,
        )
        found = await connection.commands.configure(wanted, record.refused)
        if found.refused and found.refused != record.refused:
            refused = ", ".join(f"{name} = {value!r}" for name, value in found.refused.items())
            _LOGGER.info("OCPP station %s does not take %s", self._context.station_id, refused)
        record.rate_units = found.rate_units or record.rate_units
        record.max_stack_level = found.max_stack_level
        record.dynamic_profiles = found.dynamic_profiles
        record.refused = found.refused
        record.message_limits = found.message_limits

    async def _ask_state(self, connection: Connection, point: Point) -> None:
        evse_id = point.evse.charger.endpoint.evse_id
        await connection.commands.trigger_status(evse_id)
        if self._context.book.running(evse_id) is not None:
            await connection.commands.trigger_transaction(evse_id)

    async def _install_floors(self, connection: Connection, *, verify: bool) -> None:
        for evse_id, point in tuple(self._context.points.items()):
            answer = await point.limiter.install_floor(connection.commands, verify=verify)
            if answer != ACCEPTED:
                detail = f"The safe default limit was not taken: {answer}."
                self._context.report(FaultCode.COMMAND_REJECTED, detail, evse_id)
            await point.limiter.catch_up()
        self._context.memory.save_soon()
