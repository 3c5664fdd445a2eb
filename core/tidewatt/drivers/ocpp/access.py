"""Who may connect: basic authentication of OCPP security profile 1, and the station id in the address."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
import contextlib
import hmac
from urllib.parse import unquote

from tidewatt.ocpp.frames import OcppVersion

_MAX_STATION_ID_CHARS = 64


def station_id_of(raw_path: str) -> str | None:
    """Return the station id, which is the last segment of the address; None when it cannot be one."""
    station_id = unquote(raw_path.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1])
    if 0 < len(station_id) <= _MAX_STATION_ID_CHARS and station_id.isprintable():
        return station_id
    return None


def matching_password(station_id: str, passwords: Sequence[str], authorization: str | None) -> str | None:
    """Return the password that an Authorization header gives for a station, None when it gives none of them.

    The user must be the station's id (A00.FR.204). OCPP 1.6 stations are configured with the password in hexadecimal
    and may send it decoded; both are accepted. Compares in constant time.
    """
    user, sent = _credentials(authorization)
    is_user = hmac.compare_digest(user, station_id.encode())
    found = [password for password in passwords if _is_password(sent, password)]
    return found[0] if is_user and sent and found else None


def _is_password(sent: bytes, password: str) -> bool:
    accepted = [password.encode()]
    with contextlib.suppress(ValueError):
        accepted.append(bytes.fromhex(password))
    matches = [hmac.compare_digest(sent, candidate) for candidate in accepted]
    return any(matches)


def best_version(offered: Sequence[str], spoken: Sequence[OcppVersion]) -> OcppVersion | None:
    """Return the best version that both sides speak; `spoken` is in order of preference."""
    return next((version for version in spoken if version in offered), None)


def _credentials(authorization: str | None) -> tuple[bytes, bytes]:
    """Return user and password of a Basic header, empty when there is none that can be read."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.casefold() != "basic":
        return b"", b""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return b"", b""
    return user, password
