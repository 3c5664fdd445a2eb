"""What a vehicle says it needs (NotifyEVChargingNeeds), and the agreement that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidewatt.drivers.ocpp.agreement import Agreement
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import child, from_wire_time, integer, number, required, text
from tidewatt.site import Charger

from .capabilities import BIDIRECTIONAL

_LARGEST_W = 1e7
"""A larger power is a slip of the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingNeeds:
    """The needs of one vehicle. Powers are magnitudes over all phases in W; None is not said.

    `is_iso_20` tells whether they came by ISO 15118-20, whose answers mean more than those of ISO 15118-2.
    `received_utc` is when the station, offline then, got them (K15.FR.20). `v2x_energy_wh` is the energy up to the
    lowest state of charge at which the vehicle gives back: positive below it.
    """

    evse_id: int
    energy_transfer: str
    is_iso_20: bool
    available: tuple[str, ...] = ()
    is_dynamic: bool = False
    maximum_charge_w: float | None = None
    maximum_discharge_w: float | None = None
    minimum_discharge_w: float = 0.0
    soc_pct: float | None = None
    target_soc_pct: float | None = None
    departure_utc: datetime | None = None
    v2x_energy_wh: float | None = None
    received_utc: datetime | None = None

    @property
    def bidirectional(self) -> bool:
        """Whether the vehicle asks to give energy back."""
        return self.energy_transfer in BIDIRECTIONAL

    @property
    def could_discharge(self) -> bool:
        """Whether the vehicle is able to give energy back, asked for now or not."""
        return self.bidirectional or any(transfer in BIDIRECTIONAL for transfer in self.available)

    def agreement(self, charger: Charger, voltage_v: float, transaction_id: str, floor_pct: float) -> Agreement:
        """Return what is agreed with the vehicle for a transaction on a charger."""
        phases = len(charger.phases)
        configured_w = charger.maximum_a * voltage_v * phases
        discharge_w = self.maximum_discharge_w
        if discharge_w is not None and self.v2x_energy_wh is not None and self.v2x_energy_wh > 0:
            # The vehicle is below the range in which it gives back.
            discharge_w = 0.0
        return Agreement(
            transaction_id=transaction_id,
            energy_transfer=self.energy_transfer,
            bidirectional=self.bidirectional,
            maximum_charge_w=configured_w
            if self.maximum_charge_w is None
            else min(configured_w, self.maximum_charge_w),
            maximum_discharge_w=discharge_w if self.bidirectional else None,
            minimum_discharge_w=self.minimum_discharge_w,
            is_dynamic=self.is_dynamic,
            soc_pct=self.soc_pct,
            target_soc_pct=self.target_soc_pct,
            minimum_soc_pct=floor_pct,
            departure_utc=self.departure_utc,
        )


def read_needs(payload: dict[str, Any]) -> ChargingNeeds:
    """Read a NotifyEVChargingNeeds of 2.0.1 or 2.1; OcppCallError without an EVSE or a requested transfer."""
    needs = child(payload, "chargingNeeds")
    v2x, ac, dc = (child(needs, f"{kind}ChargingParameters") for kind in ("v2x", "ac", "dc"))
    transfer, available = text(needs, "requestedEnergyTransfer", 40), needs.get("availableEnergyTransfer")
    return ChargingNeeds(
        evse_id=required(integer(payload, "evseId"), "evseId", OcppVersion.V21),
        energy_transfer=required(transfer, "chargingNeeds.requestedEnergyTransfer", OcppVersion.V21),
        available=tuple(item for item in available if isinstance(item, str)) if isinstance(available, list) else (),
        is_iso_20=bool(v2x) or "controlMode" in needs,
        is_dynamic=text(needs, "controlMode") == "DynamicControl",
        maximum_charge_w=_power_w(v2x, "maxChargePower") or _charge_w(ac, dc),
        maximum_discharge_w=_discharge_w(v2x),
        minimum_discharge_w=_power_w(v2x, "minDischargePower") or 0.0,
        soc_pct=_percent(dc.get("stateOfCharge")),
        target_soc_pct=_percent(v2x.get("targetSoC")),
        departure_utc=from_wire_time(needs.get("departureTime")),
        v2x_energy_wh=number(v2x.get("evMinV2XEnergyRequest")),
        received_utc=from_wire_time(payload.get("timestamp")),
    )


def _power_w(parameters: dict[str, Any], name: str) -> float | None:
    """Return a power over all phases. Where the phases differ, the weakest counts for all: currents are symmetrical."""
    values = [_magnitude(parameters.get(name + phase)) for phase in ("", "_L2", "_L3")]
    told = [value for value in values if value is not None]
    if values[0] is None or len(told) == 1:
        return values[0]
    return min(told) * len(told)


def _discharge_w(v2x: dict[str, Any]) -> float | None:
    """Return the most that may be given back: as told, or from the current of a DC vehicle at its lowest voltage."""
    power_w = _power_w(v2x, "maxDischargePower")
    if power_w is not None:
        return power_w
    current_a, voltage_v = _magnitude(v2x.get("maxDischargeCurrent")), _magnitude(v2x.get("minVoltage"))
    return None if current_a is None or voltage_v is None else current_a * voltage_v


def _charge_w(ac: dict[str, Any], dc: dict[str, Any]) -> float | None:
    """Return the most that may be charged by ISO 15118-2, where AC names a current per phase that limits anyway."""
    return None if ac else _magnitude(dc.get("evMaxPower"))


def _magnitude(value: object) -> float | None:
    """Return a power, current or voltage without its sign, which some stations turn around; None for nonsense."""
    found = number(value)
    return abs(found) if found is not None and abs(found) <= _LARGEST_W else None


def _percent(value: object) -> float | None:
    found = number(value)
    return found if found is not None and 0 <= found <= 100 else None
