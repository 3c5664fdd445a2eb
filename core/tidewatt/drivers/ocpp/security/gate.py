"""Where connections arrive: bounded in number, rate and time until a station is admitted, and encrypted if so wished.

Without this a peer that opens sockets and says nothing, or says it slowly, would hold a handler for ever, and one that
begins handshakes would keep the processor busy.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
import logging
import ssl

from tidewatt.ocpp.budget import TokenBucket
from tidewatt.site import Clock

from .tls import words_of

_LOGGER = logging.getLogger(__name__)

_MOST_ADDRESSES = 1024
_BACKLOG = 1024
_HANDSHAKE_COST = 10.0
"""A TLS handshake costs as much processor time as about ten plain arrivals."""

type Refused = Callable[[str, str], None]
"""Told the address and what was wrong when a TLS handshake fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """How much may be under way before stations are admitted. Rates are for each address."""

    admission_s: float = 10.0
    waiting: int = 512
    waiting_per_address: int = 256
    arrivals_burst: float = 2500.0
    arrivals_per_s: float = 250.0


class Gate:
    """Accepts connections and hands them to protocols that `make_handler` makes.

    A connection must be `admitted` in time, or it is cut. Beyond the limits the oldest that still waits is cut, so
    that those who are quick get through whatever others do.
    """

    def __init__(
        self,
        make_handler: Callable[[], asyncio.Protocol],
        *,
        limits: GateLimits,
        on_refused: Refused,
        clock: Clock,
    ) -> None:
        self._make_handler = make_handler
        self._limits = limits
        self._on_refused = on_refused
        self._clock = clock
        self._waiting: OrderedDict[asyncio.BaseProtocol, _Arrival] = OrderedDict()
        self._budgets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut = 0
        self.turned_away = 0
        self.failed_handshakes = 0

    async def listen(self, host: str, port: int, context: ssl.SSLContext | None = None) -> asyncio.Server:
        """Listen; OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        # All stations of a site call at once after a power cut.
        return await loop.create_server(lambda: _Arrival(self, context), host, port, backlog=_BACKLOG)

    def admitted(self, handler: asyncio.BaseProtocol) -> None:
        """Take note that a handler's connection is a station's and may last."""
        arrival = self._waiting.pop(handler, None)
        if arrival is not None:
            arrival.forget()

    async def close(self) -> None:
        """Cut everything that was not admitted."""
        for arrival in tuple(self._waiting.values()):
            arrival.cut()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def diagnostics(self) -> dict[str, int]:
        """Return what was kept out."""
        return {
            "waiting": len(self._waiting),
            "cut": self.cut,
            "turned_away": self.turned_away,
            "failed_handshakes": self.failed_handshakes,
        }

    def arrived(self, arrival: _Arrival) -> None:
        """Take a new connection, or turn it away."""
        cost = 1.0 if arrival.context is None else _HANDSHAKE_COST
        if not self._budget(arrival.remote).take(cost):
            self.turned_away += 1
            arrival.abort()
            return
        handler = self._make_handler()
        self._waiting[handler] = arrival
        arrival.expire_in(self._limits.admission_s, lambda: self._cut(handler))
        self._make_room(arrival.remote)
        if arrival.context is None:
            arrival.hand_over(handler)
        else:
            task = asyncio.create_task(self._secure(arrival, handler, arrival.context), name="OCPP TLS handshake")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _secure(self, arrival: _Arrival, handler: asyncio.Protocol, context: ssl.SSLContext) -> None:
        try:
            await arrival.secure(handler, context, self._limits.admission_s)
        except (OSError, RuntimeError) as error:
            self.failed_handshakes += 1
            arrival.abort()
            if self._waiting.pop(handler, None) is not None:
                arrival.forget()
                self._on_refused(arrival.remote, words_of(error))

    def _make_room(self, remote: str) -> None:
        of_address = [handler for handler, arrival in self._waiting.items() if arrival.remote == remote]
        if len(of_address) > self._limits.waiting_per_address:
            self._cut(of_address[0])
        elif len(self._waiting) > self._limits.waiting:
            self._cut(next(iter(self._waiting)))

    def _cut(self, handler: asyncio.BaseProtocol) -> None:
        arrival = self._waiting.pop(handler, None)
        if arrival is not None:
            self.cut += not arrival.is_closed
            arrival.cut()

    def _budget(self, remote: str) -> TokenBucket:
        budget = self._budgets.pop(remote, None)
        if budget is None:
            budget = TokenBucket(self._limits.arrivals_burst, self._limits.arrivals_per_s, self._clock)
        self._budgets[remote] = budget
        if len(self._budgets) > _MOST_ADDRESSES:
            self._budgets.popitem(last=False)
        return budget


class _Arrival(asyncio.Protocol):
    """A connection until its handler has it. During the TLS handshake it keeps what comes right behind it."""

    def __init__(self, gate: Gate, context: ssl.SSLContext | None) -> None:
        self.context = context
        self.remote = "?"
        self._gate = gate
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._early: list[bytes] = []
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go to the gate."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("A connection of TCP was expected.")
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self.remote = str(peer[0]) if peer else "?"
        if self.context is not None:
            # The first bytes are for the handshake, which begins when its task does.
            transport.pause_reading()
        self._gate.arrived(self)

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the handler is there."""
        self._early.append(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Take note that there is nobody to hand over."""
        self._lost = True

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone already."""
        return self._transport is None or self._transport.is_closing()

    def hand_over(self, handler: asyncio.Protocol) -> None:
        """Let the handler have the connection."""
        transport = self._transport
        if transport is None or self._lost:
            return
        transport.set_protocol(handler)
        handler.connection_made(transport)
        for data in self._early:
            handler.data_received(data)
        self._early.clear()

    async def secure(self, handler: asyncio.Protocol, context: ssl.SSLContext, timeout_s: float) -> None:
        """Do the TLS handshake and let the handler have what is behind it; OSError when it fails."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        secured = await asyncio.get_running_loop().start_tls(
            self._transport,
            self,
            context,
            server_side=True,
            ssl_handshake_timeout=timeout_s,
            ssl_shutdown_timeout=1.0,
        )
        if secured is None:
            raise ConnectionResetError
        self._transport = secured
        self.hand_over(handler)

    def expire_in(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something unless the connection is forgotten until then."""
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def forget(self) -> None:
        """Stop watching the connection."""
        if self._timer is not None:
            self._timer.cancel()

    def cut(self) -> None:
        """Stop watching the connection and end it at once."""
        self.forget()
        self.abort()

    def abort(self) -> None:
        """End the connection without another word."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.abort()
