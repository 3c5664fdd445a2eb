"""What entities show: one cycle of control, cut into what each charger, meter, vehicle and the site is about.

None is unknown here as everywhere in Tidewatt: never reported, or too old to count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tidewatt.control import CircuitDecision, ControllerHealth, Decision, DischargeDecision, Snapshot
from tidewatt.site import (
    MAIN_CIRCUIT_ID,
    Charger,
    ChargerState,
    Fault,
    FaultCode,
    Meter,
    MeterReading,
    Reason,
    ReasonCode,
    Setpoint,
    Site,
    Vehicle,
    Wish,
)

# "unavailable" is Home Assistant's own word for an entity without a state.
REASONS = {code: "charger_unavailable" if code is ReasonCode.UNAVAILABLE else code.value for code in ReasonCode}
"""The word that stands for each reason in states and attributes."""


_STANDBY_W = 50.0
"""What a charger's own electronics turn over while nothing is charged or discharged."""


class Health(StrEnum):
    """How control of the site stands."""

    OK = "ok"
    DEGRADED = "degraded"
    FAIL_SAFE = "fail_safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerView:
    """One charger in one cycle. `measured` is its state while its currents are recent, else None.

    `discharge` tells whether it may discharge, None for a charger that is configured never to.
    """

    site: Site
    charger: Charger
    wish: Wish
    state: ChargerState | None
    measured: ChargerState | None
    setpoint: Setpoint
    faults: tuple[Fault, ...]
    discharge: DischargeDecision | None

    @property
    def is_discharging(self) -> bool:
        """Whether it is measured to give energy back."""
        power_w = None if self.measured is None else self.measured.power_w
        return power_w is not None and power_w < -_STANDBY_W

    @property
    def reachable(self) -> ChargerState | None:
        """The charger's state while it is connected."""
        return self.state if self.state is not None and self.state.online else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterView:
    """One meter in one cycle. `reading` is None while the meter is lost."""

    reading: MeterReading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleView:
    """One vehicle in one cycle."""

    soc_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """The site's connection in one cycle. `faults` are all there are, in words."""

    reading: MeterReading | None
    health: Health
    controller: ControllerHealth
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleView:
    """One cycle, by id. A part that was configured after the cycle is missing."""

    site: SiteView
    circuits: dict[str, CircuitDecision]
    chargers: dict[str, ChargerView]
    meters: dict[str, MeterView]
    vehicles: dict[str, VehicleView]


def view_cycle(snapshot: Snapshot, decision: Decision, controller: ControllerHealth) -> CycleView:
    """Return what the entities show of one cycle."""
    meters = {meter.meter_id: _meter_view(snapshot, meter) for meter in snapshot.site.meters}
    return CycleView(
        site=_site_view(snapshot, decision, meters, controller),
        circuits={circuit.circuit_id: circuit for circuit in decision.circuits},
        chargers=_charger_views(snapshot, decision),
        meters=meters,
        vehicles={
            vehicle.vehicle_id: VehicleView(soc_pct=_soc_pct(snapshot, vehicle)) for vehicle in snapshot.site.vehicles
        },
    )


def _meter_view(snapshot: Snapshot, meter: Meter) -> MeterView:
    reading = snapshot.meters.get(meter.meter_id)
    if reading is not None and snapshot.now_s - reading.at_s > meter.tolerance_s:
        reading = None
    return MeterView(reading=reading)


def _soc_pct(snapshot: Snapshot, vehicle: Vehicle) -> float | None:
    """Return what the vehicle's entity tells; without one, what its charger does."""
    if vehicle.endpoint is not None:
        state = snapshot.vehicles.get(vehicle.vehicle_id)
        return None if state is None else state.soc_pct
    charger = snapshot.chargers.get(vehicle.charger_id)
    return charger.soc_pct if charger is not None and charger.online else None


def reason_word(reason: Reason) -> str:
    """Return the word that stands for a reason."""
    return REASONS[reason.code]


def _charger_views(snapshot: Snapshot, decision: Decision) -> dict[str, ChargerView]:
    setpoints = {setpoint.charger_id: setpoint for setpoint in decision.setpoints}
    discharges = {discharge.charger_id: discharge for discharge in decision.discharges}
    return {
        charger.charger_id: ChargerView(
            site=snapshot.site,
            charger=charger,
            wish=snapshot.wishes.get(charger.charger_id) or Wish(mode=charger.mode),
            state=snapshot.chargers.get(charger.charger_id),
            measured=_measured(snapshot, charger),
            setpoint=setpoints[charger.charger_id],
            faults=_about(decision.faults, charger.charger_id),
            discharge=discharges.get(charger.charger_id),
        )
        for charger in snapshot.site.chargers
    }


def _measured(snapshot: Snapshot, charger: Charger) -> ChargerState | None:
    state = snapshot.chargers.get(charger.charger_id)
    if state is None or not state.online or state.measured_at_s is None:
        return None
    return state if snapshot.now_s - state.measured_at_s <= snapshot.settings.charger_tolerance_s else None


def _site_view(
    snapshot: Snapshot, decision: Decision, meters: dict[str, MeterView], controller: ControllerHealth
) -> SiteView:
    main_meter = snapshot.site.meter_of(MAIN_CIRCUIT_ID)
    return SiteView(
        reading=None if main_meter is None else meters[main_meter.meter_id].reading,
        health=_health(decision),
        controller=controller,
        faults=_in_words(snapshot.site, decision.faults),
    )


def _in_words(site: Site, faults: Iterable[Fault]) -> tuple[str, ...]:
    names = {
        **{circuit.circuit_id: circuit.name for circuit in site.circuits},
        **{meter.meter_id: meter.name for meter in site.meters},
        **{charger.charger_id: charger.name for charger in site.chargers},
        **{vehicle.vehicle_id: vehicle.name for vehicle in site.vehicles},
    }
    return tuple(f"{fault.code} {names.get(fault.subject_id, fault.subject_id)}: {fault.detail}" for fault in faults)


def _health(decision: Decision) -> Health:
    if any(fault.code in (FaultCode.METER_STALE, FaultCode.METER_MISSING) for fault in decision.faults) or any(
        setpoint.reason.code is ReasonCode.FAIL_SAFE for setpoint in decision.setpoints
    ):
        return Health.FAIL_SAFE
    return Health.DEGRADED if decision.faults else Health.OK


def _about(faults: Iterable[Fault], subject_id: str) -> tuple[Fault, ...]:
    return tuple(fault for fault in faults if fault.subject_id == subject_id)
