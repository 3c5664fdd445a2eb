"""A charging point through which energy flows both ways."""

from __future__ import annotations

from typing import Protocol

from tidewatt.site import PHASE_COUNT, Charger

from .bidirectional import BidirectionalVehicle
from .point import ChargingPoint, Offer
from .power import PowerOrder


class EnergyLink(Protocol):
    """How vehicle and station agree about what flows."""

    def step(self, now_s: float, *, plugged: bool, order: PowerOrder | None) -> None:
        """Let time pass; `order` is what the station lets flow, None without a session of its own."""

    @property
    def flow_allowed(self) -> bool:
        """Whether both have closed their contactors."""

    def power_w(self, now_s: float) -> float:
        """Return the power that is to flow, negative out of the vehicle."""


class SimpleLink:
    """A station that steers power by means of its own, as vendors did before ISO 15118-20: no words, only an order."""

    def __init__(self, vehicle: BidirectionalVehicle) -> None:
        self._vehicle = vehicle
        self._order: PowerOrder | None = None

    def step(self, now_s: float, *, plugged: bool, order: PowerOrder | None) -> None:
        """Take the station's order over."""
        del now_s
        self._order = order if plugged else None

    @property
    def flow_allowed(self) -> bool:
        """Whether there is an order."""
        return self._order is not None

    def power_w(self, now_s: float) -> float:
        """Return the setpoint, without one as much as the vehicle takes."""
        del now_s
        order = self._order or PowerOrder()
        wish_w = self._vehicle.charge_limit_w if order.setpoint_w is None else order.setpoint_w
        return order.within(wish_w)


class TwoWayPoint(ChargingPoint):
    """An outlet for a vehicle that can give. `energy_wh` counts what went in, `energy_out_wh` what came out.

    With direct current the station's power electronics load all its phases, with alternating current the vehicle's.
    """

    def __init__(
        self,
        charger: Charger,
        *,
        voltage_v: float,
        vehicle: BidirectionalVehicle,
        link: EnergyLink,
        dc: bool,
        rated_a: float | None = None,
        reaction_s: float = 0.3,
        plug_in_after_s: float | None = None,
    ) -> None:
        super().__init__(
            charger,
            voltage_v=voltage_v,
            vehicle=vehicle,
            rated_a=rated_a,
            reaction_s=reaction_s,
            plug_in_after_s=plug_in_after_s,
        )
        self.battery_vehicle = vehicle
        self.link = link
        self.dc = dc

    @property
    def soc_pct(self) -> float | None:
        """The state of charge, which the vehicle tells while it is plugged in."""
        return self.battery_vehicle.soc_pct if self.plugged else None

    @property
    def about_to_give(self) -> bool:
        """Whether a session is about to begin: vehicle and station still talk, and nothing is withheld."""
        offer = self._offer.newest
        return self.plugged and not self.closed and (offer is None or _amount_a(offer) > 0)

    @property
    def vehicle_accepts(self) -> bool:
        """Whether the vehicle takes or gives what it is offered."""
        return self.plugged and self.closed and self.battery_vehicle.power_w != 0

    @property
    def conductors(self) -> int:
        """How many phases carry the current of a full offer."""
        wired = len(self.charger.phases)
        return wired if self.dc else min(wired, self.battery_vehicle.spec.phases)

    def order(self, offer: Offer | None) -> PowerOrder | None:
        """Return an offer in W, within the station's rating."""
        if offer is None or not self.plugged:
            return None
        per_ampere_w = self.voltage_v * self._used(offer)
        setpoint_a = offer.setpoint_a
        return PowerOrder(
            maximum_charge_w=min(max(offer.current_a, 0.0), self.rated_a) * per_ampere_w,
            maximum_discharge_w=min(offer.discharge_a, self.rated_a) * per_ampere_w,
            setpoint_w=None if setpoint_a is None else setpoint_a * per_ampere_w,
        )

    def _used(self, offer: Offer) -> int:
        return min(self.conductors, offer.phases)

    def _switch(self, offer: Offer | None) -> None:
        self.link.step(self._now_s, plugged=self.plugged, order=self.order(offer))
        self.pilot_a = 0.0 if offer is None or not self.plugged else min(_amount_a(offer), self.rated_a)
        self.closed = self.link.flow_allowed and offer is not None and self.plugged
        if not self.closed and self.battery_vehicle.power_w != 0:
            self.battery_vehicle.stop()

    def _cut(self) -> None:
        super()._cut()
        self.battery_vehicle.stop()

    def _charge(self, offer: Offer | None, dt_s: float) -> None:
        vehicle = self.battery_vehicle
        used = 0 if offer is None or not self.closed else self._used(offer)
        drawn_wh, given_wh = vehicle.drawn_wh, vehicle.given_wh
        target_w = self.link.power_w(self._now_s) if used else 0.0
        if used == 0:
            vehicle.stop()
        vehicle.follow(dt_s, target_w, conductors_v=used * self.voltage_v)
        l1, l2, l3 = (vehicle.current_a if terminal < used else 0.0 for terminal in range(PHASE_COUNT))
        self.terminal_current_a = (l1, l2, l3)
        self.energy_wh += vehicle.drawn_wh - drawn_wh
        self.energy_out_wh += vehicle.given_wh - given_wh
        self.maximum_seen_a = max(self.maximum_seen_a, abs(l1), abs(l2), abs(l3))


def _amount_a(offer: Offer) -> float:
    """Return how much an offer lets flow in either direction."""
    if offer.setpoint_a is not None:
        return abs(offer.setpoint_a)
    return max(offer.current_a, 0.0)
