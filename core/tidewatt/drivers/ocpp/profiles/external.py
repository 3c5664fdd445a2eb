"""Limits that others give a station, as it tells of them (OCPP 2.x, K09 and K11 to K13)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
import itertools
import logging
from typing import Any

from tidewatt.ocpp.charging import ChargingProfile, Purpose, RateUnit, Ruleset, profile_from_wire
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import child, integer, rows, text, to_wire_time, utc_now

from .book import ProfileBook

_LOGGER = logging.getLogger(__name__)

_MOST_PROFILES = 500
_MOST_LIMITS = 50
"""A station that tells more is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimit:
    """A limit from `source` on an EVSE (0: the whole station), in the unit of its schedule if it told one."""

    source: str
    evse_id: int
    amount: float | None
    unit: RateUnit | None
    is_generation: bool = False
    is_grid_critical: bool = False


def describe(limit: ExternalLimit) -> str:
    """Return a sentence about a limit."""
    where = f"EVSE {limit.evse_id}" if limit.evse_id else "the station"
    amount = "" if limit.amount is None or limit.unit is None else f" to {limit.amount:g} {limit.unit}"
    if limit.is_generation:
        return f"{limit.source} lets {where} draw more by local generation{amount.replace(' to', ' of')}."
    critical = ", which the grid depends on" if limit.is_grid_critical else ""
    return f"{limit.source} limits {where}{amount}{critical}."


class ExternalLimits:
    """Remembers the limits from outside, and has them in the station's book so that its doings can be expected."""

    def __init__(self, book: ProfileBook) -> None:
        self._book = book
        self._numbers = itertools.count(1)
        self._limits: dict[tuple[str, int, bool], tuple[ExternalLimit, int]] = {}

    def take(self, payload: dict[str, Any], version: OcppVersion) -> ExternalLimit | None:
        """Take a NotifyChargingLimit; returns the limit when it is new, None when it only changed or cannot be read."""
        told = child(payload, "chargingLimit")
        source = text(told, "chargingLimitSource", 20)
        if source is None:
            return None
        is_generation = told.get("isLocalGeneration") is True
        evse_id = integer(payload, "evseId") or 0
        profile = self._profile(payload, source, evse_id, version, is_generation=is_generation)
        key = (source, evse_id, is_generation)
        is_new = key not in self._limits
        if is_new and len(self._limits) >= _MOST_LIMITS:
            return None
        number = next(self._numbers) if is_new else self._limits[key][1]
        limit = ExternalLimit(
            source=source,
            evse_id=evse_id,
            amount=None if profile is None else profile.schedule.periods[0].limit,
            unit=None if profile is None else profile.schedule.unit,
            is_generation=is_generation,
            is_grid_critical=told.get("isGridCritical") is True,
        )
        self._limits[key] = (limit, number)
        if profile is not None:
            self._book.note_external(profile, number)
        return limit if is_new else None

    def clear(self, source: str, evse_id: int | None) -> None:
        """Forget the limits of a source, on one EVSE or everywhere."""
        for key in [key for key in self._limits if key[0] == source and evse_id in (None, key[1])]:
            del self._limits[key]
        self._book.forget_external(source, evse_id)

    def diagnostics(self) -> list[str]:
        """Return a sentence about each limit."""
        return [describe(limit) for limit, _ in self._limits.values()]

    @staticmethod
    def _profile(
        payload: dict[str, Any], source: str, evse_id: int, version: OcppVersion, *, is_generation: bool
    ) -> ChargingProfile | None:
        schedules = rows(payload, "chargingSchedule")
        if not schedules:
            return None
        purpose = Purpose.LOCAL_GENERATION if is_generation else Purpose.EXTERNAL
        document = {
            "id": 0,
            "stackLevel": 0,
            "chargingProfilePurpose": purpose.value,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [{"startSchedule": to_wire_time(utc_now())} | schedules[0]],
        }
        try:
            return profile_from_wire(document, evse_id, Ruleset.of(version), source=source)
        except ValueError as error:
            _LOGGER.debug("The limit of %s cannot be read: %s", source, error)
            return None


class ProfileReports:
    """Collects the answers to one GetChargingProfiles."""

    def __init__(self, request_id: int, version: OcppVersion) -> None:
        self.request_id = request_id
        self.profiles: list[ChargingProfile] = []
        self.are_complete = asyncio.Event()
        self._rules = Ruleset.of(version)

    def take(self, payload: dict[str, Any]) -> None:
        """Take one ReportChargingProfiles; profiles that make no sense are left out."""
        evse_id = integer(payload, "evseId") or 0
        source = text(payload, "chargingLimitSource", 20) or "CSO"
        for document in rows(payload, "chargingProfile")[: _MOST_PROFILES - len(self.profiles)]:
            try:
                self.profiles.append(profile_from_wire(document, evse_id, self._rules, source=source))
            except ValueError as error:
                _LOGGER.debug("A reported profile cannot be read: %s", error)
        if payload.get("tbc") is not True:
            self.are_complete.set()
