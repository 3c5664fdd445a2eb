"""A vehicle and a station of ISO 15118-20 at one cable, whose time passes as a test tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidewatt.emulators.iso15118 import (
    BatteryView,
    Conversation,
    EnergyNeeds,
    Evcc,
    EvccSpec,
    EvccState,
    EvseSpec,
    PowerLimits,
    PowerOrder,
    PowerSchedule,
    ScheduleEntry,
    Secc,
    SeccState,
    Service,
)
from tidewatt.emulators.iso15118.messages import Request, Response

STEP_S = 0.1
STATION_LIMITS = PowerLimits(
    maximum_charge_w=22_000, maximum_discharge_w=10_000, maximum_voltage_v=920, minimum_voltage_v=150
)
VEHICLE_LIMITS = PowerLimits(
    maximum_charge_w=11_000, maximum_discharge_w=8_000, maximum_voltage_v=450, minimum_voltage_v=300
)
NEEDS = EnergyNeeds(target_wh=20_000, maximum_wh=30_000, minimum_wh=-5_000, minimum_v2x_wh=-15_000)
BATTERY = BatteryView(limits=VEHICLE_LIMITS, needs=NEEDS, voltage_v=400)
OPEN_ORDER = PowerOrder(maximum_charge_w=7_000, maximum_discharge_w=5_000)


class Cable:
    """A conversation that records what was said."""

    def __init__(self, service: Service = Service.DC_BPT, **spec: Any) -> None:
        self.secc = Secc(EvseSpec(evse_id="DE*TW*E1", limits=STATION_LIMITS))
        self.evcc = Evcc(EvccSpec(evcc_id="020000000001", service=service, **spec))
        self.said: list[tuple[Request, Response]] = []
        self.talk = Conversation(self.evcc, self.secc, listener=lambda *both: self.said.append(both))
        self.battery = BATTERY
        self.plugged = True
        self.now_s = 0.0
        self.flowed: list[float] = []
        orders = self.secc.orders
        orders.services = tuple(Service)
        orders.authorized = True
        orders.schedule_ready = True
        orders.power = OPEN_ORDER

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.talk.step(self.now_s, plugged=self.plugged, battery=self.battery)
            self.flowed.append(self.evcc.power_w(self.now_s, self.battery) if self.talk.flow_allowed else 0.0)

    def until(self, state: EvccState | SeccState, within_s: float = 100.0) -> None:
        """Let time pass until one side is in a state; AssertionError when it takes too long."""
        for _ in range(round(within_s / STEP_S)):
            if state in (self.evcc.state, self.secc.state):
                return
            self.passes(STEP_S)
        raise AssertionError(f"Never {state}: {self.evcc.state}, {self.secc.state}, {self.evcc.ended_because}")

    def names(self) -> list[str]:
        """Return the requests so far, repeated ones once."""
        names: list[str] = []
        for request, _ in self.said:
            name = type(request).__name__.removesuffix("Req")
            if not names or names[-1] != name:
                names.append(name)
        return names

    def answer_of(self, kind: type[Request]) -> Response:
        """Return the last answer to a kind of request."""
        return next(answer for request, answer in reversed(self.said) if isinstance(request, kind))

    def offer_schedule(self, *watts: float, discharge_w: float = 5_000.0) -> None:
        """Offer one schedule of quarter hours with these wished powers."""
        entries = tuple(
            ScheduleEntry(duration_s=900, charge_w=7_000, discharge_w=discharge_w, power_w=each) for each in watts
        )
        self.secc.orders.schedules = (PowerSchedule(schedule_id=1, entries=entries),)

    def discharges_at_most(self, power_w: float) -> None:
        """Let the battery give no more than this."""
        self.battery = replace(self.battery, limits=replace(self.battery.limits, maximum_discharge_w=power_w))
