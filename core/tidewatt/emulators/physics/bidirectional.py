"""A vehicle whose battery can take and give: steered by power, with the limits of its battery management."""

from __future__ import annotations

from dataclasses import dataclass

from .delay import DelayLine
from .vehicle import Vehicle, VehicleSpec

TAPERED_SHARE = 0.1
"""Least share of the power near a bound of the battery, so that the bound is reached at all."""
HEAT_CAPACITY_PER_WH = 0.0018
"""Wh that warm the battery by 1 K, for each Wh of its capacity: about 110 Wh for 60 kWh."""
COOLING_S = 7200.0
"""Time constant of cooling down to the air."""
COLD_C, COOL_C, WARM_C, HOT_C = -20.0, 5.0, 45.0, 60.0
"""Between cool and warm a battery has its full power, at cold and hot none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BidirectionalSpec:
    """What a battery can do at the cable, in W, and within which states of charge it may be cycled.

    Discharging weakens linearly over the last `floor_taper_pct` above `minimum_soc_pct`. Power rises and falls along
    ramps, and stays at zero for `reversal_s` whenever it changes its direction.
    """

    maximum_charge_w: float = 11_000.0
    maximum_discharge_w: float = 10_000.0
    minimum_charge_w: float = 0.0
    minimum_discharge_w: float = 0.0
    minimum_soc_pct: float = 20.0
    target_soc_pct: float = 100.0
    departure_after_s: float | None = None
    discharge_efficiency: float = 0.93
    floor_taper_pct: float = 3.0
    voltage_v: float = 400.0
    temperature_c: float = 20.0
    rise_w_per_s: float = 5_000.0
    fall_w_per_s: float = 20_000.0
    reversal_s: float = 0.5


class BidirectionalVehicle(Vehicle):
    """One such vehicle. `power_w` is signed at the cable, `given_wh` counts what came back through it.

    `temperature_c` is the battery's; it can be set, and follows the losses and the air. `bms_answers` False: the
    battery management has fallen silent, and its contactors are open.
    """

    def __init__(self, spec: VehicleSpec, battery: BidirectionalSpec) -> None:
        super().__init__(spec)
        self.battery = battery
        self.power_w = 0.0
        self.given_wh = 0.0
        self.temperature_c = battery.temperature_c
        self.bms_answers = True
        self._clock_s = 0.0
        self._zero_until_s = 0.0
        self._last_sign = 0
        self._target_w = DelayLine(spec.reaction_s, 0.0)

    @property
    def charge_limit_w(self) -> float:
        """The most the battery takes now, at the cable."""
        if self.full or not self.bms_answers:
            return 0.0
        room = (100 - self.soc_pct) / max(100 - self.spec.taper_from_pct, 1e-9)
        return self.battery.maximum_charge_w * _share(room) * self._temperature_share

    @property
    def discharge_limit_w(self) -> float:
        """The most the battery gives now, at the cable: nothing at its floor and below."""
        above_pct = self.soc_pct - self.battery.minimum_soc_pct
        if above_pct <= 1e-6 or not self.bms_answers:
            return 0.0
        room = above_pct / max(self.battery.floor_taper_pct, 1e-9)
        return self.battery.maximum_discharge_w * _share(room) * self._temperature_share

    @property
    def at_floor(self) -> bool:
        """Whether the battery has nothing more to give."""
        return self.discharge_limit_w == 0

    def stop(self) -> None:
        """The contactors open: the current ends at once."""
        self.power_w = 0.0
        self.current_a = 0.0
        self._target_w = DelayLine(self.spec.reaction_s, 0.0)

    def follow(self, dt_s: float, target_w: float, *, conductors_v: float) -> None:
        """Move the power towards a target for `dt_s` seconds. `conductors_v` is the sum of the voltages in use."""
        self._target_w.put(self._clock_s, self.battery.maximum_charge_w if self.ignores_limit else target_w)
        self._clock_s += dt_s
        seen_w = self._target_w.seen(self._clock_s)
        allowed_w = min(max(seen_w, -self.discharge_limit_w), self.charge_limit_w)
        self._ramp(allowed_w, dt_s)
        self._exchange(dt_s)
        self.current_a = self.power_w / conductors_v if conductors_v > 0 else 0.0

    @property
    def _temperature_share(self) -> float:
        celsius = self.temperature_c
        if celsius < COOL_C:
            return max(0.0, (celsius - COLD_C) / (COOL_C - COLD_C))
        return max(0.0, min(1.0, (HOT_C - celsius) / (HOT_C - WARM_C)))

    def _ramp(self, target_w: float, dt_s: float) -> None:
        """Approach the target: quickly towards zero, softly away from it, and with a pause between directions."""
        if self.power_w * target_w < 0:
            target_w = 0.0
        sign = (target_w > 0) - (target_w < 0)
        if self.power_w == 0 and sign != 0:
            if sign == -self._last_sign:
                self._zero_until_s = self._clock_s + self.battery.reversal_s
            self._last_sign = sign
            if self._clock_s < self._zero_until_s:
                return
        shrinks = abs(target_w) < abs(self.power_w)
        step_w = (self.battery.fall_w_per_s if shrinks else self.battery.rise_w_per_s) * dt_s
        self.power_w = min(max(target_w, self.power_w - step_w), self.power_w + step_w)

    def _exchange(self, dt_s: float) -> None:
        """Integrate one step; the step that reaches a bound carries only what still fits."""
        hours = dt_s / 3600
        floor_wh = self.spec.battery_wh * self.battery.minimum_soc_pct / 100
        room_wh = max(0.0, self.spec.battery_wh - self.stored_wh) / self.spec.efficiency
        spare_wh = max(0.0, self.stored_wh - floor_wh) * self.battery.discharge_efficiency
        self.power_w = min(max(self.power_w, -spare_wh / hours), room_wh / hours)
        energy_wh = self.power_w * hours
        if energy_wh >= 0:
            self.drawn_wh += energy_wh
            stored_wh = energy_wh * self.spec.efficiency
        else:
            self.given_wh -= energy_wh
            stored_wh = energy_wh / self.battery.discharge_efficiency
        self.stored_wh += stored_wh
        warmed_c = abs(energy_wh - stored_wh) / (HEAT_CAPACITY_PER_WH * self.spec.battery_wh)
        self.temperature_c += warmed_c - (self.temperature_c - self.battery.temperature_c) * dt_s / COOLING_S


def _share(room: float) -> float:
    return max(TAPERED_SHARE, min(1.0, room))
