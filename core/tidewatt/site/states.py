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
class LinkQuality:
    """How well a charger is reached. `loss` is the share (0 to 1) of recent questions that were not answered in time.

    `round_trip_s` is the smoothed time from question to answer, `signal_dbm` what the station measures of its radio;
    None where that is unknown.
    """

    round_trip_s: float | None = None
    loss: float = 0.0
    signal_dbm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerState:
    """What is known of a charger. `at_s` is when anything last arrived; `measured_at_s` when currents did.

    `current_a` and `power_w` are in the order of the charger's own terminals, negative while the vehicle discharges.
    `energy_wh` is the meter register of the charging point for energy into the vehicle: it only grows, over restarts
    too; `energy_discharged_wh` likewise for energy out of it. `plugged` None means the charger has not said.
    `discharge_maximum_a` is the most that station and vehicle have agreed to give back per phase now, as a magnitude;
    None where discharging was not agreed. With less than `discharge_minimum_a` nothing is given back. `soc_pct` is the
    vehicle's state of charge as the station told it at `soc_at_s`.
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
    energy_discharged_wh: float | None = None
    discharge_maximum_a: float | None = None
    discharge_minimum_a: float | None = None
    soc_pct: float | None = None
    soc_at_s: float | None = None
    link: LinkQuality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleState:
    """What a vehicle says of itself."""

    vehicle_id: str
    at_s: float
    soc_pct: float | None
