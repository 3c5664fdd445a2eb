"""An emulated vehicle's session at an emulated point: the conversation, fed with what the battery says."""

from __future__ import annotations

from collections.abc import Callable

from tidewatt.emulators.physics import BidirectionalVehicle, PowerOrder

from . import messages as m
from .choices import BatteryView, EvccSpec
from .conversation import Conversation
from .evcc import Evcc
from .parameters import EnergyNeeds, PowerLimits
from .secc import Secc
from .station_side import EvseSpec
from .words import StopKind

BMS_TIMEOUT = "TIMEOUT_BMS_RESPONSE"


class VehicleSession:
    """What a two-way point steers its vehicle by: an `EnergyLink` made of both sides of ISO 15118-20.

    The station reads and orders through `secc`; `secc.orders.power` follows the point's offer by itself. `left` says
    that the vehicle ended its session by its own wish.
    """

    def __init__(
        self,
        vehicle: BidirectionalVehicle,
        evcc: EvccSpec,
        evse: EvseSpec,
        *,
        listener: Callable[[m.Request, m.Response], None] | None = None,
    ) -> None:
        self.vehicle = vehicle
        self.evcc = Evcc(evcc)
        self.secc = Secc(evse)
        self.conversation = Conversation(self.evcc, self.secc, listener=listener)
        self.left = False
        self._plugged_at_s: float | None = None

    @property
    def flow_allowed(self) -> bool:
        """Whether both sides let current flow."""
        return self.conversation.flow_allowed

    def step(self, now_s: float, *, plugged: bool, order: PowerOrder | None) -> None:
        """Let time pass; `order` is what the station lets flow, None without permission."""
        if not plugged:
            self._plugged_at_s = None
            self.left = False
        elif self._plugged_at_s is None:
            self._plugged_at_s = now_s
        self.secc.orders.power = order
        if not self.vehicle.bms_answers:
            self.evcc.go_silent(BMS_TIMEOUT)
        self.conversation.step(now_s, plugged=plugged, battery=self.battery(now_s))

    def power_w(self, now_s: float) -> float:
        """Return the power that is to flow, negative out of the vehicle."""
        return self.evcc.power_w(now_s, self.battery(now_s))

    def pause(self) -> None:
        """Let the vehicle pause the session by its own wish."""
        self.evcc.ask_to_stop(StopKind.PAUSE, "the vehicle pauses")

    def leave(self) -> None:
        """Let the vehicle end the session by its own wish."""
        self.left = True
        self.evcc.ask_to_stop(StopKind.TERMINATE, "the vehicle leaves")

    def wake(self, now_s: float) -> None:
        """Let the vehicle begin again by its own wish."""
        self.left = False
        self.evcc.wake(now_s)

    def battery(self, now_s: float) -> BatteryView:
        """Return what the battery management says now."""
        vehicle, battery = self.vehicle, self.vehicle.battery
        return BatteryView(
            limits=PowerLimits(
                maximum_charge_w=vehicle.charge_limit_w,
                minimum_charge_w=min(battery.minimum_charge_w, vehicle.charge_limit_w),
                maximum_discharge_w=vehicle.discharge_limit_w,
                minimum_discharge_w=min(battery.minimum_discharge_w, vehicle.discharge_limit_w),
                maximum_voltage_v=battery.voltage_v * 1.1,
                minimum_voltage_v=battery.voltage_v * 0.8,
            ),
            needs=self._needs(now_s),
            voltage_v=battery.voltage_v,
            present_w=vehicle.power_w,
        )

    def _needs(self, now_s: float) -> EnergyNeeds:
        vehicle, battery = self.vehicle, self.vehicle.battery
        capacity_wh = vehicle.spec.battery_wh

        def missing_wh(soc_pct: float) -> float:
            return capacity_wh * soc_pct / 100 - vehicle.stored_wh

        departure_s = None
        if battery.departure_after_s is not None and self._plugged_at_s is not None:
            departure_s = max(0, round(self._plugged_at_s + battery.departure_after_s - now_s))
        return EnergyNeeds(
            target_wh=missing_wh(battery.target_soc_pct),
            maximum_wh=missing_wh(100.0),
            minimum_wh=missing_wh(battery.minimum_soc_pct),
            minimum_v2x_wh=missing_wh(battery.minimum_soc_pct),
            maximum_v2x_wh=missing_wh(100.0),
            departure_s=departure_s,
            soc_pct=vehicle.soc_pct,
            minimum_soc_pct=battery.minimum_soc_pct,
            target_soc_pct=battery.target_soc_pct,
        )
