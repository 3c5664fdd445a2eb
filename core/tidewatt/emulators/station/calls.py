"""What the answers of all OCPP versions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tidewatt.ocpp.charging import EvseView, RateUnit, composite_to_wire

from .answers import ACCEPTED, REJECTED, Payload
from .outlet import Outlet
from .station import Station


class Calls:
    """Finds what a call speaks of and does what the versions word alike."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def _outlet(self, evse_id: int) -> Outlet | None:
        return self._station.outlets.get(evse_id)

    def _outlets(self, evse_id: int) -> Sequence[Outlet]:
        """Return all outlets for 0, one for its number, none for an unknown number."""
        if evse_id == 0:
            return list(self._station.outlets.values())
        outlet = self._outlet(evse_id)
        return [] if outlet is None else [outlet]

    def _outlet_of(self, transaction_id: str) -> Outlet | None:
        for outlet in self._station.outlets.values():
            if outlet.transaction is not None and outlet.transaction.transaction_id == transaction_id:
                return outlet
        return None

    def _free_outlet(self, evse_id: int | None) -> Outlet | None:
        """Return an outlet where somebody can be let in, for None any of the station."""
        candidates = self._outlets(0 if evse_id is None else evse_id)
        return next((each for each in candidates if each.operative and not each.energised), None)

    def _schedule(self, evse_id: int, duration_s: int, unit: RateUnit) -> list[dict[str, Any]]:
        """Return the periods of the composite schedule of an outlet, or with 0 of the whole station."""
        station, outlets = self._station, self._outlets(evse_id)
        now_s, profiles = station.time.utc_s, station.profiles
        if evse_id == 0:
            evses = [
                EvseView(
                    evse_id=each.evse_id,
                    rated_a=each.point.rated_a,
                    wired_phases=each.wired_phases,
                    transaction=each.view,
                )
                for each in outlets
            ]
            steps = profiles.station_composite(now_s, duration_s, evses)
        else:
            (outlet,) = outlets
            steps = profiles.composite(evse_id, now_s, duration_s, outlet.view, wired_phases=outlet.wired_phases)
        rated_a = sum(each.point.rated_a for each in outlets)
        return composite_to_wire(steps, unit, station.rules, rated_a=rated_a, voltage_v=station.voltage_v)

    def _set_availability(self, outlets: Sequence[Outlet], *, operative: bool) -> Payload:
        """Switch outlets on or off, those with a transaction when it has ended."""
        for outlet in outlets:
            outlet.wanted_operative = operative
        if not outlets:
            return REJECTED
        return {"status": "Scheduled"} if any(outlet.transaction for outlet in outlets) else ACCEPTED

    def _trigger(self, message: str, outlets: Sequence[Outlet]) -> Payload:
        """Send a message soon that the central system asked for."""
        station = self._station
        match message:
            case "BootNotification":
                station.soon(station.boot_again)
            case "Heartbeat":
                station.soon(lambda: station.notify("Heartbeat", {}))
            case "StatusNotification":
                return self._trigger_each(_forget_reported, outlets)
            case "MeterValues":
                return self._trigger_each(station.on_trigger_sample, outlets)
            case _ if message in station.triggers:
                station.soon(station.triggers[message])
            case _:
                return {"status": "NotImplemented"}
        return ACCEPTED

    def _trigger_each(self, action: Callable[[Outlet], None], outlets: Sequence[Outlet]) -> Payload:
        for outlet in outlets:
            self._station.soon(partial(action, outlet))
        return ACCEPTED if outlets else REJECTED

    async def _data_transfer(self, _: Payload) -> Payload:
        """Answer that this vendor's extensions are unknown."""
        return {"status": "UnknownVendorId"}


def _forget_reported(outlet: Outlet) -> None:
    outlet.reported = {}
