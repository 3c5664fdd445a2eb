"""Handing files to stations and taking files from them by HTTP, on the ports of the central system itself.

Every file has an address of its own that nobody can guess and that holds for a while. Nothing that a peer sends names
a path here: what comes is written to the file that was chosen before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
import logging
from pathlib import Path
import re
import secrets
from typing import IO

from aiohttp import MultipartReader, web

from tidewatt.site import Clock

_LOGGER = logging.getLogger(__name__)

PREFIX = "/.files/"
"""Where the addresses of files begin; no station's own address does."""

_HOST = re.compile(r"[A-Za-z0-9.:_\[\]-]{1,255}")
_CHUNK_BYTES = 64 * 1024
_IDLE_S = 60.0
"""A peer that sends nothing for so long does not go on."""

_TOKEN_BYTES = 32


@dataclass(slots=True, kw_only=True)
class Ticket:
    """The right to fetch a file, or to bring one (`most_bytes` set), until `expires_at_s` by the clock.

    `done` is set once it was brought completely, and lies at `file` then. It may be fetched as often as that takes.
    """

    token: str = field(repr=False)
    file: Path
    expires_at_s: float
    most_bytes: int | None = None
    is_busy: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Depot:
    """Gives out tickets and serves those who come with one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tickets: dict[str, Ticket] = {}
        self._addresses: dict[str, str] = {}

    def note_address(self, station_id: str, scheme: str, host: str) -> None:
        """Remember by which scheme, name and port a station has reached us: its files are there too.

        A name that cannot be one is forgotten: it is what the station sent.
        """
        if _HOST.fullmatch(host):
            self._addresses[station_id] = f"{scheme}://{host}"

    def offer(self, file: Path, *, valid_for_s: float, token: str | None = None) -> Ticket:
        """Return a ticket to fetch a file; `token` continues one that was given out before a restart."""
        return self._issue(
            Ticket(
                token=token or secrets.token_urlsafe(_TOKEN_BYTES), file=file, expires_at_s=self._clock() + valid_for_s
            )
        )

    def expect(self, file: Path, *, most_bytes: int, valid_for_s: float) -> Ticket:
        """Return a ticket to bring what becomes a file; the folder must exist."""
        return self._issue(
            Ticket(
                token=secrets.token_urlsafe(_TOKEN_BYTES),
                file=file,
                expires_at_s=self._clock() + valid_for_s,
                most_bytes=most_bytes,
            )
        )

    def url(self, station_id: str, ticket: Ticket) -> str | None:
        """Return the address of a ticket for a station; None for one that never came here."""
        origin = self._addresses.get(station_id)
        return None if origin is None else f"{origin}{PREFIX}{ticket.token}"

    def revoke(self, ticket: Ticket) -> None:
        """Let a ticket hold no more."""
        self._tickets.pop(ticket.token, None)

    def is_known(self, token: str) -> bool:
        """Tell whether somebody comes with a ticket that holds."""
        self._forget_expired()
        return token in self._tickets

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one who comes with a token in the address; whatever follows it there does not matter."""
        token = request.match_info["token"]
        if not self.is_known(token):
            raise web.HTTPNotFound(headers={"Connection": "close"})
        ticket = self._tickets[token]
        if ticket.most_bytes is None:
            return await self._hand_out(request, ticket)
        return await self._take_in(request, ticket, ticket.most_bytes)

    def _issue(self, ticket: Ticket) -> Ticket:
        self._forget_expired()
        self._tickets[ticket.token] = ticket
        return ticket

    def _forget_expired(self) -> None:
        now_s = self._clock()
        self._tickets = {token: ticket for token, ticket in self._tickets.items() if ticket.expires_at_s > now_s}

    async def _hand_out(self, request: web.Request, ticket: Ticket) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        if not await asyncio.to_thread(ticket.file.is_file):
            raise web.HTTPNotFound(headers={"Connection": "close"})
        response = web.FileResponse(ticket.file, chunk_size=_CHUNK_BYTES)
        response.headers["Content-Type"] = "application/octet-stream"
        response.force_close()
        return response

    async def _take_in(self, request: web.Request, ticket: Ticket, most_bytes: int) -> web.StreamResponse:
        """Write what is brought beside the file, and put it in its place once it is complete."""
        if request.method not in ("PUT", "POST"):
            raise web.HTTPMethodNotAllowed(request.method, ("PUT", "POST"))
        if ticket.is_busy or ticket.done.is_set():
            raise web.HTTPConflict(text="It is being brought already, or was.", headers={"Connection": "close"})
        ticket.is_busy = True
        part = ticket.file.with_name(f"{ticket.file.name}.part")
        try:
            async with asyncio.timeout(max(0.0, ticket.expires_at_s - self._clock())):
                await _write(part, _content(request), most_bytes)
            await asyncio.to_thread(part.replace, ticket.file)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(headers={"Connection": "close"}) from error
        except OSError as error:
            _LOGGER.warning("A file of a station could not be written: %s", error.strerror)
            raise web.HTTPInsufficientStorage(headers={"Connection": "close"}) from error
        finally:
            ticket.is_busy = False
            await asyncio.to_thread(part.unlink, missing_ok=True)
        ticket.done.set()
        return web.Response(status=201, headers={"Connection": "close"})


async def _write(part: Path, content: AsyncIterator[bytes], most_bytes: int) -> None:
    file: IO[bytes] = await asyncio.to_thread(part.open, "wb")
    size = 0
    try:
        async for chunk in content:
            size += len(chunk)
            if size > most_bytes:
                raise web.HTTPRequestEntityTooLarge(most_bytes, size, headers={"Connection": "close"})
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)


async def _content(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body, or of a form its first file."""
    if not (request.content_type or "").startswith("multipart/"):
        while chunk := await _in_time(request.content.read(_CHUNK_BYTES)):
            yield chunk
        return
    form = await request.multipart()
    part = await _in_time(form.next())
    if part is None or isinstance(part, MultipartReader):
        raise web.HTTPBadRequest(text="The form holds no file.", headers={"Connection": "close"})
    while chunk := await _in_time(part.read_chunk(_CHUNK_BYTES)):
        yield chunk


async def _in_time[T](reading: Awaitable[T]) -> T:
    async with asyncio.timeout(_IDLE_S):
        return await reading
