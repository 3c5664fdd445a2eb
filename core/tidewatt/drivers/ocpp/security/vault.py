"""Passwords of stations that were changed over OCPP: stored before they are sent, and both count until one is used."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import secrets
import string

import msgspec

from tidewatt.ocpp.frames import OcppVersion
from tidewatt.site import StateStore

DOCUMENT = "ocpp_passwords"
"""Name of the document in the state store. It holds passwords."""

_KEY_BYTES = 20
"""An AuthorizationKey of OCPP 1.6 is 16 to 20 bytes, written as up to 40 hexadecimal digits (A00.FR.205)."""
_PASSWORD_CHARS = 40
"""A BasicAuthPassword of OCPP 2.x is 16 to 40 characters (A00.FR.205); 2.1 takes longer ones too."""


@dataclass(slots=True)
class PasswordRecord:
    """The passwords of one station. `configured` is what the site said when `current` replaced it.

    `proposed` was sent, or is about to be, and was not used yet.
    """

    configured: str | None = field(default=None, repr=False)
    current: str | None = field(default=None, repr=False)
    proposed: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Document:
    stations: dict[str, PasswordRecord] = field(default_factory=dict)


class Vault:
    """Keeps passwords that Tidewatt has chosen. A password that a person configures anew replaces them."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._document = _Document()
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Take over what is stored."""
        document = await self._store.load(DOCUMENT)
        if document is not None:
            self._document = msgspec.convert(document, _Document)

    def accepted(self, station_id: str, configured: str | None) -> tuple[str, ...]:
        """Return the passwords that a station may give; none when it needs none."""
        record = self._record(station_id, configured)
        if record is None:
            return () if configured is None else (configured,)
        # The old one counts until the station has used the new one: it may have crashed before it took it.
        found = (record.proposed, configured if record.current is None else record.current)
        return tuple(password for password in found if password is not None)

    def may_be_left_out(self, station_id: str, configured: str | None) -> bool:
        """Tell whether a station may come without password: it never had one that it used."""
        record = self._record(station_id, configured)
        return configured is None and (record is None or record.current is None)

    async def propose(self, station_id: str, configured: str | None, password: str) -> None:
        """Let a new password count beside the old one; it is on disk once this returns."""
        record = self._record(station_id, configured) or PasswordRecord(configured=configured)
        self._document.stations[station_id] = record
        record.proposed = password
        await self._save()

    async def used(self, station_id: str, password: str) -> None:
        """Take note that a station gave this password: a new one then replaces the old one."""
        record = self._document.stations.get(station_id)
        if record is not None and record.proposed is not None and secrets.compare_digest(record.proposed, password):
            record.current, record.proposed = record.proposed, None
            await self._save()

    async def withdraw(self, station_id: str) -> None:
        """Forget a new password that the station refused."""
        record = self._document.stations.get(station_id)
        if record is not None:
            record.proposed = None
            if record.current is None:
                del self._document.stations[station_id]
            await self._save()

    def is_waiting(self, station_id: str) -> bool:
        """Tell whether a new password was not used yet."""
        record = self._document.stations.get(station_id)
        return record is not None and record.proposed is not None

    def _record(self, station_id: str, configured: str | None) -> PasswordRecord | None:
        record = self._document.stations.get(station_id)
        return record if record is not None and record.configured == configured else None

    async def _save(self) -> None:
        async with self._writing:
            await self._store.save(DOCUMENT, msgspec.to_builtins(self._document))


def new_password(version: OcppVersion) -> str:
    """Return a random password as a version wants it: hexadecimal for 1.6, letters and digits for 2.x (A01.FR.07)."""
    if version is OcppVersion.V16:
        return secrets.token_hex(_KEY_BYTES).upper()
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(_PASSWORD_CHARS))
