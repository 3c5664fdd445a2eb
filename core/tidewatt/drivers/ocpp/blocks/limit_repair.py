"""Putting right what somebody else changed about a station's limits, and telling of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import math

from tidewatt.drivers.ocpp.dialect import ACCEPTED, Commands
from tidewatt.drivers.ocpp.memory import StationRecord
from tidewatt.drivers.ocpp.point import Point
from tidewatt.drivers.ocpp.profiles import ProfileBook, ProfileReports, Slot, compare, exceeds, is_looser
from tidewatt.ocpp.charging import ChargingProfile, OperationMode, Purpose, RateUnit

_MOST_TOLD = 5
"""So many profiles of others are judged at a time; of more, only their number is told."""

_MOST_REMEMBERED = 100


class Repair:
    """Acts on what a station reports. `report` hears of every difference once, with what was done about it."""

    def __init__(
        self,
        book: ProfileBook,
        points: Mapping[int, Point],
        record: StationRecord,
        report: Callable[[str, int | None], None],
    ) -> None:
        self._book = book
        self._points = points
        self._record = record
        self._report = report
        self._told: set[str] = set()

    async def compare(self, commands: Commands, reports: ProfileReports) -> None:
        """Compare all profiles that the station holds with those it should hold."""
        findings = compare(self._book.profiles, reports.profiles, self._book.now_s())
        self._book.replace_external(findings.external)
        for profile in findings.foreign[:_MOST_TOLD]:
            await self._judge(commands, profile)
        if len(findings.foreign) > _MOST_TOLD:
            self._tell(f"The station holds {len(findings.foreign)} profiles that are not Tidewatt's.", None)
        lost = [*findings.missing, *findings.changed]
        if not lost:
            return
        for profile in lost:
            state = "is gone" if profile in findings.missing else "is another one now"
            action = "comes with the next operation mode" if _is_for_v2x(profile) else "is installed again"
            self._tell(f"Tidewatt's {_named(profile)} {state}; it {action}.", profile.evse_id, once=False)
        self._book.forget([profile.profile_id for profile in lost])
        for evse_id in {profile.evse_id for profile in lost}:
            has_lost_floor = any(
                profile.purpose is Purpose.TX_DEFAULT and profile.evse_id == evse_id for profile in lost
            )
            await self._restore(commands, evse_id, floor=has_lost_floor)

    async def check(self, commands: Commands, evse_id: int) -> None:
        """Compare the limit that the station says it keeps with the one that its profiles make.

        Without a transaction nothing flows, and not every station reckons with its default then.
        """
        point = self._points.get(evse_id)
        if point is None or not self._book.is_running(evse_id):
            return
        charger, revision = point.evse.charger, self._book.revision
        expected = self._book.expected(charger)
        if expected.operation_mode is not OperationMode.CHARGING_ONLY or expected.setpoint_a is not None:
            # What flows then is not told by a limit.
            return
        unit = RateUnit.A if RateUnit.A in self._record.rate_units else RateUnit.W
        limits = await commands.composite_limits(evse_id, 60, unit)
        if not limits or self._book.revision != revision:
            return
        told_a = limits[0] if unit is RateUnit.A else self._book.amperes(limits[0], len(charger.phases))
        wanted_a = min(expected.current_a, charger.maximum_a)
        if math.isfinite(expected.current_a) and exceeds(told_a, expected.current_a):
            detail = (
                f"The station lets the vehicle draw {told_a:.3g} A where Tidewatt's profiles allow"
                f" {expected.current_a:.3g} A; they are installed again."
            )
            if self._tell(detail, evse_id):
                await self._restore(commands, evse_id, floor=True)
        else:
            self._note_cap(evse_id, told_a if exceeds(wanted_a, told_a) else None, wanted_a)

    def _note_cap(self, evse_id: int, told_a: float | None, wanted_a: float) -> None:
        """Tell of a limit below ours that is new; it is remembered over restarts, so that it is told once."""
        evse, rounded_a = self._record.evse(evse_id), None if told_a is None else float(round(told_a))
        if rounded_a is not None and rounded_a != evse.lower_limit_a:
            detail = (
                f"The station limits the vehicle to {told_a:.3g} A where Tidewatt allows {wanted_a:.3g} A: by its"
                " rating, or because somebody else wants it. It is respected."
            )
            self._report(detail, evse_id)
        evse.lower_limit_a = rounded_a

    async def _judge(self, commands: Commands, profile: ChargingProfile) -> None:
        """Leave what allows less than ours, remove what allows more; nobody's station maximum is touched."""
        chargers = [point.evse.charger for number, point in self._points.items() if profile.evse_id in (0, number)]
        loosens = any(
            is_looser(self._book.expected(charger, besides=profile), self._book.expected(charger))
            for charger in chargers
        )
        what = f"Somebody else has installed {_named(profile)}"
        if loosens and profile.purpose in (Purpose.TX, Purpose.TX_DEFAULT, Purpose.PRIORITY):
            answer = await self._book.remove(commands, profile.profile_id)
            done = "it was removed" if answer == ACCEPTED else f"the station does not remove it: {answer}"
            self._tell(f"{what}, which allows more than Tidewatt; {done}.", profile.evse_id or None, once=False)
        else:
            self._tell(f"{what}; it is left where it is, for it allows no more than Tidewatt.", profile.evse_id or None)

    async def _restore(self, commands: Commands, evse_id: int, *, floor: bool) -> None:
        point = self._points.get(evse_id)
        if point is not None and self._book.budget.take(evse_id, 1.0):
            await point.limiter.restore(commands, floor=floor)

    def _tell(self, detail: str, evse_id: int | None, *, once: bool = True) -> bool:
        """Report something, if `once` only the first time; tells whether it was new."""
        is_new = detail not in self._told
        if len(self._told) >= _MOST_REMEMBERED:
            self._told.clear()
        self._told.add(detail)
        if is_new or not once:
            self._report(detail, evse_id)
        return is_new


def _is_for_v2x(profile: ChargingProfile) -> bool:
    return profile.profile_id % 10 not in set(Slot)


def _named(profile: ChargingProfile) -> str:
    """Return a profile in words: what for, where, how strong."""
    period = profile.schedule.periods[0]
    amount = period.limit if period.setpoint is None else period.setpoint
    worth = "" if amount is None else f", {amount:g} {profile.schedule.unit}"
    where = f"EVSE {profile.evse_id}" if profile.evse_id else "the whole station"
    return f"profile {profile.profile_id} ({profile.purpose}, level {profile.stack_level}{worth}) of {where}"
