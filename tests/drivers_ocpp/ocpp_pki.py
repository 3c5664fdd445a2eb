"""Certificates for tests: a station's own key, requests for certificates, and authorities good and bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

OPERATOR = "Tidewatt"


def name(common: str, operator: str = OPERATOR) -> x509.Name:
    pairs = ((NameOID.ORGANIZATION_NAME, operator), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def request(key: Key, common: str, operator: str = OPERATOR) -> str:
    """Return a signing request in PEM."""
    csr = x509.CertificateSigningRequestBuilder().subject_name(name(common, operator)).sign(key, SHA256())
    return csr.public_bytes(Encoding.PEM).decode()


@dataclass
class ForeignAuthority:
    """An authority that is not Tidewatt's. `sloppy` leaves out what RFC 5280 demands of an authority."""

    common: str = "Field PKI"
    sloppy: bool = False

    def __post_init__(self) -> None:
        self.key = new_key()
        builder = _builder(name(self.common, "Acme"), name(self.common, "Acme"), self.key, timedelta(days=3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if not self.sloppy:
            builder = builder.add_extension(_signing, critical=True).add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
        self.root = builder.sign(self.key, SHA256())

    @property
    def pem(self) -> str:
        """The root in PEM."""
        return self.root.public_bytes(Encoding.PEM).decode()

    def issue(self, key: Key, common: str, operator: str = OPERATOR, life: timedelta = timedelta(days=30)) -> str:
        """Return a client certificate; a negative `life` is one that has expired."""
        builder = (
            _builder(name(common, operator), self.root.subject, key, life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM).decode()


def client_context(
    root_pem: str, certificate_pem: str | None = None, key: Key | None = None, *, newest: bool = True
) -> ssl.SSLContext:
    """Return a station's side of TLS, with a client certificate if given; `newest` False knows TLS 1.2 only."""
    context = ssl.create_default_context(cadata=root_pem)
    if not newest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if certificate_pem is not None and key is not None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "station.pem"
            file.write_text(certificate_pem + key_pem(key))
            context.load_cert_chain(file)
    return context


def rsa_server(folder: Path, common: str = "localhost") -> tuple[str, str, str]:
    """Write a self-signed RSA server certificate; return its PEM text and the paths of certificate and key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = (
        _builder(name(common), name(common), key, timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_server_and_signing, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(common), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
    )
    pem = builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
    (folder / "server.pem").write_text(pem)
    (folder / "server.key").write_text(key_pem(key))
    return pem, str(folder / "server.pem"), str(folder / "server.key")


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, life: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + life)
    )


def _usage(*, signing: bool, server: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=server,
        content_commitment=False,
        key_encipherment=server,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing,
        crl_sign=signing,
        encipher_only=False,
        decipher_only=False,
    )


_signing = _usage(signing=True, server=False)
_server_and_signing = _usage(signing=True, server=True)
