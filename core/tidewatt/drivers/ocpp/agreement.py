"""What a vehicle, its station and Tidewatt have agreed that a transaction may carry, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tidewatt.site import Charger


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The energy transfer of one transaction, as negotiated (OCPP 2.1 use case Q01) or presumed by a quirk.

    `energy_transfer` is OCPP's EnergyTransferMode, such as DC_BPT. Powers are magnitudes over all phases, at the
    outlet; None where nobody named a limit. `is_dynamic` is ISO 15118-20's dynamic control mode, in which the vehicle
    follows setpoints instead of choosing a schedule. `soc_pct` is what the vehicle said when it negotiated.
    """

    transaction_id: str
    energy_transfer: str
    bidirectional: bool
    maximum_charge_w: float | None = None
    maximum_discharge_w: float | None = None
    minimum_discharge_w: float = 0.0
    is_dynamic: bool = False
    soc_pct: float | None = None
    target_soc_pct: float | None = None
    minimum_soc_pct: float | None = None
    departure_utc: datetime | None = None

    def discharge_maximum_a(self, charger: Charger, voltage_v: float) -> float | None:
        """Return the most that may be given back per phase, as a magnitude; None where that was not agreed.

        Neither the charger's configuration nor what station and vehicle can do is ever exceeded. Nothing is presumed:
        a bidirectional transfer whose power nobody named gives back nothing.
        """
        if not self.bidirectional or self.maximum_discharge_w is None or charger.discharge_maximum_a <= 0:
            return None
        return min(charger.discharge_maximum_a, self.maximum_discharge_w / (voltage_v * len(charger.phases)))
