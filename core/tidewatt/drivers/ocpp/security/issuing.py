"""Making certificates of the local authority: its root, the server's and those of stations. Slow: not on the loop.

What each holds follows RFC 5280 as OpenSSL checks it strictly, and the certificate properties of OCPP (A00.FR.501 to
A00.FR.512): ECDSA on P-256 with SHA-256, O the operator, CN the server's name or the station.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tidewatt.ocpp.certificates import MAX_CERTIFICATE_CHARS, CertificateError, common_name, is_strong, organisation

ROOT_LIFE = timedelta(days=20 * 365)
SERVER_LIFE = timedelta(days=397)
STATION_LIFE = timedelta(days=2 * 365)

_BEFORE = timedelta(hours=24)
"""Certificates count from a day ago: stations with a wrong clock refuse what is not valid yet (A02.FR.06)."""
_MAX_NAME_CHARS = 64
"""Longest CN and O (X.520, ub-common-name and ub-organization-name)."""


def make_root(operator: str, now: datetime) -> tuple[str, str]:
    """Return certificate and private key of a new root, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A number in the name keeps a root apart from the one it replaces.
    name = _name(f"{operator[:40]} OCPP root {now:%Y-%m-%d %H:%M:%S}", operator)
    certificate = (
        _builder(name, name, key.public_key(), now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode(), _key_pem(key)


def make_server(root_pem: str, root_key_pem: str, names: Sequence[str], now: datetime) -> tuple[str, str]:
    """Return certificate and private key of the server with these host names and addresses, in PEM."""
    root = x509.load_pem_x509_certificate(root_pem.encode())
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(names[0], organisation(root.subject) or "Tidewatt")
    certificate = (
        _builder(subject, root.subject, key.public_key(), now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(_issuer_id(root), critical=False)
        .sign(_signing_key(root_key_pem), SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode(), _key_pem(key)


def make_station(root_pem: str, root_key_pem: str, request: x509.CertificateSigningRequest, now: datetime) -> str:
    """Return the certificate, in PEM, of a station whose request was checked."""
    root = x509.load_pem_x509_certificate(root_pem.encode())
    key = request.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CertificateError("Its key is neither RSA nor of an elliptic curve.")
    certificate = (
        _builder(request.subject, root.subject, key, now, STATION_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(_issuer_id(root), critical=False)
        .sign(_signing_key(root_key_pem), SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def read_request(pem: str, names: Sequence[str], operator: str) -> x509.CertificateSigningRequest:
    """Return a station's signing request; CertificateError saying what is wrong with it.

    Its CN must be one of `names`, its O the operator, its key strong, and signed with that very key.
    """
    if len(pem) > MAX_CERTIFICATE_CHARS:
        raise CertificateError(f"It is longer than {MAX_CERTIFICATE_CHARS} characters.")
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        signed, key = request.is_signature_valid, request.public_key()
        subject = request.subject
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise CertificateError("It is no PKCS #10 request in PEM.") from error
    if not signed:
        raise CertificateError("Its signature is wrong.")
    if not is_strong(key):
        raise CertificateError("Its key is too weak: RSA from 2048 bits or an elliptic curve from 224 bits is needed.")
    if common_name(subject) not in names:
        wanted = " or ".join(map(repr, names))
        raise CertificateError(f"Its CN is {common_name(subject)!r}, not the station's {wanted}.")
    if organisation(subject) != operator:
        raise CertificateError(f"Its O is {organisation(subject)!r}, not the operator {operator!r}.")
    return request


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _BEFORE)
        .not_valid_after(now.astimezone(UTC) + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str, operator: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, operator[:_MAX_NAME_CHARS]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:_MAX_NAME_CHARS]),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer_id(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _signing_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError("The authority's key is not of an elliptic curve.")
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
