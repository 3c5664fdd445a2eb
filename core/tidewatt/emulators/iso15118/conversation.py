"""Vehicle and station talking through one cable, in the emulation's time."""

from __future__ import annotations

from collections.abc import Callable

from . import messages as m
from .choices import BatteryView
from .evcc import Evcc
from .secc import Secc


class Conversation:
    """Carries one request and its answer at a time, each `lag_s` seconds late. `deaf` loses the station's answers.

    `listener` hears every request that arrives and its answer. Current may flow only while both sides let it.
    """

    def __init__(
        self, evcc: Evcc, secc: Secc, *, listener: Callable[[m.Request, m.Response], None] | None = None
    ) -> None:
        self.evcc = evcc
        self.secc = secc
        self.lag_s = 0.0
        self.deaf = False
        self._listener = listener
        self._plugged = False
        self._request: tuple[float, m.Request] | None = None
        self._response: tuple[float, m.Response] | None = None

    @property
    def flow_allowed(self) -> bool:
        """Whether current may flow now."""
        return self.evcc.flow_allowed and self.secc.flow_allowed

    def step(self, now_s: float, *, plugged: bool, battery: BatteryView) -> None:
        """Let time pass until `now_s`."""
        self._follow_cable(now_s, plugged=plugged)
        if not plugged:
            return
        if self.secc.orders.wake:
            self.evcc.wake(now_s)
        self.evcc.tick(now_s)
        self.secc.tick(now_s)
        request = self.evcc.poll(now_s, battery)
        if request is not None:
            self._request = (now_s + self.lag_s, request)
        self._deliver(now_s)
        self._notice_end()

    def _follow_cable(self, now_s: float, *, plugged: bool) -> None:
        if plugged == self._plugged:
            return
        self._plugged = plugged
        self._request = self._response = None
        if plugged:
            self.evcc.plug(now_s)
        else:
            self.evcc.unplug()
            self.secc.disconnect()

    def _deliver(self, now_s: float) -> None:
        if self._request is not None and self._request[0] <= now_s:
            request, self._request = self._request[1], None
            answer = self.secc.receive(request, now_s)
            if self._listener is not None:
                self._listener(request, answer)
            if not self.deaf:
                self._response = (now_s + self.lag_s, answer)
        if self._response is not None and self._response[0] <= now_s:
            response, self._response = self._response[1], None
            self.evcc.receive(response, now_s)

    def _notice_end(self) -> None:
        """A vehicle that gave up closes the connection, which the station sees at once."""
        if not self.evcc.running and self.secc.running:
            self._request = self._response = None
            self.secc.lose_connection(self.evcc.ended_because or "the vehicle left")
