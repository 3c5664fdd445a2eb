"""The state of one EVSE as control sees it, put together from what its station says."""

from __future__ import annotations

import math

from tidewatt.ocpp.wire import to_wire_time
from tidewatt.site import Charger, ChargerState, ChargerStatus, LinkQuality, PerPhase, Session

from .agreement import Agreement
from .dialect import StatusReport
from .memory import EvseRecord, TransactionRecord
from .meter_values import Measurement
from .register import counted_from_register

IN_TRANSACTION = (ChargerStatus.CHARGING, ChargerStatus.SUSPENDED_EV, ChargerStatus.SUSPENDED_EVSE)
"""States that a connector can only be in while a transaction runs."""

_PLUGGED = (*IN_TRANSACTION, ChargerStatus.PREPARING, ChargerStatus.FINISHING)
_NOTHING: PerPhase = (0.0, 0.0, 0.0)

_SOC_HOLDS_S = 300.0
"""A state of charge that was not told again for so long is unknown: at 11 kW it may be off by 2 %."""


class Evse:
    """Follows one EVSE. What must survive a restart lives in its record, what is measured lives here."""

    def __init__(self, charger: Charger, record: EvseRecord, *, voltage_v: float = 230.0) -> None:
        self.charger = charger
        self.record = record
        self.agreement: Agreement | None = None
        """What the running transaction may carry; None until station and vehicle have negotiated it."""
        self._voltage_v = voltage_v
        self.transaction_sign_s = float("-inf")
        """When the station last showed that the running transaction exists; before any time if it did not yet."""
        self._status_is_current = False
        self._occupied: set[int] = set()
        self._measured: Measurement | None = None
        self._measured_at_s: float | None = None
        self._soc: tuple[float, float] | None = None
        self._error: str | None = None

    @property
    def transaction_is_confirmed(self) -> bool:
        """Whether the station has shown the running transaction since it connected or booted."""
        return math.isfinite(self.transaction_sign_s)

    def expect_anything(self) -> None:
        """Hold what is remembered for hearsay until the station confirms it: it connected or booted."""
        self.transaction_sign_s = float("-inf")
        self._status_is_current = False
        self._occupied.clear()

    def take_status(self, report: StatusReport, running: TransactionRecord | None) -> None:
        """Take a connector's state; on an EVSE with several connectors the occupied one counts."""
        if report.occupied:
            self._occupied.add(report.connector_id)
        else:
            self._occupied.discard(report.connector_id)
            if self._occupied:
                return
        self._error = report.error or (report.status.value if report.status is ChargerStatus.FAULTED else None)
        if not (report.occupied and self.record.status in _PLUGGED):
            self.record.status = report.status
            self._status_is_current = True
        if report.plugged is not None:
            self.set_plugged(report.plugged)
        elif running is None:
            self.record.plugged = None

    def take_vehicle_state(self, status: ChargerStatus | None, plugged: bool | None, *, late: bool) -> None:
        """Take what a transaction says of the vehicle; None leaves things as they are.

        What is told late plugs in no vehicle of which the station has said that it is gone.
        """
        if late and self.record.plugged is False:
            return
        self.record.status = status or self.record.status
        if plugged is not None:
            self.set_plugged(plugged)

    def set_plugged(self, plugged: bool) -> None:
        """Note whether a vehicle is plugged in; a new one may be started again."""
        self.record.plugged = plugged
        if not plugged:
            self.record.held = self.record.started = False
            self.record.remote_tag = None
            self._soc = None

    def begin_transaction(self, *, authorised: bool, late: bool) -> None:
        """Note that a transaction runs, so a vehicle is there, unless it began long ago and the vehicle is gone."""
        self.transaction_sign_s = float("-inf")
        self._forget_measurement()
        if late and self.record.plugged is False:
            return
        self.record.started = self.record.started or authorised
        self.record.plugged = True

    def end_transaction(self, *, interrupted: bool, unplugged: bool = False, late: bool = False) -> None:
        """Note that the transaction is over; the vehicle may still be plugged in.

        After an interruption the vehicle waits to be started again, after any other end to be unplugged. Where that was
        the end, the vehicle is gone. An end told late says nothing of now: who is there then came afterwards.
        """
        self.record.remote_tag = None
        self._forget_measurement()
        if interrupted:
            self.record.started = False
        if unplugged:
            self._let_go(late=late)
        elif not (late and self._status_is_current):
            self._wait(ChargerStatus.PREPARING if interrupted else ChargerStatus.FINISHING)

    def _let_go(self, *, late: bool) -> None:
        record = self.record
        record.held = record.started = False
        if late and self._occupied:
            record.status = ChargerStatus.PREPARING
        elif not (late and self._status_is_current):
            self._wait(ChargerStatus.AVAILABLE)
            self.set_plugged(False)

    def _wait(self, status: ChargerStatus) -> None:
        if self.record.status in (*IN_TRANSACTION, ChargerStatus.PREPARING):
            self.record.status = status

    def measure(self, measurement: Measurement, now_s: float) -> None:
        """Take what flows now, and the vehicle's state of charge."""
        if measurement.is_electrical:
            self._measured, self._measured_at_s = measurement, now_s
        if measurement.soc_pct is not None:
            self.take_soc(measurement.soc_pct, now_s)

    def take_soc(self, soc_pct: float, now_s: float) -> None:
        """Take the state of charge of the vehicle that is plugged in, unless a newer one is known."""
        if self._soc is None or now_s >= self._soc[1]:
            self._soc = (soc_pct, now_s)

    def soc_pct(self, now_s: float) -> float | None:
        """Return the vehicle's state of charge as the station told it during the transaction; None when it is old."""
        return self._soc[0] if self._soc is not None and now_s - self._soc[1] <= _SOC_HOLDS_S else None

    def count(self, measurement: Measurement) -> None:
        """Take the values of the meter registers, as far as they were measured."""
        record = self.record
        at_utc = measurement.at_utc
        record.register = counted_from_register(record.register, measurement.energy_wh, at_utc)
        record.exported = counted_from_register(record.exported, measurement.exported_wh, at_utc)

    def state(
        self, running: TransactionRecord | None, *, online: bool, at_s: float, link: LinkQuality | None = None
    ) -> ChargerState:
        """Return the state for control; `at_s` is when the station was last heard, `link` how well it is reached."""
        current_a, power_w, measured_at_s = self._flow(running, at_s)
        record = self.record
        return ChargerState(
            charger_id=self.charger.charger_id,
            at_s=at_s,
            online=online,
            status=record.status,
            plugged=True if running else record.plugged,
            measured_at_s=measured_at_s,
            current_a=current_a,
            power_w=power_w,
            energy_wh=record.register.total_wh if record.register else None,
            session=_session(running) if running else None,
            error=self._error,
            energy_discharged_wh=record.exported.total_wh if record.exported else None,
            discharge_maximum_a=self.discharge_maximum_a(running) if online else None,
            discharge_minimum_a=self.discharge_minimum_a,
            soc_pct=self.soc_pct(at_s),
            soc_at_s=None if self._soc is None else self._soc[1],
            link=link,
        )

    @property
    def measured_a(self) -> PerPhase | None:
        """What flows per terminal as it was last measured, negative out of the vehicle; None when that is unknown."""
        return self._measured.current_a if self._measured is not None else None

    def discharge_maximum_a(self, running: TransactionRecord | None) -> float | None:
        """Return the most that may be given back per phase, as a magnitude; None where the transaction agreed none."""
        agreement = self.agreement
        if running is None or agreement is None or agreement.transaction_id != running.transaction_id:
            return None
        return agreement.discharge_maximum_a(self.charger, self._voltage_v)

    @property
    def discharge_minimum_a(self) -> float | None:
        """The least that the vehicle can give back per phase, as a magnitude; None where nothing was agreed."""
        if self.agreement is None:
            return None
        return self.agreement.minimum_discharge_w / (self._voltage_v * len(self.charger.phases))

    def _flow(
        self, running: TransactionRecord | None, at_s: float
    ) -> tuple[PerPhase | None, float | None, float | None]:
        """Return current, power and when they held. Without a transaction the contactor is open: nothing flows."""
        if self._measured is not None:
            return self._measured.current_a, self._measured.power_w, self._measured_at_s
        if running is None and self.record.status in (
            ChargerStatus.AVAILABLE,
            ChargerStatus.PREPARING,
            ChargerStatus.FINISHING,
        ):
            return _NOTHING, 0.0, at_s
        return None, None, None

    def _forget_measurement(self) -> None:
        self._measured = self._measured_at_s = None
        self.agreement = self._soc = None


def _session(transaction: TransactionRecord) -> Session:
    return Session(
        transaction_id=transaction.transaction_id,
        started_at_utc=to_wire_time(transaction.started_at_utc),
        energy_wh=transaction.energy_wh,
        id_tag=transaction.id_tag,
    )
