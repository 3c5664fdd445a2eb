"""The charging profiles of V2X beside those that follow control's setpoints.

Per EVSE: a fallback of charging only at the lowest stack level, which holds whatever lies above it runs out; an
operation mode above control's own profile; and one for priority charging.
"""

from __future__ import annotations

from datetime import timedelta
import math
from typing import Any, Final

from tidewatt.drivers.ocpp.agreement import Agreement
from tidewatt.drivers.ocpp.memory import StationRecord
from tidewatt.ocpp.charging import OperationMode
from tidewatt.ocpp.wire import to_wire_time, utc_now
from tidewatt.site import Charger

from .capabilities import DYNAMIC_PROFILES, MAX_OFFLINE_DURATION, V2xCapabilities
from .operations import ChargingOnly, Operation

FALLBACK_LEVEL: Final = 0
OPERATION_LEVEL: Final = 2

_DYNAMIC_MODES = (
    OperationMode.CENTRAL_SETPOINT,
    OperationMode.CENTRAL_FREQUENCY,
    OperationMode.EXTERNAL_SETPOINT,
    OperationMode.EXTERNAL_LIMITS,
)
_CLOCK_MARGIN_S = 300
"""Absolute profiles start this far in the past, so that a station whose clock is behind follows them at once."""

_MOST_OFFLINE_S = 60
"""An operation ends when the station has been alone for this long (Q11)."""

_POWERS = ("limit", "dischargeLimit", "setpoint", "setpointReactive")


def fallback_id(evse_id: int) -> int:
    """Return the id of an EVSE's fallback; it differs from those of control's profiles (10 n to 10 n + 4)."""
    return evse_id * 10 + 5


def operation_id(evse_id: int) -> int:
    """Return the id of an EVSE's operation mode."""
    return evse_id * 10 + 6


def priority_id(evse_id: int) -> int:
    """Return the id of an EVSE's profile for priority charging."""
    return evse_id * 10 + 7


class ProfileWriter:
    """Writes profiles of one EVSE in its station's unit, W where it knows them, else A per phase, and by its clock."""

    def __init__(self, charger: Charger, record: StationRecord, voltage_v: float, agreement: Agreement | None) -> None:
        self._charger = charger
        self._unit = "W" if "W" in record.rate_units else "A"
        self._skew_s = record.clock_skew_s
        self._volts = voltage_v * len(charger.phases)
        self._is_dc = agreement is not None and agreement.energy_transfer.startswith("DC")

    @property
    def unit(self) -> str:
        """The unit of everything written."""
        return self._unit

    def fallback(self, transaction_id: str, *, names_mode: bool) -> dict[str, Any]:
        """Return the profile of the safe current for a transaction, valid until that ends."""
        period = self._period({"limit": self._charger.safe_a * self._volts})
        if names_mode:
            period["operationMode"] = OperationMode.CHARGING_ONLY
        return self._profile(fallback_id(self._evse_id), FALLBACK_LEVEL, "TxProfile", period) | {
            "transactionId": transaction_id
        }

    def priority(self, limit_w: float) -> dict[str, Any]:
        """Return a profile for priority charging: charging only, without an end (K01.FR.71, K01.FR.73)."""
        period = self._period({"limit": limit_w}) | {"operationMode": OperationMode.CHARGING_ONLY}
        return self._profile(priority_id(self._evse_id), FALLBACK_LEVEL, "PriorityCharging", period)

    def operation(
        self, operation: Operation, values: dict[str, Any], transaction_id: str, can: V2xCapabilities
    ) -> dict[str, Any]:
        """Return the profile of an operation mode; a dynamic one wherever mode and station allow."""
        period = self._period(values) | {"operationMode": operation.mode}
        profile = self._profile(operation_id(self._evse_id), OPERATION_LEVEL, "TxProfile", period)
        schedule = profile["chargingSchedule"][0]
        schedule["duration"] = operation.duration_s
        if operation.mode in _DYNAMIC_MODES and DYNAMIC_PROFILES in can.features:
            profile["chargingProfileKind"] = "Dynamic"
            del schedule["startSchedule"]
        else:
            schedule["duration"] += _CLOCK_MARGIN_S
        if isinstance(operation, ChargingOnly) and operation.soc_pct is not None:
            schedule["limitAtSoC"] = {"soc": operation.soc_pct, "limit": self._amount(operation.limit_at_soc_w)}
        if MAX_OFFLINE_DURATION in can.features:
            profile |= {"maxOfflineDuration": _MOST_OFFLINE_S, "invalidAfterOfflineDuration": True}
        return profile | {"transactionId": transaction_id}

    def update(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values of a period as an update of a dynamic profile has them."""
        return {name: self._amount(value) for name, value in values.items() if name in _POWERS}

    @property
    def _evse_id(self) -> int:
        return self._charger.endpoint.evse_id

    def _profile(self, profile_id: int, level: int, purpose: str, period: dict[str, Any]) -> dict[str, Any]:
        schedule = {
            "id": profile_id,
            "startSchedule": to_wire_time(utc_now() + timedelta(seconds=self._skew_s - _CLOCK_MARGIN_S)),
            "chargingRateUnit": self._unit,
            "chargingSchedulePeriod": [period],
        }
        return {
            "id": profile_id,
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }

    def _period(self, values: dict[str, Any]) -> dict[str, Any]:
        period = {"startPeriod": 0, **values} | self.update(values)
        return period if self._is_dc else period | {"numberPhases": len(self._charger.phases)}

    def _amount(self, power_w: float) -> float:
        """Return a power in the station's unit, rounded towards zero to what OCPP can carry: 1 W, or 0.1 A."""
        if self._unit == "W":
            return float(math.trunc(power_w))
        return math.trunc(power_w / self._volts * 10 + math.copysign(1e-6, power_w)) / 10
