"""How an emulated station reaches its central system and shows who it is; much of it is changed over OCPP."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tidewatt.ocpp.certificates import read_chain, to_pem
from tidewatt.ocpp.frames import OcppVersion

ATTEMPTS = 3
"""Failures with a new connection after which the station goes back to the one before (A05.FR.08 of 1.6, B10.FR.03)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAddress:
    """Where a station connects to and how it names itself. `password` None sends no credentials."""

    url: str
    station_id: str
    version: OcppVersion
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySettings:
    """A station's security as it leaves the factory. Files are PEM; `certificate` may hold the chain.

    `profile` None follows from the address: 2 with wss, 1 with a password, else 0. `tls_url` is where an OCPP 1.6
    station connects once its profile is raised, for 1.6 has no message for it.
    """

    profile: int | None = None
    tls_url: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    operator: str = "Tidewatt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One way to connect: an address and a security profile."""

    url: str
    profile: int


@dataclass(slots=True)
class StationAccess:
    """The present way to connect, the one to go back to, and what the station shows and trusts.

    `roots` are by the use that OCPP names. `on_distrust` is told when the central system's certificate is not trusted.
    """

    address: LinkAddress
    settings: SecuritySettings
    roots: dict[str, list[x509.Certificate]] = field(default_factory=dict)
    chain: list[x509.Certificate] = field(default_factory=list)
    private_key: str | None = field(default=None, repr=False)
    on_distrust: Callable[[str], None] = lambda _: None
    _fallback: Connection | None = None
    _failures: int = 0
    _loaded: bool = False
    password: str | None = field(init=False, repr=False)
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what the settings say."""
        self.password = self.address.password
        encrypted = self.address.url.startswith("wss")
        profile = self.settings.profile
        if profile is None:
            profile = 2 if encrypted else 1 if self.password is not None else 0
        self.connection = Connection(url=self.address.url, profile=profile)

    @property
    def root_use(self) -> str:
        """What the version calls the roots of central systems."""
        return "CentralSystemRootCertificate" if self.address.version is OcppVersion.V16 else "CSMSRootCertificate"

    @property
    def trusted(self) -> list[x509.Certificate]:
        """The roots by which the central system is known."""
        return self.roots.get(self.root_use, [])

    @property
    def headers(self) -> dict[str, str]:
        """The header of HTTP Basic authentication (RFC 7617); none without a password or with a certificate.

        A password of OCPP 1.6 that was given in hexadecimal is sent as it is written.
        """
        if self.password is None or self.connection.profile == 3:
            return {}
        pair = f"{self.address.station_id}:{self.password}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}

    async def context(self) -> ssl.SSLContext | None:
        """Return what TLS needs, None for a connection without; OSError or ValueError for files that are no use."""
        await self.load()
        if self.connection.profile < 2:
            return None
        return await asyncio.to_thread(self._make_context)

    async def load(self) -> None:
        """Read the files of the settings, once."""
        if not self._loaded:
            self._loaded = True
            await asyncio.to_thread(self._read_files)

    def switch(self, connection: Connection) -> None:
        """Connect otherwise from now on; the present way is what to go back to."""
        if connection != self.connection:
            self._fallback, self.connection = self.connection, connection
            self._failures = 0

    def succeeded(self) -> None:
        """Take note that the central system let the station in: there is no way back from a higher profile."""
        self._failures = 0
        self._fallback = None

    def failed(self) -> None:
        """Take note that it did not work; after some attempts the station goes back."""
        self._failures += 1
        if self._fallback is not None and self._failures >= ATTEMPTS:
            self.connection, self._fallback = self._fallback, None

    def take_certificate(self, chain: list[x509.Certificate], private_key: str) -> None:
        """Show another certificate from now on."""
        self.chain, self.private_key = chain, private_key

    def lacks(self, profile: int) -> bool:
        """Tell whether something is missing for a profile (A05.FR.02 to A05.FR.04)."""
        if profile in (1, 2) and self.password is None:
            return True
        if profile >= 2 and not self.trusted:
            return True
        return profile == 3 and not self.chain

    def _read_files(self) -> None:
        settings = self.settings
        if settings.ca is not None:
            self.roots.setdefault(self.root_use, []).extend(read_chain(Path(settings.ca).read_text()))
        if settings.certificate is not None and settings.key is not None:
            self.take_certificate(read_chain(Path(settings.certificate).read_text()), Path(settings.key).read_text())

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=to_pem(self.trusted) or None)
        if self.connection.profile == 3 and self.chain and self.private_key is not None:
            with TemporaryDirectory(prefix="station-") as folder:
                file = Path(folder) / "station.pem"
                file.touch(mode=0o600)
                file.write_text(to_pem(self.chain) + self.private_key)
                with contextlib.suppress(ssl.SSLError):
                    # A key that does not belong to the certificate: the station connects without, and is refused.
                    context.load_cert_chain(file)
        return context


def make_request(common_name: str, operator: str) -> tuple[str, str]:
    """Return a new private key and a signing request for it, in PEM. Slow: not on the loop."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, operator),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return key_pem, request.public_bytes(Encoding.PEM).decode()
