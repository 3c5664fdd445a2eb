"""The hardware of one charging point: cable, control pilot, contactor and the meter inside."""

from __future__ import annotations

from dataclasses import dataclass

from tidewatt.site import MINIMUM_CURRENT_A, PHASE_COUNT, Charger, PerPhase, Phase

from .delay import DelayLine
from .vehicle import Vehicle

NOMINAL_FREQUENCY_HZ = 50.0
CONTACTOR_GRACE_S = 3.0
"""A vehicle that does not stop this long after the pilot told it to is cut off (IEC 61851-1, table A.6)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The current a station lets a session have, on the first `phases` terminals. Below 6 A it is a pause.

    Only a vehicle that can give heeds the rest: it may give back `discharge_a`, and follows `setpoint_a` (negative
    gives) where there is one.
    """

    current_a: float
    phases: int = PHASE_COUNT
    discharge_a: float = 0.0
    setpoint_a: float | None = None


class ChargingPoint:
    """One outlet and the vehicle that uses it.

    `site_current_a` is drawn on the site's phases, `terminal_current_a` at the charger's own terminals. `energy_wh` is
    the register of the meter inside: it only grows; `energy_out_wh` is the one for what vehicles give back.
    `maximum_seen_a` is the highest current on any terminal so far, `frequency_hz` that of the grid.
    """

    def __init__(
        self,
        charger: Charger,
        *,
        voltage_v: float,
        vehicle: Vehicle | None = None,
        rated_a: float | None = None,
        reaction_s: float = 0.3,
        plug_in_after_s: float | None = None,
    ) -> None:
        self.charger = charger
        self.vehicle = vehicle
        self.voltage_v = voltage_v
        self.rated_a = charger.maximum_a if rated_a is None else rated_a
        self.plugged = False
        self.closed = False
        self.pilot_a = 0.0
        self.terminal_current_a: PerPhase = (0.0, 0.0, 0.0)
        self.energy_wh = 0.0
        self.energy_out_wh = 0.0
        self.frequency_hz = NOMINAL_FREQUENCY_HZ
        self.maximum_seen_a = 0.0
        self._reaction_s = reaction_s
        self._offer: DelayLine[Offer | None] = DelayLine(reaction_s, None)
        self._now_s = 0.0
        self._paused_since_s: float | None = None
        self._plug_in_at_s = plug_in_after_s

    @property
    def site_current_a(self) -> PerPhase:
        """The currents at the terminals, on the site's phases they are wired to."""
        current_a = [0.0] * PHASE_COUNT
        for terminal, phase in enumerate(self.charger.phases):
            current_a[phase] = self.terminal_current_a[terminal]
        return (current_a[Phase.L1], current_a[Phase.L2], current_a[Phase.L3])

    @property
    def power_w(self) -> float:
        """Power into the vehicle."""
        return sum(self.terminal_current_a) * self.voltage_v

    @property
    def soc_pct(self) -> float | None:
        """The vehicle's state of charge where the station is told: not through a mere control pilot."""
        return None

    @property
    def about_to_give(self) -> bool:
        """Whether the pilot will soon allow current that it does not allow yet."""
        offer = self._offer.newest
        return self.pilot_a == 0 and offer is not None and offer.current_a >= MINIMUM_CURRENT_A

    @property
    def vehicle_accepts(self) -> bool:
        """Whether the vehicle charges at the present pilot."""
        return self.plugged and self.vehicle is not None and self.vehicle.accepts(self.pilot_a)

    def plug(self) -> None:
        """Plug the vehicle in; ValueError when none is known here."""
        if self.vehicle is None:
            raise ValueError(f"There is no vehicle at {self.charger.charger_id}.")
        self.plugged = True
        self._plug_in_at_s = None

    def unplug(self) -> None:
        """Pull the cable. The current ends at once."""
        self.plugged = False
        self._plug_in_at_s = None
        self._cut()

    def offer(self, offer: Offer | None) -> None:
        """Set what the session may draw, None without a session. It reaches the pilot after the station's reaction."""
        self._offer.put(self._now_s, offer)

    def disconnect(self) -> None:
        """Open the contactor at once, as a station does before it reads the meter at the end of a session."""
        self._offer = DelayLine(self._reaction_s, None)
        self._cut()

    def step(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass; the currents hold for all of it."""
        self._now_s += dt_s
        if self._plug_in_at_s is not None and self._now_s >= self._plug_in_at_s:
            self.plug()
        offer = self._offer.seen(self._now_s)
        self._switch(offer)
        self._charge(offer, dt_s)

    def _switch(self, offer: Offer | None) -> None:
        """Set pilot and contactor. A pause leaves the contactor closed for the time a vehicle has to stop by itself."""
        allowed_a = 0.0 if offer is None or not self.plugged else min(offer.current_a, self.rated_a)
        self.pilot_a = allowed_a if allowed_a >= MINIMUM_CURRENT_A else 0.0
        if self.pilot_a > 0:
            self.closed = self.vehicle_accepts or sum(self.terminal_current_a) > 0
            self._paused_since_s = None
        elif offer is None or not self.plugged:
            self._cut()
        else:
            if self._paused_since_s is None:
                self._paused_since_s = self._now_s
            if self._now_s - self._paused_since_s >= CONTACTOR_GRACE_S:
                self._cut()

    def _cut(self) -> None:
        self.closed = False
        self.pilot_a = 0.0
        self.terminal_current_a = (0.0, 0.0, 0.0)
        if self.vehicle is not None:
            self.vehicle.current_a = 0.0

    def _charge(self, offer: Offer | None, dt_s: float) -> None:
        if self.vehicle is None:
            return
        conductors = min(len(self.charger.phases), offer.phases) if offer is not None else 0
        before_wh = self.vehicle.drawn_wh
        self.vehicle.step(
            dt_s,
            pilot_a=self.pilot_a,
            powered=self.closed,
            conductors=conductors,
            voltage_v=self.voltage_v,
        )
        used = min(conductors, self.vehicle.spec.phases) if self.closed else 0
        l1, l2, l3 = (self.vehicle.current_a if terminal < used else 0.0 for terminal in range(PHASE_COUNT))
        self.terminal_current_a = (l1, l2, l3)
        self.energy_wh += self.vehicle.drawn_wh - before_wh
        self.maximum_seen_a = max(self.maximum_seen_a, l1, l2, l3)
