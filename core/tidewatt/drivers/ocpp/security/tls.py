"""The server's side of TLS, as OCPP wants it (A00.FR.311 to A00.FR.321 of 1.6; A00.FR.312, 313, 318, 321 of 2.x)."""

from __future__ import annotations

from pathlib import Path
import secrets
import ssl
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

CIPHERS = "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:AES128-GCM-SHA256:AES256-GCM-SHA384"
"""TLS 1.2: the suites that OCPP names (A00.FR.317 of 1.6, A00.FR.318 of 2.x), the weakest last. TLS 1.3 has its own."""


def make_context(roots_pem: str, *, strict: bool) -> ssl.SSLContext:
    """Return a context that asks stations for a certificate and verifies the one that comes against the roots.

    TLS 1.3 or 1.2, no compression, no renegotiation. No tickets either: a resumed session would skip the check of a
    certificate that has expired meanwhile. `strict` has certificates checked by all of RFC 5280.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    else:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if roots_pem:
        context.load_verify_locations(cadata=roots_pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def take_identity(context: ssl.SSLContext, chain_pem: str, key_pem: str) -> None:
    """Give a context the server's certificate; connections that exist keep theirs. Slow: not on the loop.

    The ssl module reads keys from files only: the key is written encrypted with a password that nobody keeps.
    """
    password = secrets.token_bytes(32)
    encrypted = load_pem_private_key(key_pem.encode(), password=None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password)
    )
    with TemporaryDirectory(prefix="tidewatt-") as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_text(chain_pem)
        key.touch(mode=0o600)
        key.write_bytes(encrypted)
        context.load_cert_chain(chain, key, password)


def words_of(error: Exception) -> str:
    """Return what went wrong in a handshake, in words that follow "It was refused:"."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not pass: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return _REASONS.get(error.reason or "", f"the TLS handshake failed ({error.reason or 'no reason given'}).")
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return "the TLS handshake took too long."
    return f"it gave up during the TLS handshake. Perhaps {_DISTRUST}"


_DISTRUST = "it does not trust the certificate of this central system. Install the root certificate on it."
_REASONS = {
    "UNSUPPORTED_PROTOCOL": "it offers no TLS version from 1.2 on.",
    "NO_SHARED_CIPHER": "it offers no TLS cipher suite that is allowed.",
    "HTTP_REQUEST": "it speaks without encryption on the encrypted port.",
    "WRONG_VERSION_NUMBER": "it does not speak TLS.",
    "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it finds that the certificate of this central system has expired.",
}
