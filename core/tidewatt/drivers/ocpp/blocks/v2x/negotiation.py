"""The central system's half of a negotiation: what is allowed, and the schedule that a vehicle's needs are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tidewatt.drivers.ocpp.agreement import Agreement
from tidewatt.drivers.ocpp.blocks.block import StationContext
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.drivers.ocpp.point import Point
from tidewatt.drivers.ocpp.quirks import Quirk
from tidewatt.ocpp.errors import OcppCallError, OcppError, OcppTimeoutError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import child, text
from tidewatt.site import Charger, FaultCode

from .capabilities import V2xCapabilities
from .profiles import ProfileWriter


class Offer:
    """Tells a station what its vehicles may do, and gives them schedules."""

    def __init__(self, context: StationContext, capabilities: Callable[[int], V2xCapabilities]) -> None:
        self._context = context
        self._capabilities = capabilities

    async def allow(self, evse_id: int, transaction_id: str, *, permitted: bool) -> str:
        """Send NotifyAllowedEnergyTransfer (Q02.FR.05); the status word of the answer."""
        transfers = self._capabilities(evse_id).transfers(bidirectional=permitted)
        request = {"transactionId": transaction_id, "allowedEnergyTransfer": list(transfers)}
        return await self.ask("NotifyAllowedEnergyTransfer", request)

    async def give(self, evse_id: int, point: Point, transaction_id: str) -> None:
        """Give a transaction its schedule in time: the safe current to fall back to, and control's newest setpoint.

        A station that does not answer is asked again until the vehicle no longer waits.
        """
        settings = self._context.settings
        try:
            async with asyncio.timeout(settings.schedule_deadline_s):
                answer = await self._give_fallback(evse_id, point, transaction_id)
                point.limiter.forget()
                await point.limiter.catch_up()
        except (TimeoutError, OcppError) as error:
            detail = f"The vehicle's needs got no schedule within {settings.schedule_deadline_s:g} s: {error}"
            self._context.report(FaultCode.SIGNAL_TIMEOUT, detail, evse_id)
            return
        if answer != ACCEPTED:
            self._context.report(
                FaultCode.COMMAND_REJECTED, f"The vehicle's schedule was not taken: {answer}.", evse_id
            )

    async def _give_fallback(self, evse_id: int, point: Point, transaction_id: str) -> str:
        """Install the profile of the safe current for a transaction; the status word of the answer."""
        version, record = self._context.version(), self._context.record
        if version is None or (record.max_stack_level == 0 and point.limiter.is_behind):
            # There is one level only, and control's own setpoint waits for it.
            return ACCEPTED
        writer = ProfileWriter(point.evse.charger, record, self._context.settings.voltage_v, point.evse.agreement)
        profile = writer.fallback(transaction_id, names_mode=version is OcppVersion.V21)
        while True:
            try:
                return await self.install(evse_id, profile)
            except OcppTimeoutError:
                continue

    async def install(self, evse_id: int, profile: dict[str, Any]) -> str:
        """Send a profile, also where one of somebody else's is in its place; the status word with its reason."""
        request = {"evseId": evse_id, "chargingProfile": profile}
        answer = await self.ask("SetChargingProfile", request)
        if "DuplicateProfile" in answer:
            criteria = {
                "evseId": evse_id,
                "chargingProfilePurpose": profile["chargingProfilePurpose"],
                "stackLevel": profile["stackLevel"],
            }
            await self.ask("ClearChargingProfile", {"chargingProfileCriteria": criteria})
            answer = await self.ask("SetChargingProfile", request)
        return answer

    async def ask(self, action: str, request: dict[str, Any]) -> str:
        """Call the station; the status word of its answer with its reason, a CALLERROR's code included."""
        try:
            answer = await self._context.call(action, request)
        except OcppCallError as error:
            return str(error)
        status = text(answer, "status") or "an answer without status"
        reason = text(child(answer, "statusInfo"), "reasonCode")
        return f"{status} ({reason})" if reason and status != ACCEPTED else status


def presumed(context: StationContext, charger: Charger, transaction_id: str) -> Agreement | None:
    """Return the agreement of a station with the quirk of negative limits: what the charger is configured for."""
    if Quirk.NEGATIVE_LIMIT not in context.record.quirks or context.version() is OcppVersion.V21:
        return None
    volts = context.settings.voltage_v * len(charger.phases)
    return Agreement(
        transaction_id=transaction_id,
        energy_transfer=Quirk.NEGATIVE_LIMIT.value,
        bidirectional=True,
        maximum_charge_w=charger.maximum_a * volts,
        maximum_discharge_w=charger.discharge_maximum_a * volts,
    )
