"""One charger's commands: at most one on its way, the newest wins, and nothing is said twice without a reason."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
import logging
from typing import Final

from tidewatt.site import (
    ChargerPort,
    ChargerState,
    Clock,
    CommandError,
    Fault,
    FaultCode,
    ReasonCode,
    Setpoint,
)

_LOGGER = logging.getLogger(__name__)

_TIMEOUT_S: Final = 60.0
"""A port that has not answered by then is given up on; drivers have shorter timeouts of their own."""

_FIRST_RETRY_S: Final = 1.0
_LONGEST_RETRY_S: Final = 30.0
_LATENCIES: Final = 256


@dataclass(slots=True)
class CommandCounters:
    """How the commands of a controller fare: counts since its start, and the latest latencies in s."""

    sent: int = 0
    failed: int = 0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES))


class Sender:
    """Sends one charger its setpoints, in a task of its own so that a slow charger delays no other.

    A setpoint is sent when its current is new, when half of its validity has passed, when the charger came online or
    began a session, and, ever more rarely, after a failure; one of a smaller current does not wait for that. `fault`
    tells the last failure until a command succeeds.
    """

    def __init__(
        self, port: ChargerPort, *, clock: Clock, counters: CommandCounters, on_result: Callable[[], None]
    ) -> None:
        self.port = port
        self.fault: Fault | None = None
        self._clock = clock
        self._counters = counters
        self._on_result = on_result
        self._wanted: Setpoint | None = None
        self._applied: tuple[float, float] | None = None
        self._attempted_a: float | None = None
        self._retry_at_s = 0.0
        self._retry_s = _FIRST_RETRY_S
        self._transaction_id: str | None = None
        self._task: asyncio.Task[None] | None = None

    def offer(self, setpoint: Setpoint, state: ChargerState | None) -> None:
        """Take this cycle's setpoint and send it if there is a reason to."""
        if state is None or not state.online or setpoint.reason.code is ReasonCode.UNAVAILABLE:
            # What it knows by the time it comes back is anyone's guess.
            self._wanted = self._applied = None
            return
        transaction_id = None if state.session is None else state.session.transaction_id
        if transaction_id != self._transaction_id:
            self._transaction_id = transaction_id
            if transaction_id is not None:
                self._applied = None
        self._wanted = setpoint
        if self._task is None and self._due(setpoint):
            self._task = asyncio.create_task(self._send_newest(), name=f"setpoint of {setpoint.charger_id}")

    async def stop(self) -> None:
        """Give up on whatever is on its way."""
        task, self._task = self._task, None
        self._wanted = None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _due(self, setpoint: Setpoint) -> bool:
        now_s = self._clock()
        if self.fault is not None and now_s < self._retry_at_s:
            return self._attempted_a is not None and abs(setpoint.current_a) < abs(self._attempted_a)
        if self.fault is not None or self._applied is None:
            return True
        current_a, at_s = self._applied
        return setpoint.current_a != current_a or now_s - at_s >= setpoint.valid_for_s / 2

    async def _send_newest(self) -> None:
        try:
            while self._wanted is not None and self._due(self._wanted):
                await self._send(self._wanted)
        finally:
            self._task = None

    async def _send(self, setpoint: Setpoint) -> None:
        started_s = self._clock()
        # Marked before the answer: a session that begins meanwhile asks for another one.
        self._applied = (setpoint.current_a, started_s)
        self._attempted_a = setpoint.current_a
        self._counters.sent += 1
        failure = await self._apply(setpoint)
        self._counters.latencies_s.append(self._clock() - started_s)
        if failure is None:
            self._retry_s = _FIRST_RETRY_S
        else:
            self._counters.failed += 1
            self._retry_at_s = self._clock() + self._retry_s
            self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)
        if failure != self.fault:
            self.fault = failure
            self._on_result()

    async def _apply(self, setpoint: Setpoint) -> Fault | None:
        """Send one setpoint; return what went wrong."""
        code, detail = FaultCode.COMMAND_REJECTED, ""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self.port.apply(setpoint)
        except TimeoutError:
            code, detail = FaultCode.COMMAND_TIMEOUT, f"did not answer within {_TIMEOUT_S:g} s"
        except CommandError as error:
            if isinstance(error.__cause__, TimeoutError):
                code = FaultCode.COMMAND_TIMEOUT
            detail = error.answer
        except Exception as error:  # a driver's bug must not end the commands to its charger
            _LOGGER.exception("Sending %s its setpoint failed unexpectedly", setpoint.charger_id)
            detail = str(error) or type(error).__name__
        else:
            return None
        detail = f"{setpoint.charger_id} was told {setpoint.current_a:g} A: {detail}. It is tried again."
        return Fault(code=code, subject_id=setpoint.charger_id, detail=detail)
