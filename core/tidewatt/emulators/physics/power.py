"""What may flow between a station and a vehicle, in W over all phases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOrder:
    """What the station's side lets flow now: limits as magnitudes, and a setpoint (negative gives) where there is one.

    Without a setpoint the vehicle takes what it wants within the limits.
    """

    maximum_charge_w: float = 0.0
    maximum_discharge_w: float = 0.0
    setpoint_w: float | None = None

    def within(self, power_w: float) -> float:
        """Return the power nearest to a wish that is allowed."""
        return min(max(power_w, -self.maximum_discharge_w), self.maximum_charge_w)
