"""What OpenSSL's strict check (X509_V_FLAG_X509_STRICT, RFC 5280) finds, for stations of which it is demanded.

The handshake itself can be strict with all stations or with none: it does not know yet who calls. As soon as one may
be lax, it is left to this check to be strict with the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509


def strict_flaw(chain: Sequence[x509.Certificate]) -> str | None:
    """Return what is wrong with a verified chain, leaf first, by the strict rules; None when nothing is."""
    try:
        for certificate in chain:
            flaw = _flaw(certificate, is_root=certificate.issuer == certificate.subject)
            if flaw is not None:
                return f"the certificate {certificate.subject.rfc4514_string()} {flaw} (RFC 5280)"
    except ValueError:
        return "a certificate has extensions that cannot be read (RFC 5280)"
    return None


def _flaw(certificate: x509.Certificate, *, is_root: bool) -> str | None:
    if certificate.version is not x509.Version.v3:
        return "is not of version 3"
    extensions = certificate.extensions
    constraints = _find(extensions, x509.BasicConstraints)
    if not is_root and _find(extensions, x509.AuthorityKeyIdentifier) is None:
        return "has no authority key identifier"
    if constraints is None or not constraints.value.ca:
        return None
    return _authority_flaw(extensions, constraints)


def _authority_flaw(extensions: x509.Extensions, constraints: x509.Extension[x509.BasicConstraints]) -> str | None:
    usage = _find(extensions, x509.KeyUsage)
    if not constraints.critical:
        return "is an authority whose basic constraints are not critical"
    if usage is None or not usage.value.key_cert_sign:
        return "is an authority without the key usage to sign certificates"
    if _find(extensions, x509.SubjectKeyIdentifier) is None:
        return "is an authority without subject key identifier"
    return None


def _find[T: x509.ExtensionType](extensions: x509.Extensions, kind: type[T]) -> x509.Extension[T] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
