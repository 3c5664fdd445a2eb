"""X.509 as OCPP uses it: reading PEM chains, naming owners, and the hashes by which messages name certificates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

MAX_CHAIN_CHARS = 10_000
"""Longest chain that CertificateSigned carries."""

MAX_CERTIFICATE_CHARS = 5500
"""Longest certificate or signing request that all versions carry."""

_HASHES: dict[str, SHA256 | SHA384 | SHA512] = {"SHA256": SHA256(), "SHA384": SHA384(), "SHA512": SHA512()}
_MIN_RSA_BITS = 2048
_MIN_EC_BITS = 224


class CertificateError(ValueError):
    """A certificate, chain or signing request that is no use, and why. Holds no key."""


def read_chain(pem: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, leaf first; CertificateError when there is none that can be read."""
    if len(pem) > MAX_CHAIN_CHARS:
        raise CertificateError(f"It is longer than {MAX_CHAIN_CHARS} characters.")
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("It holds no X.509 certificate in PEM.") from error


def to_pem(certificates: Iterable[x509.Certificate]) -> str:
    """Return certificates as one PEM text."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def common_name(name: x509.Name) -> str | None:
    """Return the CN of a subject, None when it has none or several."""
    return _one(name, NameOID.COMMON_NAME)


def organisation(name: x509.Name) -> str | None:
    """Return the O of a subject, None when it has none or several."""
    return _one(name, NameOID.ORGANIZATION_NAME)


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str = "SHA256") -> dict[str, str]:
    """Return the CertificateHashDataType of a certificate (M03.FR.04); a root is its own issuer.

    The hashes are those of an OCSP request (RFC 6960): of the issuer's name and of the bits of its public key. The
    serial number is hexadecimal without leading zeros.
    """
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, _HASHES[algorithm]).build()
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{request.serial_number:x}",
    }


def same_hash_data(one: object, other: object) -> bool:
    """Tell whether two CertificateHashDataType name the same certificate; stations write either case of letters."""
    return isinstance(one, dict) and isinstance(other, dict) and _folded(one) == _folded(other)


def is_strong(key: object) -> bool:
    """Tell whether a public key is as strong as OCPP demands (A00.FR.502, A00.FR.503)."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _MIN_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= _MIN_EC_BITS


def find_root(
    chain: Sequence[x509.Certificate], roots: Iterable[x509.Certificate], at: datetime | None = None
) -> x509.Certificate:
    """Return the root that a chain, leaf first, leads to.

    CertificateError when a certificate is not issued by the next one or by a root, is not valid at this time, or is
    issued by one that may not issue.
    """
    now = at or datetime.now(UTC)
    known = list(roots)
    current = chain[0]
    for certificate in (*chain[1:], None):
        _check_time(current, now)
        root = next((root for root in known if _issued(current, root)), None)
        if root is not None:
            _check_time(root, now)
            return root
        if certificate is None or not _issued(current, certificate) or not _may_issue(certificate):
            break
        current = certificate
    raise CertificateError("It does not lead to an authority that is trusted here.")


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise CertificateError("It is not valid yet.")
    if now > certificate.not_valid_after_utc:
        raise CertificateError("It has expired.")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm:
        return False
    return True


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound, ValueError:
        return False


def _one(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if len(found) == 1 else None


def _folded(row: dict[str, object]) -> dict[str, str]:
    keys = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
    folded = {key: str(row.get(key, "")).casefold() for key in keys}
    return folded | {"serialNumber": folded["serialNumber"].lstrip("0")}
