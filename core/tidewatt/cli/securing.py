"""Option `--secure` of `tidewatt run`: passwords, certificates and security profiles of stations."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tidewatt.drivers.ocpp import Certificates, Credentials
from tidewatt.runtime import SiteRuntime
from tidewatt.site import CommandError

_LOOK_S = 0.5
_PATIENCE_S = 120.0
ROOT_FILE = "ocpp_root.pem"

type Wanted = tuple[str, str]
"""A charger, and what is to be done to its station."""


async def _raise(runtime: SiteRuntime, charger_id: str, profile: int) -> str:
    station = runtime.ocpp.station(charger_id)
    await station.block(Credentials).raise_profile(profile)
    async with asyncio.timeout(_PATIENCE_S):
        await _until(lambda: runtime.ocpp.security.profile_of(station.station_id) == profile)
    return f"connected with security profile {profile}"


async def _new_password(runtime: SiteRuntime, charger_id: str) -> str:
    credentials = runtime.ocpp.station(charger_id).block(Credentials)
    await credentials.rotate_password()
    await credentials.until_password_used()
    return "uses a new password"


async def _new_certificate(runtime: SiteRuntime, charger_id: str) -> str:
    record = await runtime.ocpp.station(charger_id).block(Certificates).renew()
    return f"took a certificate that is valid until {record.not_after_utc:%Y-%m-%d}"


async def _revoke(runtime: SiteRuntime, charger_id: str) -> str:
    return f"{await runtime.ocpp.revoke_certificates(charger_id)} certificates were revoked"


async def _allow_lower(runtime: SiteRuntime, charger_id: str) -> str:
    runtime.ocpp.allow_lower_profile(charger_id)
    return "may come with a lower security profile once more"


_WITH_STATION: dict[str, Callable[[SiteRuntime, str], Awaitable[str]]] = {
    "profile-1": lambda runtime, charger_id: _raise(runtime, charger_id, 1),
    "profile-2": lambda runtime, charger_id: _raise(runtime, charger_id, 2),
    "profile-3": lambda runtime, charger_id: _raise(runtime, charger_id, 3),
    "new-password": _new_password,
    "new-certificate": _new_certificate,
}
_WITHOUT_STATION: dict[str, Callable[[SiteRuntime, str], Awaitable[str]]] = {
    "revoke": _revoke,
    "allow-lower": _allow_lower,
}
ACTIONS = (*_WITH_STATION, *_WITHOUT_STATION)


def wanted(text: str) -> Wanted:
    """Read CHARGER=ACTION of the command line."""
    charger_id, _, action = text.partition("=")
    if not charger_id or action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise argparse.ArgumentTypeError(f"{text!r} is not usable. Give CHARGER=ACTION with one of: {known}.")
    return charger_id, action


async def secure(runtime: SiteRuntime, actions: Sequence[Wanted]) -> None:
    """Do these actions one after the other, each as soon as its station is there, and tell what came of them."""
    for charger_id, action in actions:
        try:
            done = await _do(runtime, charger_id, action)
        except CommandError as error:
            done = error.answer
        except TimeoutError:
            done = "it has not come back with it yet; an OCPP 2.x station goes when no session runs"
        print(f"{charger_id}: {action}: {done}", flush=True)


async def _do(runtime: SiteRuntime, charger_id: str, action: str) -> str:
    if action in _WITHOUT_STATION:
        return await _WITHOUT_STATION[action](runtime, charger_id)
    await _until(lambda: runtime.ocpp.station(charger_id).is_connected)
    return await _WITH_STATION[action](runtime, charger_id)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - people wait for this; half a second more does not matter
        await asyncio.sleep(_LOOK_S)


async def keep_root(runtime: SiteRuntime, folder: Path) -> Path | None:
    """Write the root certificate that stations must know beside the state; None where its authority is elsewhere."""
    try:
        root = runtime.ocpp.security.root_of_server()
    except ValueError:
        return None
    path = folder / ROOT_FILE
    await asyncio.to_thread(_write, path, root)
    return path


def _write(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)
