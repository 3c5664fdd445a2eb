"""Bidirectional charging with a station: negotiating it, watching over it, ending it (OCPP 2.1, Q01, Q02, K15 to K20).

Vehicle and station tell what they can and want; what is agreed goes to control with the state of the charger, and is
forgotten with the transaction, with the permission, or when the station was away too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tidewatt.drivers.ocpp.agreement import Agreement
from tidewatt.drivers.ocpp.blocks.block import Answered, StationContext
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.drivers.ocpp.memory import TransactionRecord
from tidewatt.drivers.ocpp.point import Point
from tidewatt.drivers.ocpp.v2.exchange import Limits
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, integer, rows, text, to_wire_time, utc_now
from tidewatt.site import CommandError, FaultCode

from .capabilities import BIDIRECTIONAL, V2xCapabilities, read_capabilities, set_variables
from .modes import Modes
from .needs import ChargingNeeds, read_needs
from .negotiation import Offer, presumed
from .schedules import schedule_refusal
from .troubles import Troubles


@dataclass(slots=True)
class _Session:
    """What is known of the vehicle at one EVSE."""

    transaction_id: str = ""
    needs: ChargingNeeds | None = None
    needs_at_s: float = 0.0
    """When the vehicle said that, by our clock."""
    is_told: bool = False
    """Whether the vehicle knows that it may discharge."""
    could_discharge: bool = True
    """Whether the vehicle is able to, as far as it said."""
    evccid: str | None = field(default=None, repr=False)


class V2x:
    """Negotiates V2X for one station, and keeps it within what was agreed. Every version charges by it as well."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._capabilities: dict[int, V2xCapabilities] = {}
        self._sessions: dict[int, _Session] = {}
        self._forbidden: set[int] = set()
        self._tags: set[str] = set()
        self._offer = Offer(context, self.capabilities)
        self._troubles = Troubles(context)
        self.modes = Modes(context, self.capabilities)
        """The operation modes of this station's vehicles."""

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers the vehicle's needs and schedules."""
        if version is OcppVersion.V16:
            return {}
        common: dict[str, Handler] = {
            "NotifyEVChargingNeeds": self._on_needs,
            "NotifyEVChargingSchedule": self._on_schedule,
        }
        return common if version is OcppVersion.V201 else {**common, **self.modes.handlers()}

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Return what looks at messages that others answer, and may add to their answers."""
        if version is OcppVersion.V16:
            names = ("StartTransaction", "MeterValues")
            return {
                **dict.fromkeys(names, self._after_v16),
                "StatusNotification": self._after_status,
                "StopTransaction": self._after_stop,
            }
        return {
            "Authorize": self._after_authorize,
            "BootNotification": self._after_boot,
            "MeterValues": self._after_meter_values,
            "NotifyEvent": self._after_event,
            "StatusNotification": self._after_status_v2,
            "TransactionEvent": self._after_transaction,
        }

    async def prepare(self) -> None:
        """Learn what the EVSEs can, enable V2X where the charger may discharge, and negotiate what is not agreed."""
        if self._context.version() is not OcppVersion.V21:
            return
        limits = Limits(*self._context.record.message_limits.get("GetVariables", ()))
        for evse_id, point in tuple(self._context.points.items()):
            can = await read_capabilities(self._context.call, evse_id, limits)
            if can.is_bidirectional and not can.is_enabled and point.evse.charger.discharge_maximum_a > 0:
                await set_variables(self._context.call, evse_id, "V2XChargingCtrlr", {("Enabled", None): "true"})
                can = await read_capabilities(self._context.call, evse_id, limits)
            self._capabilities[evse_id] = can
            await self.modes.end_unwatched(evse_id)
            self._renegotiate(evse_id, point)

    def disconnected(self) -> None:
        """Keep what was agreed: whether it still holds is judged when the station is back."""
        self._forget_needs()
        self.modes.disconnected()

    def _forget_needs(self) -> None:
        for session in self._sessions.values():
            session.needs, session.is_told = None, False

    def diagnostics(self) -> dict[str, Any]:
        """Return how things stand per EVSE, without the vehicle's identity."""
        return {
            "evses": {
                evse_id: {
                    "v2x_enabled": self.capabilities(evse_id).is_enabled,
                    "operation_modes": sorted(self.capabilities(evse_id).operation_modes),
                    "permitted": self.is_permitted(evse_id),
                    "agreement": _words(point.evse.agreement),
                    "floor_pct": point.guard.floor_pct,
                    "soc_pct": point.guard.soc_pct(),
                    "discharging": point.guard.is_discharging,
                }
                for evse_id, point in self._context.points.items()
            },
            "operations": self.modes.diagnostics(),
        }

    def capabilities(self, evse_id: int) -> V2xCapabilities:
        """Return what an EVSE can do, as its station said when it connected."""
        return self._capabilities.get(evse_id, V2xCapabilities())

    def is_permitted(self, evse_id: int) -> bool:
        """Tell whether the vehicle at an EVSE may discharge: its charger is configured to, and nobody forbade it."""
        point = self._context.points.get(evse_id)
        return point is not None and point.evse.charger.discharge_maximum_a > 0 and evse_id not in self._forbidden

    async def permit(self, evse_id: int, permitted: bool) -> None:
        """Allow or forbid discharging at an EVSE from now on, also in the running transaction (Q02.FR.05).

        Forbidden, nothing is given back from this moment, whatever the station answers. CommandError, when it refuses
        to negotiate anew.
        """
        point = self._context.points[evse_id]
        (self._forbidden.discard if permitted else self._forbidden.add)(evse_id)
        if not permitted:
            self._withdraw(evse_id, point)
        running = self._context.book.running(evse_id)
        if running is None or self._context.version() is not OcppVersion.V21:
            return
        try:
            answer = await self._offer.allow(evse_id, running.transaction_id, permitted=self.is_permitted(evse_id))
        except OcppError as error:
            answer = str(error)
        if answer != ACCEPTED:
            raise CommandError(point.evse.charger.charger_id, "changing the permission to discharge", answer)
        self._expect_needs(evse_id, running)

    def evccid(self, evse_id: int) -> str | None:
        """Return the identity of the vehicle's charging controller (Q01.FR.02); None when the station did not say."""
        return self._sessions.get(evse_id, _Session()).evccid

    async def _on_needs(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a vehicle's needs; a schedule follows at once where there is a transaction to give it to."""
        self._context.heard()
        needs = read_needs(payload)
        point = self._context.points.get(needs.evse_id)
        if point is None:
            return {"status": "NoChargingProfile" if needs.is_iso_20 else "Rejected"}
        if needs.bidirectional and not self.is_permitted(needs.evse_id):
            detail = f"The vehicle asks for {needs.energy_transfer}, which is not permitted; it was refused."
            self._context.report(FaultCode.BIDIRECTIONAL_UNSUPPORTED, detail, needs.evse_id)
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NotAllowed"}}
        session = self._sessions.setdefault(needs.evse_id, _Session())
        age_s = 0.0 if needs.received_utc is None else (utc_now() - needs.received_utc).total_seconds()
        session.needs, session.needs_at_s = needs, self._context.clock() - max(0.0, age_s)
        running = self._context.book.running(needs.evse_id)
        if running is None:
            return {"status": "Processing"}
        self._agree(needs, point, running)
        return {"status": ACCEPTED}

    def _agree(self, needs: ChargingNeeds, point: Point, running: TransactionRecord) -> None:
        context = self._context
        session = self._sessions[needs.evse_id]
        session.transaction_id, session.could_discharge = running.transaction_id, needs.could_discharge
        # A vehicle that asks for charging only may never have heard that it may do more.
        session.is_told = session.is_told or needs.bidirectional
        point.evse.agreement = needs.agreement(
            point.evse.charger, context.settings.voltage_v, running.transaction_id, point.guard.floor_pct
        )
        if needs.soc_pct is not None:
            point.evse.take_soc(needs.soc_pct, session.needs_at_s)
        point.guard.check()
        context.push(needs.evse_id)
        context.tasks.spawn(self._offer.give(needs.evse_id, point, running.transaction_id))
        self._renegotiate(needs.evse_id, point)

    async def _on_schedule(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Check the schedule a vehicle chose; one that breaks its limits is refused and given limits anew."""
        self._context.heard()
        evse_id = integer(payload, "evseId") or 0
        point, running = self._context.points.get(evse_id), self._context.book.running(evse_id)
        if point is None or running is None:
            return {"status": ACCEPTED}
        agreement = point.evse.agreement
        if agreement is not None and agreement.is_dynamic:
            # The station tells its own schedule, which the vehicle does not choose (K19.FR.10).
            return {"status": ACCEPTED}
        volts = self._context.settings.voltage_v
        phases = len(point.evse.charger.phases)
        refusal = schedule_refusal(
            payload,
            charge_w=max(point.present_a, point.evse.charger.safe_a) * volts * phases,
            discharge_w=(point.evse.discharge_maximum_a(running) or 0.0) * volts * phases,
            voltage_v=volts,
            phases=phases,
        )
        if refusal is None:
            return {"status": ACCEPTED}
        self._context.report(FaultCode.SCHEDULING_CONFLICT, f"The vehicle's schedule was refused: {refusal}.", evse_id)
        self._context.tasks.spawn(self._offer.give(evse_id, point, running.transaction_id))
        return {"status": "Rejected", "statusInfo": {"reasonCode": "LimitExceeded", "additionalInfo": refusal}}

    def _after_authorize(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Name the transfers that the vehicle may choose from, where all EVSEs have V2X and the same (Q01.FR.01).

        Anything else waits until the EVSE is known (Q02.FR.03).
        """
        if self._context.version() is not OcppVersion.V21 or text(child(answer, "idTokenInfo"), "status") != ACCEPTED:
            return answer
        able = [evse_id for evse_id in self._context.points if self.capabilities(evse_id).is_enabled]
        offers = {self.capabilities(evse_id).transfers(bidirectional=self.is_permitted(evse_id)) for evse_id in able}
        if len(able) < len(self._context.points) or len(offers) != 1:
            return answer
        offer = offers.pop()
        tag = text(child(payload, "idToken"), "idToken")
        if tag is not None and not BIDIRECTIONAL.isdisjoint(offer):
            self._tags = {*sorted(self._tags)[-_MOST_TAGS:], tag.casefold()}
        return answer | {"allowedEnergyTransfer": list(offer)}

    def _after_transaction(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        info = child(payload, "transactionInfo")
        known = self._context.book.find(text(info, "transactionId", 36) or "")
        if known is None or payload.get("offline") is True:
            return answer
        evse_id = known.evse_id
        point = self._context.points.get(evse_id)
        if point is None:
            return answer
        self._troubles.take_transaction(payload, evse_id, point)
        running = self._context.book.running(evse_id)
        if running is known:
            self._follow(payload, evse_id, point, running)
        elif running is None:
            self._sessions.pop(evse_id, None)
            self.modes.forget(evse_id)
            point.guard.forget()
        return answer

    def _follow(self, payload: dict[str, Any], evse_id: int, point: Point, running: TransactionRecord) -> None:
        """Take what a running transaction tells: the vehicle's identity, and that its needs may be answered now."""
        session = self._sessions.setdefault(evse_id, _Session())
        if session.transaction_id not in ("", running.transaction_id):
            session = self._sessions[evse_id] = _Session()
        session.transaction_id = running.transaction_id
        session.evccid = _evccid(payload) or session.evccid
        tag = text(child(payload, "idToken"), "idToken")
        session.is_told = session.is_told or (tag is not None and tag.casefold() in self._tags)
        agreement = point.evse.agreement
        if session.needs is not None and (agreement is None or agreement.transaction_id != running.transaction_id):
            self._agree(session.needs, point, running)
        else:
            self._renegotiate(evse_id, point)
        self._presume(evse_id, point)
        point.guard.check()

    def _after_meter_values(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._look(integer(payload, "evseId"))
        return answer

    def _after_v16(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._look(integer(payload, "connectorId"))
        return answer

    def _after_stop(self, _: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        for evse_id, point in self._context.points.items():
            if self._context.book.running(evse_id) is None:
                point.guard.forget()
        return answer

    def _after_status(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._troubles.take_status(payload)
        self._look(integer(payload, "connectorId"))
        return answer

    def _after_boot(self, _: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Negotiate anew: what vehicles said before their station started counts no more."""
        self._forget_needs()
        return answer

    def _after_status_v2(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Forget a vehicle that has gone before its transaction began: the next one has not said what it needs."""
        evse_id = integer(payload, "evseId") or 0
        point = self._context.points.get(evse_id)
        if point is not None and point.evse.record.plugged is False and self._context.book.running(evse_id) is None:
            self._sessions.pop(evse_id, None)
        return answer

    def _after_event(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._troubles.take_events(payload)
        return answer

    def _look(self, evse_id: int | None) -> None:
        point = self._context.points.get(evse_id or 0)
        if point is not None and evse_id is not None:
            self._presume(evse_id, point)
            point.guard.check()

    def _presume(self, evse_id: int, point: Point) -> None:
        """Make the agreement of a station that discharges without negotiating."""
        running = self._context.book.running(evse_id)
        if running is None or point.evse.agreement is not None or not self.is_permitted(evse_id):
            return
        if not point.evse.transaction_is_confirmed:
            return
        point.evse.agreement = presumed(self._context, point.evse.charger, running.transaction_id)
        if point.evse.agreement is not None:
            self._context.push(evse_id)

    def _renegotiate(self, evse_id: int, point: Point) -> None:
        """Have a vehicle that could discharge, but was never told that it may, negotiate anew (Q02, steps 7 and 8)."""
        running = self._context.book.running(evse_id)
        session = self._sessions.setdefault(evse_id, _Session())
        can = self.capabilities(evse_id)
        if (
            running is None
            or not running.authorised
            or session.is_told
            or not session.could_discharge
            or (point.evse.agreement is not None and point.evse.agreement.bidirectional)
            or not (can.is_enabled and can.is_bidirectional and self.is_permitted(evse_id))
        ):
            return
        session.is_told = True
        self._context.tasks.spawn(self._invite(evse_id, running))

    async def _invite(self, evse_id: int, running: TransactionRecord) -> None:
        answer = await self._offer.allow(evse_id, running.transaction_id, permitted=True)
        if answer == ACCEPTED:
            self._expect_needs(evse_id, running)

    def _expect_needs(self, evse_id: int, running: TransactionRecord) -> None:
        """Wait for the needs that follow a changed permission (Q02.FR.07)."""
        session = self._sessions.setdefault(evse_id, _Session())
        session.needs = None
        self._context.tasks.spawn(self._report_silence(evse_id, running))

    async def _report_silence(self, evse_id: int, running: TransactionRecord) -> None:
        await asyncio.sleep(self._context.settings.schedule_deadline_s)
        session = self._sessions.get(evse_id)
        if session is None or session.needs is not None or self._context.book.running(evse_id) is not running:
            return
        deadline_s = self._context.settings.schedule_deadline_s
        detail = f"The vehicle did not say its needs within {deadline_s:g} s after the permission changed."
        self._context.report(FaultCode.SIGNAL_TIMEOUT, detail, evse_id)

    def _withdraw(self, evse_id: int, point: Point) -> None:
        """End discharging now: nothing is agreed any more."""
        self._sessions.pop(evse_id, None)
        point.evse.agreement = None
        point.guard.check()
        self._context.push(evse_id)


_MOST_TAGS = 16
"""Tags whose authorisation named the transfers allowed, of which no transaction has come yet."""


def _evccid(payload: dict[str, Any]) -> str | None:
    """Return the identity that a station adds to the tag of an ISO 15118-20 transaction."""
    infos = rows(child(payload, "idToken"), "additionalInfo")
    return next((text(info, "additionalIdToken") for info in infos if text(info, "type") == "EVCCID"), None)


def _words(agreement: Agreement | None) -> dict[str, Any] | None:
    """Return an agreement as diagnostics hold it."""
    if agreement is None:
        return None
    departure = agreement.departure_utc
    return asdict(agreement) | {"departure_utc": None if departure is None else to_wire_time(departure)}
