"""A scripted station that keeps and obeys its charging profiles by the rules of its OCPP version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import time
from typing import Any

from tests.drivers_ocpp import ocpp_v16_words, ocpp_v201_words
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V16, V201, RawStation, Rig, connected
from tidewatt.drivers.ocpp.blocks.charging_limits import ChargingLimits
from tidewatt.ocpp.charging import (
    Abilities,
    ChargingProfile,
    Limit,
    ProfileStore,
    RateUnit,
    Ruleset,
    TransactionView,
    amounts_from_wire,
    composite_to_wire,
    criteria_from_wire,
    profile_from_wire,
    purpose_from_wire,
    reports_to_wire,
)

RATED_A = 32.0


@dataclass
class Keeper:
    """The profiles of a station with one three-phase EVSE. `transaction_id` is the one that runs."""

    rules: Ruleset
    abilities: Abilities = field(default_factory=Abilities)
    transaction_id: str | None = None
    station: RawStation | None = None
    tasks: list[asyncio.Task[dict[str, Any]]] = field(default_factory=list)
    now_s: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.store = ProfileStore(self.rules, voltage_v=230.0, abilities=self.abilities)

    @property
    def view(self) -> TransactionView | None:
        """The running transaction."""
        if self.transaction_id is None:
            return None
        return TransactionView(transaction_id=self.transaction_id, started_utc_s=self.now_s() - 60)

    def limit(self, after_s: float = 0.0) -> Limit:
        """Return what the EVSE obeys some seconds from now."""
        return self.store.limit(1, self.now_s() + after_s, self.view, wired_phases=3)

    def hold(self, profile: ChargingProfile, *, from_outside: bool = False) -> None:
        """Have somebody else install a profile."""
        view = self.view
        assert self.store.install(profile, [1], view, utc_s=self.now_s(), from_outside=from_outside) is None

    def ids(self) -> set[int]:
        """Return the ids of the profiles held."""
        return {held.profile_id for held in self.store.profiles}

    def send(self, action: str, payload: dict[str, Any]) -> None:
        """Have the station call soon."""
        assert self.station is not None
        self.tasks.append(asyncio.create_task(self.station.call(action, payload)))

    def answers(self) -> dict[str, Any]:
        """Return what the station answers."""
        return {
            "SetChargingProfile": self._set,
            "UpdateDynamicSchedule": self._update,
            "ClearChargingProfile": self._clear,
            "GetCompositeSchedule": self._composite,
            "GetChargingProfiles": self._get,
        }

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        document = request.get("csChargingProfiles") or request["chargingProfile"]
        evse_id = request["connectorId"] if self.rules is Ruleset.V16 else request["evseId"]
        profile = profile_from_wire(document, evse_id, self.rules)
        return self._answer(self.store.install(profile, [1], self.view, utc_s=self.now_s()))

    def _update(self, request: dict[str, Any]) -> dict[str, Any]:
        amounts = amounts_from_wire(request["scheduleUpdate"])
        return self._answer(self.store.update(request["chargingProfileId"], amounts, self.now_s()))

    def _answer(self, reason: str | None) -> dict[str, Any]:
        if reason is None:
            return ACCEPTED
        info = {} if self.rules is Ruleset.V16 else {"statusInfo": {"reasonCode": reason}}
        return {"status": "Rejected"} | info

    def _clear(self, request: dict[str, Any]) -> dict[str, Any]:
        criteria = request if self.rules is Ruleset.V16 else request.get("chargingProfileCriteria", {})
        purpose = criteria.get("chargingProfilePurpose")
        found = self.store.clear(
            profile_id=request.get("id" if self.rules is Ruleset.V16 else "chargingProfileId"),
            evse_id=criteria.get("connectorId" if self.rules is Ruleset.V16 else "evseId"),
            purpose=None if purpose is None else purpose_from_wire(purpose),
            stack_level=criteria.get("stackLevel"),
        )
        return ACCEPTED if found else {"status": "Unknown"}

    def _composite(self, request: dict[str, Any]) -> dict[str, Any]:
        unit = RateUnit(request.get("chargingRateUnit", "A"))
        steps = self.store.composite(1, self.now_s(), request["duration"], self.view, wired_phases=3)
        periods = composite_to_wire(steps, unit, self.rules, rated_a=RATED_A, voltage_v=230.0)
        schedule = {"duration": request["duration"], "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
        if self.rules is Ruleset.V16:
            return {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}
        schedule |= {"evseId": 1, "scheduleStart": "2026-01-01T00:00:00Z"}
        return {"status": "Accepted", "schedule": schedule}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self.store.select(**criteria_from_wire(request))
        if not found:
            return {"status": "NoProfiles"}
        for report in reports_to_wire(found, request["requestId"], self.rules):
            self.send("ReportChargingProfiles", report)
        return ACCEPTED


@asynccontextmanager
async def obeying(rig: Rig, keeper: Keeper, **more: Any) -> AsyncIterator[RawStation]:
    """Connect a station that keeps its profiles, and start a transaction on it."""
    version = {Ruleset.V16: V16, Ruleset.V201: V201, Ruleset.V21: "ocpp2.1"}[keeper.rules]
    async with connected(rig, version=version, answers=more | keeper.answers()) as station:
        keeper.station = station
        if keeper.rules is Ruleset.V16:
            keeper.transaction_id = str(await ocpp_v16_words.charging(station))
        else:
            keeper.transaction_id = ocpp_v201_words.TX
            await ocpp_v201_words.charging(station)
        yield station
        await asyncio.gather(*keeper.tasks)


def limits(rig: Rig) -> ChargingLimits:
    """Return the block that watches over the limits of the station."""
    return rig.system.station("left").block(ChargingLimits)
