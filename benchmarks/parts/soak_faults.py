"""What happens to the stations of the soak: faults that come and go, power cuts, and vehicles that come and go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tidewatt.emulators import Emulation
from tidewatt.emulators.station import EndCause, FaultKind, Outlet, Station, Transaction

WIRE_FAULTS: Final[tuple[tuple[FaultKind, float | bool], ...]] = (
    (FaultKind.DELAY, 1.0),
    (FaultKind.DROP, 0.3),
    (FaultKind.DUPLICATE, 0.5),
    (FaultKind.REORDER, 0.3),
    (FaultKind.WRONG_SCHEMA, 0.2),
    (FaultKind.HALF_OPEN, True),
    (FaultKind.REJECTS_TX_PROFILE, True),
    (FaultKind.CLOCK, -30.0),
)
FAULT_S: Final = (5.0, 20.0)
"""How long a fault lasts, at least and at most."""

PER_SECOND: Final = 0.02
"""Share of the stations to which something happens in a second."""

RECOVERY_S: Final = 20.0
"""After a fault a station may be without connection for so long, and its commands do not count as undisturbed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A transaction as its station saw it end. OCPP 1.6 may learn its id later than that."""

    charger_id: str
    transaction: Transaction
    energy_wh: float

    @property
    def key(self) -> str:
        """How the central system's books name it."""
        return f"{self.charger_id}/{self.transaction.transaction_id}"


@dataclass(slots=True)
class Weather:
    """Brings faults over the stations of an emulation, by a seeded random generator, and keeps the stations' books.

    `disturbed_until_s` tells, by station, until which emulated time something was wrong with it.
    """

    emulation: Emulation
    random: Random
    disturbed_until_s: dict[str, float] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    events: int = 0
    _running: dict[str, Transaction] = field(default_factory=dict)

    async def run(self) -> None:
        """Let things happen, once a second, for ever."""
        while True:
            await self.emulation.time.sleep(1.0)
            for station in self.emulation.stations.values():
                if self.random.random() < PER_SECOND:
                    await self._strike(station)

    def calm(self) -> None:
        """Take all faults away."""
        for station in self.emulation.stations.values():
            station.faults.heal()
            station.link.unblock("weather")

    def note(self) -> None:
        """Keep the books: call it after every step of the emulation."""
        for station in self.emulation.stations.values():
            for outlet in station.outlets.values():
                self._note_outlet(outlet)

    async def _strike(self, station: Station) -> None:
        self.events += 1
        lasts_s = self.random.uniform(*FAULT_S)
        self.disturbed_until_s[station.station_id] = self.emulation.time.now_s + lasts_s + RECOVERY_S
        match self.random.randrange(4):
            case 0:
                kind, value = self.random.choice(WIRE_FAULTS)
                station.faults.set(kind, value)
                station.spawn(self._later(lasts_s, station.faults.heal))
            case 1:
                await station.link.block("weather")
                station.spawn(self._later(lasts_s, lambda: station.link.unblock("weather")))
            case 2:
                station.reboot(EndCause.POWER_LOSS)
            case _:
                point = self.random.choice(list(station.outlets.values())).point
                point.unplug()
                station.spawn(self._later(lasts_s, point.plug))

    async def _later(self, wait_s: float, action: Callable[[], None]) -> None:
        await self.emulation.time.sleep(wait_s)
        action()

    def _note_outlet(self, outlet: Outlet) -> None:
        charger_id = outlet.point.charger.charger_id
        before = self._running.pop(charger_id, None)
        if before is not None and before is not outlet.transaction:
            # The contactor opened with the end, so the register stands still.
            self.ended.append(Ended(charger_id, before, outlet.point.energy_wh - before.meter_start_wh))
        if outlet.transaction is not None:
            self._running[charger_id] = outlet.transaction
