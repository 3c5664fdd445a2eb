"""The local certificate authority: what it has issued, to whom, and what it has taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
import msgspec

from tidewatt.ocpp.certificates import CertificateError, common_name
from tidewatt.site import StateStore

from .issuing import make_root, make_server, make_station, read_request

_LOGGER = logging.getLogger(__name__)

DOCUMENT = "ocpp_authority"
"""Name of the document in the state store. It holds private keys."""

RENEW_SERVER_BEFORE = timedelta(days=30)
RENEW_STATION_BEFORE = timedelta(days=60)
_MOST_PER_STATION = 4
"""Certificates of one station that count; an older one that was never taken back stops counting."""


@dataclass(slots=True)
class RootRecord:
    """A root with its private key. The newest signs; older ones only vouch for what they have signed."""

    certificate: str
    key: str = field(repr=False)


@dataclass(slots=True)
class ServerRecord:
    """The server's certificate for these names, with its private key."""

    certificate: str
    key: str = field(repr=False)
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class IssuedRecord:
    """A certificate of a station. `serial` is hexadecimal; `revoked_at_utc` None while it counts.

    `taken` is whether the station has said that it took it.
    """

    serial: str
    station_id: str
    common_name: str
    not_after_utc: datetime
    revoked_at_utc: datetime | None = None
    taken: bool = False


@dataclass(slots=True)
class _Book:
    roots: list[RootRecord] = field(default_factory=list)
    server: ServerRecord | None = None
    issued: list[IssuedRecord] = field(default_factory=list)


class Authority:
    """Issues, renews and revokes certificates under a root of its own, which is made when it is first needed.

    Keys are made and used in threads. Every change is stored before it is given out, so that a crash never leaves a
    certificate in the world that is not in the book.
    """

    def __init__(
        self, store: StateStore, operator: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self.operator = operator
        self._now = now
        self._book = _Book()
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Take over what is stored. A document that cannot be read is an error: its keys must not be lost silently."""
        document = await self._store.load(DOCUMENT)
        if document is not None:
            self._book = msgspec.convert(document, _Book)

    @property
    def roots_pem(self) -> str:
        """All roots whose certificates count, newest first, as one PEM text; empty before the first."""
        return "".join(root.certificate for root in reversed(self._book.roots))

    @property
    def root_pem(self) -> str:
        """The root that signs now; CertificateError before the first."""
        return self._root().certificate

    @property
    def issued(self) -> tuple[IssuedRecord, ...]:
        """Everything in the book, oldest first."""
        return tuple(self._book.issued)

    async def server(self, names: Sequence[str]) -> tuple[str, str]:
        """Return the server's certificate chain and private key, made anew when due or when the names changed."""
        async with self._changing:
            server = self._book.server
            if server is None or server.names != tuple(names) or self._is_due(server.certificate, RENEW_SERVER_BEFORE):
                root = await self._ensure_root()
                made = await asyncio.to_thread(make_server, root.certificate, root.key, names, self._now())
                server = self._book.server = ServerRecord(*made, tuple(names))
                await self._save()
                _LOGGER.info("The OCPP server has a new certificate for %s", ", ".join(names))
            return server.certificate, server.key

    async def sign(self, request_pem: str, station_id: str, names: Sequence[str]) -> tuple[str, IssuedRecord]:
        """Return a certificate for a station's signing request; CertificateError when it may not have it.

        `names` are the CNs that this station may have. The book binds the certificate to the station, whatever its CN.
        """
        request = await asyncio.to_thread(read_request, request_pem, names, self.operator)
        async with self._changing:
            root = await self._ensure_root()
            now = self._now()
            made = await asyncio.to_thread(make_station, root.certificate, root.key, request, now)
            certificate = x509.load_pem_x509_certificate(made.encode())
            record = IssuedRecord(
                serial=serial_of(certificate),
                station_id=station_id,
                common_name=common_name(certificate.subject) or "",
                not_after_utc=certificate.not_valid_after_utc,
            )
            self._book.issued.append(record)
            self._forget_old(station_id, now)
            await self._save()
        _LOGGER.info("OCPP station %s was issued certificate %s", station_id, record.serial)
        return made, record

    async def note_taken(self, record: IssuedRecord) -> None:
        """Remember that a station took its certificate."""
        record.taken = True
        async with self._changing:
            await self._save()

    async def revoke(self, station_id: str, serial: str | None = None) -> int:
        """Take back one certificate of a station, or all; return how many counted until now."""
        revoked = [
            record
            for record in self._book.issued
            if record.station_id == station_id and serial in (None, record.serial) and record.revoked_at_utc is None
        ]
        for record in revoked:
            record.revoked_at_utc = self._now()
        async with self._changing:
            await self._save()
        return len(revoked)

    async def renew_root(self) -> str:
        """Make a new root, which signs from now on, and return it. Older ones go on vouching for what they signed.

        The server keeps its certificate of the old root until `renew_server`, for stations that do not know the new
        one yet.
        """
        async with self._changing:
            await self._add_root()
            await self._save()
            return self.root_pem

    async def renew_server(self) -> None:
        """Have the server's certificate made anew by the present root, when `server` is next asked for it."""
        async with self._changing:
            self._book.server = None
            await self._save()

    def verdict(self, station_id: str, certificate: x509.Certificate) -> str | None:
        """Return why a certificate that one of our roots has signed does not admit a station, None when it does."""
        serial = serial_of(certificate)
        record = next((record for record in self._book.issued if record.serial == serial), None)
        if record is None:
            return "its certificate is no longer in the authority's book"
        if record.station_id != station_id:
            return f"its certificate was issued to station {record.station_id!r}"
        if record.revoked_at_utc is not None:
            return f"its certificate was revoked on {record.revoked_at_utc:%Y-%m-%d}"
        return None

    def is_ours(self, root_der: bytes) -> bool:
        """Tell whether a root is one of this authority's."""
        return any(_der(root.certificate) == root_der for root in self._book.roots)

    def newest(self, station_id: str) -> IssuedRecord | None:
        """Return the newest certificate of a station that counts and that it took."""
        return next((record for record in reversed(self._book.issued) if self._counts(record, station_id)), None)

    def is_renewal_due(self, station_id: str) -> bool:
        """Tell whether a station has a certificate that will soon expire (A03.FR.02 has the station ask by itself)."""
        newest = self.newest(station_id)
        return newest is not None and newest.not_after_utc - self._now() < RENEW_STATION_BEFORE

    def diagnostics(self) -> dict[str, Any]:
        """Return how the authority stands. Holds no keys."""
        server = self._book.server
        return {
            "roots": [_describe(root.certificate) for root in self._book.roots],
            "server": None if server is None else _describe(server.certificate) | {"names": list(server.names)},
            "issued": [msgspec.to_builtins(record) for record in self._book.issued],
        }

    def _counts(self, record: IssuedRecord, station_id: str) -> bool:
        return (
            record.station_id == station_id
            and record.taken
            and record.revoked_at_utc is None
            and record.not_after_utc > self._now()
        )

    def _forget_old(self, station_id: str, now: datetime) -> None:
        own = [record for record in self._book.issued if record.station_id == station_id]
        dropped = {record.serial for record in own[:-_MOST_PER_STATION]}
        self._book.issued = [
            record
            for record in self._book.issued
            if record.serial not in dropped and record.not_after_utc + timedelta(days=1) > now
        ]

    def _root(self) -> RootRecord:
        if not self._book.roots:
            raise CertificateError("The local authority has no root yet.")
        return self._book.roots[-1]

    async def _ensure_root(self) -> RootRecord:
        if not self._book.roots:
            await self._add_root()
        return self._root()

    async def _add_root(self) -> None:
        made = await asyncio.to_thread(make_root, self.operator, self._now())
        self._book.roots.append(RootRecord(*made))
        _LOGGER.info("The local OCPP certificate authority has a new root")

    def _is_due(self, certificate_pem: str, before: timedelta) -> bool:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        return certificate.not_valid_after_utc - self._now() < before

    async def _save(self) -> None:
        await self._store.save(DOCUMENT, msgspec.to_builtins(self._book))


def serial_of(certificate: x509.Certificate) -> str:
    """Return a certificate's serial number in hexadecimal."""
    return f"{certificate.serial_number:x}"


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def _describe(pem: str) -> dict[str, str]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return {
        "subject": certificate.subject.rfc4514_string(),
        "serial": serial_of(certificate),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
