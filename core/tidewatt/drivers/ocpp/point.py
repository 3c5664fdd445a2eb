"""One EVSE of a station: its state, and those that act on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tidewatt.site import Charger, Clock, FaultCode, Reason, ReasonCode, Setpoint

from .discharge import DischargeGuard
from .evse import Evse
from .limiter import Limiter
from .memory import TransactionRecord
from .settings import OcppSettings
from .starter import Starter
from .tasks import Tasks

_PAUSE_S = 120.0
"""How long the pause holds that ends a discharge which may not be; control has decided anew by then."""


class Point:
    """Bundles what belongs to one EVSE. It is the port by which control reaches the charger."""

    def __init__(
        self,
        evse: Evse,
        limiter: Limiter,
        starter: Starter,
        running: Callable[[], TransactionRecord | None],
        *,
        report: Callable[[FaultCode, str], None],
        tasks: Tasks,
        clock: Clock,
        settings: OcppSettings,
    ) -> None:
        self.evse = evse
        self.limiter = limiter
        self.starter = starter
        self.guard = DischargeGuard(
            evse, running, stop=self._pause, report=report, tasks=tasks, clock=clock, settings=settings
        )
        self._clock = clock
        self._newest: Setpoint | None = None
        self._expires_at_s = 0.0

    def configure(self, charger: Charger) -> None:
        """Take the charger's new configuration."""
        self.evse.charger = self.limiter.charger = self.starter.charger = charger
        self.guard.check()

    def retire(self) -> None:
        """End what discharges: the charger is configured no more."""
        self.configure(replace(self.evse.charger, discharge_maximum_a=0.0))

    @property
    def present_a(self) -> float:
        """The setpoint that holds now, negative while it discharges; without one that is the safe current."""
        return self._newest.current_a if self._newest is not None and self.is_steered else self.evse.charger.safe_a

    @property
    def is_steered(self) -> bool:
        """Whether control's newest setpoint holds still."""
        return self._newest is not None and self._clock() < self._expires_at_s

    async def apply(self, setpoint: Setpoint) -> None:
        """Make the charger follow a setpoint; CommandError when it refuses or does not answer in time.

        One that discharges is refused when that may not be now, and cut to what was agreed.
        """
        admitted = self.guard.admit(setpoint)
        self._newest, self._expires_at_s = admitted, self._clock() + admitted.valid_for_s
        await self.limiter.apply(admitted)
        if self._newest is admitted:
            self.guard.followed(admitted)

    async def _pause(self) -> None:
        charger = self.evse.charger
        reason = Reason(code=ReasonCode.FAIL_SAFE)
        await self.apply(Setpoint(charger_id=charger.charger_id, current_a=0.0, reason=reason, valid_for_s=_PAUSE_S))

    async def start(self, id_tag: str | None = None) -> None:
        """Start a session for the plugged vehicle; CommandError when the charger refuses."""
        await self.starter.start(id_tag)

    async def stop(self) -> None:
        """Stop the running session; without one this does nothing. CommandError when the charger refuses."""
        await self.starter.stop()
