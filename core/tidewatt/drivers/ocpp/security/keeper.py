"""Security of a central system: its authority, passwords and TLS, and who is admitted on which terms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import logging
from pathlib import Path
import ssl
from typing import Any

import msgspec

from tidewatt.drivers.ocpp.memory import StationRecord
from tidewatt.ocpp.certificates import find_root, read_chain, to_pem
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.site import OcppEndpoint, OcppListener, SiteError, StateStore, TlsListener
from tidewatt.site.security import server_names

from .admission import Admission, Peer, Policy, Refusal, judge
from .authority import DOCUMENT as AUTHORITY_DOCUMENT, Authority, IssuedRecord
from .events import SecurityEvent
from .tls import make_context, take_identity
from .vault import DOCUMENT as VAULT_DOCUMENT, Vault, new_password

_LOGGER = logging.getLogger(__name__)

_RENEWAL_INTERVAL_S = 6 * 3600.0

type Endpoints = Mapping[str, tuple[OcppEndpoint, ...]]
"""The configured endpoints of each station."""


class SecurityKeeper:
    """What a central system needs to keep strangers out.

    `record` tells what is remembered of a station; `on_event` hears of the security events that stations report.
    """

    def __init__(
        self,
        listener: OcppListener,
        store: StateStore,
        *,
        record: Callable[[str], StationRecord],
        on_event: Callable[[SecurityEvent], None] = lambda _event: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        tls = listener.tls
        self._listener = listener
        self._tls = tls
        self._record = record
        self.on_event = on_event
        self.authority = Authority(store, tls.operator if tls else TlsListener().operator, now)
        self.vault = Vault(store)
        self._endpoints: Endpoints = {}
        self._admitted: dict[str, int] = {}
        self._trusted_pem = ""
        self._server_pem: str | None = None
        self._renewing: asyncio.Task[None] | None = None
        self.context: ssl.SSLContext | None = None
        self.tls_port = tls.port if tls else 0

    async def start(self, endpoints: Endpoints) -> None:
        """Load what is stored and get TLS ready; SiteError for certificate files that are no use."""
        self._endpoints = endpoints
        try:
            await self.authority.load()
            await self.vault.load()
        except msgspec.ValidationError:
            # Begun anew, the stations would be locked out for good; what the error says may quote a key.
            remedy = "Restore them from a backup, or remove them to begin with a new authority and old passwords."
            raise SiteError("ocpp", [AUTHORITY_DOCUMENT, VAULT_DOCUMENT], remedy) from None
        if self._tls is None:
            return
        try:
            if self._tls.trusted is not None:
                self._trusted_pem = to_pem(read_chain(await _read(self._tls.trusted)))
            identity = await self._identity()
            self.context = make_context(self._roots_pem, strict=self._all_strict)
            await self._use(identity)
        except (OSError, ValueError) as error:
            # What the error says may quote the key's file.
            files = [each for each in (self._tls.certificate, self._tls.key, self._tls.trusted) if each is not None]
            remedy = f"Give PEM files that can be read and belong together ({type(error).__name__})."
            raise SiteError("ocpp.tls", files, remedy) from None
        self._renewing = asyncio.create_task(self._keep_renewing(), name="OCPP server certificate")

    async def stop(self) -> None:
        """Stop renewing."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    def configure(self, endpoints: Endpoints) -> None:
        """Take a new configuration of the stations."""
        self._endpoints = endpoints
        if self.context is not None:
            self._set_strictness(self.context)

    async def renew(self) -> None:
        """Take the server's certificate as it is due now; connections that exist keep theirs."""
        if self.context is not None:
            await self._use(await self._identity())
            if self._roots_pem:
                # Roots are only ever added: a station's certificate of an old one still counts.
                self.context.load_verify_locations(cadata=self._roots_pem)

    def judge(self, station_id: str, peer: Peer) -> Admission | Refusal:
        """Decide about a station's connection."""
        return judge(peer, self._policy(station_id), is_ours=self.authority.is_ours, verdict=self.authority.verdict)

    async def admit(self, station_id: str, admission: Admission) -> bool:
        """Take note of a station that is let in. Tells whether its record changed and has to be stored."""
        if admission.password is not None:
            await self.vault.used(station_id, admission.password)
        self._admitted[station_id] = admission.profile
        record = self._record(station_id)
        if admission.profile < 2 or admission.profile <= record.security_profile:
            return False
        record.security_profile = admission.profile
        return True

    def profile_of(self, station_id: str) -> int | None:
        """Return the security profile that a station last connected with, None before it did."""
        return self._admitted.get(station_id)

    def allow_lower(self, station_id: str) -> None:
        """Let a station come with less than it was seen with; a person's decision (OCPP itself never lowers it)."""
        self._record(station_id).security_profile = 0

    def of(self, station_id: str) -> StationSecurity:
        """Return security as the blocks of a station use it."""
        return StationSecurity(self, station_id, self._record(station_id))

    def suspects(self, is_connected: Callable[[str], bool]) -> list[str]:
        """Return the stations that may be who failed a TLS handshake: those who need TLS and are not connected."""
        return [
            station_id
            for station_id in self._endpoints
            if self.required(station_id) >= 2 and not is_connected(station_id)
        ]

    def required(self, station_id: str) -> int:
        """Return the lowest security profile that is accepted of a station."""
        return max(self._policy(station_id).required, self._record(station_id).security_profile)

    def configured_password(self, station_id: str) -> str | None:
        """Return the password of a station in the site; several chargers of one station share it."""
        found = (each.password for each in self._endpoints.get(station_id, ()) if each.password is not None)
        return next(found, None)

    def root_of_server(self) -> str:
        """Return the root, in PEM, that stations must know to trust this server; CertificateError if it is not here.

        A certificate from files that is signed by a public authority has its root elsewhere.
        """
        chain = read_chain(self._server_pem or "")
        roots = [*read_chain(self._roots_pem)] if self._roots_pem else []
        own = [each for each in chain if each.issuer == each.subject]
        return to_pem([find_root(chain, [*own, *roots])])

    def url(self, *, encrypted: bool) -> str:
        """Return the address at which stations reach this machine; ValueError without TLS where it is wanted."""
        if encrypted:
            if self._tls is None:
                raise ValueError("There is no TLS: describe it under 'ocpp.tls' first.")
            return f"wss://{_in_url(server_names(self._listener, self._tls)[0])}:{self.tls_port}"
        return f"ws://{_in_url(self._listener.host)}:{self._listener.port}"

    def diagnostics(self) -> dict[str, Any]:
        """Return how security stands. Holds neither keys nor passwords."""
        return {"tls": self.context is not None, "authority": self.authority.diagnostics()}

    def _policy(self, station_id: str) -> Policy:
        endpoints = self._endpoints.get(station_id, ())
        configured = self.configured_password(station_id)
        addresses = [each.addresses for each in endpoints if each.addresses is not None]
        return Policy(
            station_id=station_id,
            required=max((each.security_profile or 0 for each in endpoints), default=0),
            seen=self._record(station_id).security_profile,
            passwords=self.vault.accepted(station_id, configured),
            password_optional=self.vault.may_be_left_out(station_id, configured),
            strict=all(each.strict_certificates for each in endpoints),
            addresses=tuple(address for each in addresses for address in each) if addresses else None,
            operator=self.authority.operator,
        )

    @property
    def _roots_pem(self) -> str:
        return self.authority.roots_pem + self._trusted_pem

    @property
    def _all_strict(self) -> bool:
        return all(each.strict_certificates for endpoints in self._endpoints.values() for each in endpoints)

    def _set_strictness(self, context: ssl.SSLContext) -> None:
        if self._all_strict:
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        else:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    async def _identity(self) -> tuple[str, str]:
        tls = self._tls
        if tls is None:
            raise ValueError("There is no TLS.")
        if tls.certificate is not None and tls.key is not None:
            return await _read(tls.certificate), await _read(tls.key)
        return await self.authority.server(server_names(self._listener, tls))

    async def _use(self, identity: tuple[str, str]) -> None:
        chain, key = identity
        if self.context is not None and chain != self._server_pem:
            await asyncio.to_thread(take_identity, self.context, chain, key)
            self._server_pem = chain

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_INTERVAL_S)
            try:
                await self.renew()
            except (OSError, ValueError) as error:
                _LOGGER.error("The OCPP server's certificate could not be renewed: %s", type(error).__name__)  # noqa: TRY400 - a traceback may quote the key's file


class StationSecurity:
    """Security as one station's functional blocks use it."""

    def __init__(self, keeper: SecurityKeeper, station_id: str, record: StationRecord) -> None:
        self._keeper = keeper
        self._station_id = station_id
        self._record = record

    @property
    def profile(self) -> int:
        """The lowest security profile that is accepted of the station."""
        return self._keeper.required(self._station_id)

    @property
    def connected_profile(self) -> int | None:
        """The security profile of the station's latest connection, None before there was one."""
        return self._keeper.profile_of(self._station_id)

    @property
    def has_password(self) -> bool:
        """Whether the station has a password that counts."""
        configured = self._keeper.configured_password(self._station_id)
        return bool(self._keeper.vault.accepted(self._station_id, configured))

    @property
    def operator(self) -> str:
        """The organisation that certificates of stations name."""
        return self._keeper.authority.operator

    @property
    def is_password_waiting(self) -> bool:
        """Whether the station has not used its new password yet."""
        return self._keeper.vault.is_waiting(self._station_id)

    @property
    def certificate(self) -> IssuedRecord | None:
        """The newest certificate that the station took and that counts."""
        return self._keeper.authority.newest(self._station_id)

    @property
    def is_renewal_due(self) -> bool:
        """Whether that certificate will soon expire."""
        return self._keeper.authority.is_renewal_due(self._station_id)

    def root_pem(self) -> str:
        """Return the root by which the station knows this server; CertificateError when it is not here."""
        return self._keeper.root_of_server()

    def url(self, *, encrypted: bool) -> str:
        """Return the address at which the station reaches this machine; ValueError without TLS."""
        return self._keeper.url(encrypted=encrypted)

    def announce(self, event: SecurityEvent) -> None:
        """Tell listeners of an event."""
        self._keeper.on_event(event)

    async def sign(self, request_pem: str) -> tuple[str, IssuedRecord]:
        """Return a certificate for the station's signing request; CertificateError when it may not have it.

        The CN may be the station's id or the serial number that it told (A00.FR.511).
        """
        names = dict.fromkeys([self._station_id, *([self._record.serial_number] if self._record.serial_number else [])])
        return await self._keeper.authority.sign(request_pem, self._station_id, tuple(names))

    async def note_taken(self, record: IssuedRecord) -> None:
        """Remember that the station took its certificate."""
        await self._keeper.authority.note_taken(record)

    async def propose_password(self, version: OcppVersion) -> str:
        """Make a new password for the station and let it count; it is stored once this returns."""
        password = new_password(version)
        configured = self._keeper.configured_password(self._station_id)
        await self._keeper.vault.propose(self._station_id, configured, password)
        return password

    async def withdraw_password(self) -> None:
        """Forget a new password that the station refused."""
        await self._keeper.vault.withdraw(self._station_id)


async def _read(path: str) -> str:
    return await asyncio.to_thread(Path(path).read_text)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def der_chain(ssl_object: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the verified chain of a TLS peer in DER, leaf first; empty when it showed no certificate."""
    if ssl_object.getpeercert(binary_form=True) is None:
        return ()
    return tuple(bytes(der) for der in ssl_object.get_verified_chain())
