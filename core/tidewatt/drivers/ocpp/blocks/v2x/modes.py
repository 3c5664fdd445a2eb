"""Operation modes and priority charging: what a person or an aggregator asks for beside control's setpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import Any

from tidewatt.drivers.ocpp.blocks.block import StationContext
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.drivers.ocpp.memory import TransactionRecord
from tidewatt.drivers.ocpp.point import Point
from tidewatt.drivers.ocpp.profiles import Slot
from tidewatt.ocpp.charging import OperationMode, Period, ProfileKind
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import integer, text, to_wire_time, utc_now
from tidewatt.site import CommandError, SiteError

from .capabilities import (
    DYNAMIC_PROFILES,
    EVSE_SLEEP,
    LIMIT_AT_SOC,
    MAX_OFFLINE_DURATION,
    V2xCapabilities,
    set_variables,
)
from .negotiation import Offer
from .operations import Bounds, ChargingOnly, Idle, LocalLoadBalancing, Operation, signals
from .profiles import OPERATION_LEVEL, ProfileWriter, operation_id, priority_id

_LOGGER = logging.getLogger(__name__)

_NO_UPDATE = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}
_OPERATION = "operation"
_PRIORITY = "PriorityCharging"

_ALONE_S = 300
"""A vehicle whose station has lost us may go on to discharge for so long at most, where nobody watches its floor."""


@dataclass(slots=True)
class _Active:
    """An operation as its station holds it."""

    operation: Operation
    values: dict[str, Any]
    transaction_id: str
    expires_at_s: float
    is_dynamic: bool


class Modes:
    """Puts the vehicles of one station into operation modes. One mode holds per EVSE, above control's setpoints."""

    def __init__(self, context: StationContext, capabilities: Callable[[int], V2xCapabilities]) -> None:
        self._context = context
        self._capabilities = capabilities
        self._offer = Offer(context, capabilities)
        self._active: dict[int, _Active] = {}
        self._prioritised: dict[int, bool] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers stations of 2.1."""
        return {"NotifyPriorityCharging": self._on_priority, "PullDynamicScheduleUpdate": self._on_pull}

    def active(self, evse_id: int) -> Operation | None:
        """Return the operation that holds at an EVSE."""
        active = self._active.get(evse_id)
        return active.operation if active is not None and active.expires_at_s > self._context.clock() else None

    def is_prioritised(self, evse_id: int) -> bool:
        """Tell whether the station says that the vehicle at an EVSE charges with priority."""
        return self._prioritised.get(evse_id, False)

    async def operate(self, evse_id: int, operation: Operation) -> None:
        """Put the vehicle at an EVSE into an operation mode for its `duration_s`; asked again, that starts anew.

        Below it lies what control sets, and below that the safe current: both hold again when the mode ends. Powers are
        cut to what is agreed and configured. CommandError, saying why, where the station does not support the mode,
        where it discharges and that may not be, or where the station refuses; SiteError for values that cannot be.
        """
        point, running = self._target(evse_id, f"operation mode {operation.mode}")
        can = self._capabilities(evse_id)
        self._require_support(point, operation, can)
        if operation.can_discharge:
            point.guard.require(point.evse.charger.charger_id, f"operation mode {operation.mode}")
        values = operation.period(self._bounds(point, running))
        if isinstance(operation, LocalLoadBalancing):
            self._require(point, operation, await self._set_thresholds(evse_id, operation))
        if operation.can_discharge:
            self._watch(point)
        answer = await self._send(point, running, operation, values)
        # Refused or not answered, another mode may hold, or this one: the watch goes on.
        self._require(point, operation, answer)
        if operation.can_discharge:
            self._watch(point)
        else:
            point.guard.release(_OPERATION)
        await self._context.memory.save()

    async def end(self, evse_id: int) -> None:
        """End the operation mode at an EVSE: control's setpoint holds again. CommandError when the station refuses."""
        point = self._context.points.get(evse_id)
        if point is None:
            raise CommandError(self._context.station_id, "ending the operation mode", f"EVSE {evse_id} is unknown")
        await self._end(point)

    async def end_unwatched(self, evse_id: int) -> None:
        """End a mode that the station was put in before Tidewatt was restarted: nobody watches over it any more."""
        point = self._context.points.get(evse_id)
        if point is None or evse_id in self._active or self._context.profiles.find(operation_id(evse_id)) is None:
            return
        self._watch(point)
        try:
            await self._end(point)
        except CommandError as error:
            _LOGGER.info("%s", error)

    async def signal(self, evse_id: int, value: int, at_utc: datetime | None = None) -> None:
        """Pass a grid operator's signal (aFRR) on, as of now or a moment to come (Q08.FR.12).

        CommandError unless a LocalFrequency operation holds at the EVSE whose signal curve knows the value.
        """
        point, _ = self._target(evse_id, "the aFRR signal")
        known = list(signals(active)) if (active := self.active(evse_id)) is not None else []
        if not known:
            raise self._failure(point, "the aFRR signal", "no LocalFrequency operation with a signal curve holds")
        if not min(known) <= value <= max(known):
            answer = f"its value {value} is beyond the signal curve, {min(known)} to {max(known)}"
            raise self._failure(point, "the aFRR signal", answer)
        request = {"timestamp": to_wire_time(at_utc or utc_now()), "signal": value}
        await self._demand(point, "the aFRR signal", "AFRRSignal", request)

    async def prioritise(self, evse_id: int, limit_a: float | None) -> None:
        """Charge with priority with at most `limit_a` per phase, whatever else limits; None ends that (K21).

        The station then follows no setpoint of control, so the limit must be one the site can always carry. It is cut
        to the charger's maximum. CommandError when the station cannot, or refuses.
        """
        point, running = self._target(evse_id, "priority charging")
        if limit_a is not None:
            if _PRIORITY not in self._capabilities(evse_id).purposes:
                raise self._failure(point, "priority charging", "the station does not support it")
            if not limit_a >= 0:
                raise SiteError("limit_a", limit_a, "Give a current in A, zero or more.")
            writer = self._writer(point)
            volts = self._context.settings.voltage_v * len(point.evse.charger.phases)
            profile = writer.priority(min(limit_a, point.evse.charger.maximum_a) * volts)
            answer = await self._attempt(self._offer.install(evse_id, profile))
            if answer != ACCEPTED:
                raise self._failure(point, "priority charging", answer)
        request = {"transactionId": running.transaction_id, "activate": limit_a is not None}
        await self._demand(point, "priority charging", "UsePriorityCharging", request)
        if limit_a is None:
            await self._clear(point, priority_id(evse_id), "ending priority charging")

    def _watch(self, point: Point) -> None:
        point.guard.hold(_OPERATION, lambda: self._end(point))

    async def _end(self, point: Point) -> None:
        evse_id = point.evse.charger.endpoint.evse_id
        self._active.pop(evse_id, None)
        await self._clear(point, operation_id(evse_id), "ending the operation mode")
        point.guard.release(_OPERATION)

    def forget(self, evse_id: int) -> None:
        """Assume nothing about an EVSE's modes any more: they end with their transaction."""
        self._active.pop(evse_id, None)
        self._prioritised.pop(evse_id, None)
        point = self._context.points.get(evse_id)
        if point is not None:
            point.guard.release(_OPERATION)

    def disconnected(self) -> None:
        """Take nothing for granted that the station may have dropped meanwhile: the next update installs anew."""
        for active in self._active.values():
            active.is_dynamic = False

    def diagnostics(self) -> dict[str, Any]:
        """Return which modes hold."""
        return {
            str(evse_id): {"mode": active.operation.mode, "values": active.values, "dynamic": active.is_dynamic}
            for evse_id, active in self._active.items()
        } | {"priority": sorted(evse_id for evse_id, is_on in self._prioritised.items() if is_on)}

    async def _send(
        self,
        point: Point,
        running: TransactionRecord,
        operation: Operation,
        values: dict[str, Any],
    ) -> str:
        """Update the dynamic profile the station has of this mode, else install one."""
        evse_id = point.evse.charger.endpoint.evse_id
        writer = self._writer(point)
        active = self._active.get(evse_id)
        expires_at_s = self._context.clock() + operation.duration_s
        update = writer.update(values)
        if active is not None and update and self._is_updatable(active, operation, running):
            request = {"chargingProfileId": operation_id(evse_id), "scheduleUpdate": update}
            answer = await self._attempt(self._offer.ask("UpdateDynamicSchedule", request))
            if answer == ACCEPTED:
                active.operation, active.values, active.expires_at_s = operation, values, expires_at_s
                return answer
        profile = writer.operation(operation, values, running.transaction_id, self._capabilities(evse_id))
        answer = await self._attempt(self._offer.install(evse_id, profile))
        if answer == ACCEPTED:
            is_dynamic = profile["chargingProfileKind"] == "Dynamic"
            self._active[evse_id] = _Active(operation, values, running.transaction_id, expires_at_s, is_dynamic)
        return answer

    def _is_updatable(self, active: _Active, operation: Operation, running: TransactionRecord) -> bool:
        return (
            active.is_dynamic
            and active.operation.mode is operation.mode
            and active.operation.duration_s == operation.duration_s
            and active.transaction_id == running.transaction_id
        )

    async def _on_pull(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer with the values that hold now; a profile that is not dynamic has none (K28.FR.07, K28.FR.12).

        What nobody renews any more is not renewed by the station's asking: the dead-man's switch must work.
        """
        self._context.heard()
        profile_id = integer(payload, "chargingProfileId") or 0
        evse_id = profile_id // 10
        point = self._context.points.get(evse_id)
        amounts: Mapping[str, float] | None = None
        if point is not None and profile_id == operation_id(evse_id):
            amounts = self._operation_amounts(evse_id, point)
        elif point is not None and profile_id == Slot.TRANSACTION.profile_id(evse_id):
            amounts = point.limiter.pulled()
        return _NO_UPDATE if amounts is None else {"status": ACCEPTED, "scheduleUpdate": dict(amounts)}

    def _operation_amounts(self, evse_id: int, point: Point) -> dict[str, float] | None:
        """Return the values of the dynamic profile of the mode that holds, as long as it may."""
        operation, held = self.active(evse_id), self._context.profiles.find(operation_id(evse_id))
        if operation is None or held is None or held.kind is not ProfileKind.DYNAMIC:
            return None
        if operation.can_discharge and point.guard.refusal() is not None:
            return None
        return _values(held.schedule.periods[0])

    async def _on_priority(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Note that priority charging began or ended, by us or at the station (K21.FR.09, K22.FR.06)."""
        self._context.heard()
        transaction = self._context.book.find(text(payload, "transactionId", 36) or "")
        if transaction is not None:
            self._prioritised[transaction.evse_id] = payload.get("activated") is True
            self._context.push(transaction.evse_id)
        return {}

    def _bounds(self, point: Point, running: TransactionRecord) -> Bounds:
        volts = self._context.settings.voltage_v * len(point.evse.charger.phases)
        charger, agreement = point.evse.charger, point.evse.agreement
        charge_w = charger.maximum_a * volts
        discharge_w = charger.discharge_maximum_a * volts
        if agreement is None or agreement.transaction_id != running.transaction_id:
            return Bounds(charge_w, 0.0, is_covered=False)
        return Bounds(
            charge_w=charge_w if agreement.maximum_charge_w is None else min(charge_w, agreement.maximum_charge_w),
            discharge_w=(point.evse.discharge_maximum_a(running) or 0.0) * volts,
            is_covered=agreement.maximum_charge_w is not None
            and agreement.maximum_charge_w <= charge_w
            and agreement.maximum_discharge_w is not None
            and agreement.maximum_discharge_w <= discharge_w,
        )

    def _require_support(self, point: Point, operation: Operation, can: V2xCapabilities) -> None:
        """Refuse what the device model says the station cannot do (K01.FR.115, Q09.FR.01)."""
        command = f"operation mode {operation.mode}"
        level = self._context.record.max_stack_level
        if self._context.version() is not OcppVersion.V21:
            raise self._failure(point, command, "the station is not connected with OCPP 2.1")
        if operation.mode not in can.operation_modes:
            known = ", ".join(sorted(can.operation_modes))
            raise self._failure(point, command, f"the station supports {known}")
        if level is not None and level < OPERATION_LEVEL:
            raise self._failure(point, command, f"it needs stack level {OPERATION_LEVEL}, the station has {level}")
        if operation.mode is OperationMode.CENTRAL_FREQUENCY and DYNAMIC_PROFILES not in can.features:
            raise self._failure(point, command, "the station does not support dynamic profiles")
        if operation.mode is OperationMode.LOCAL_FREQUENCY and "W" not in self._context.record.rate_units:
            raise self._failure(point, command, "the station knows no limits in W")
        if operation.can_discharge and operation.duration_s > _ALONE_S and MAX_OFFLINE_DURATION not in can.features:
            answer = f"the station does not end it when it is alone; give at most {_ALONE_S} s and repeat it"
            raise self._failure(point, command, answer)
        if isinstance(operation, Idle) and operation.sleep and EVSE_SLEEP not in can.features:
            raise self._failure(point, command, "the station cannot turn its electronics off")
        if isinstance(operation, ChargingOnly) and operation.soc_pct is not None and LIMIT_AT_SOC not in can.features:
            raise self._failure(point, command, "the station does not support limits at a state of charge")

    async def _set_thresholds(self, evse_id: int, operation: LocalLoadBalancing) -> str:
        return await self._attempt(
            set_variables(self._context.call, evse_id, "V2XChargingCtrlr", operation.variables())
        )

    def _target(self, evse_id: int, command: str) -> tuple[Point, TransactionRecord]:
        """Return an EVSE that is configured and its running transaction; CommandError where one is missing."""
        point, running = self._context.points.get(evse_id), self._context.book.running(evse_id)
        if point is None:
            raise CommandError(self._context.station_id, command, f"EVSE {evse_id} is not configured")
        if running is None:
            raise self._failure(point, command, "no transaction runs")
        return point, running

    def _writer(self, point: Point) -> ProfileWriter:
        context = self._context
        return ProfileWriter(point.evse.charger, context.record, context.settings.voltage_v, point.evse.agreement)

    async def _clear(self, point: Point, profile_id: int, command: str) -> None:
        answer = await self._attempt(self._offer.ask("ClearChargingProfile", {"chargingProfileId": profile_id}))
        if answer not in (ACCEPTED, "Unknown"):
            raise self._failure(point, command, answer)

    async def _demand(self, point: Point, command: str, action: str, request: dict[str, Any]) -> None:
        answer = await self._attempt(self._offer.ask(action, request))
        if answer != ACCEPTED:
            raise self._failure(point, command, answer)

    async def _attempt(self, asking: Any) -> str:
        try:
            return str(await asking)
        except OcppError as error:
            return str(error)

    def _require(self, point: Point, operation: Operation, answer: str) -> None:
        if answer != ACCEPTED:
            raise self._failure(point, f"operation mode {operation.mode}", answer)

    def _failure(self, point: Point, command: str, answer: str) -> CommandError:
        return CommandError(point.evse.charger.charger_id, command, answer)


def _values(period: Period) -> dict[str, float]:
    """Return the amounts of a dynamic profile's period as an update has them."""
    amounts = {
        "limit": period.limit,
        "dischargeLimit": period.discharge_limit,
        "setpoint": period.setpoint,
        "setpointReactive": period.setpoint_reactive,
    }
    return {name: value for name, value in amounts.items() if value is not None}
