"""What the drivers report. Every state carries the monotonic time it was measured; None is unknown, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .phases import PerPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """One reading of a meter, signed: positive is drawn from the grid.

    `current_a` has the magnitude of the measured current and the sign of the phase's active power.
    """

    meter_id: str
    at_s: float
    current_a: PerPhase
    power_w: PerPhase | None = None
    voltage_v: PerPhase | None = None
    energy_import_wh: float | None = None
    energy_export_wh: float | None = None


class ChargerStatus(StrEnum):
    """The state of a charging point, in the words of OCPP 1.6 with 2.0.1's Occupied resolved."""

    UNAVAILABLE = "unavailable"
    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A running transaction. `energy_wh` counts from its start and survives restarts of either side."""

    transaction_id: str
    started_at_utc: str
    energy_wh: float
    id_tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerState:
    """What is known of a charger. `at_s` is when anything last arrived; `measured_at_s` when currents did.

    `current_a` and `power_w` are in the order of the charger's own terminals. `energy_wh` is the meter register of the
    charging point: it only grows, over restarts too. `plugged` None means the charger has not said.
    """

    charger_id: str
    at_s: float
    online: bool
    status: ChargerStatus
    plugged: bool | None = None
    measured_at_s: float | None = None
    current_a: PerPhase | None = None
    power_w: float | None = None
    energy_wh: float | None = None
    session: Session | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleState:
    """What a vehicle says of itself."""

    vehicle_id: str
    at_s: float
    soc_pct: float | None
