"""Changing a station's password (A01) and moving it to a higher security profile (A05)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.ocpp.errors import OcppBusyError, OcppCallError, OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import rows, text
from tidewatt.site import CommandError

from .block import Plain, StationContext, demand, require, spoken
from .certificates import Certificates
from .network import NetworkProfile, NetworkProfiles
from .roots import Roots

_V16 = OcppVersion.V16
_TAKEN = (ACCEPTED, "RebootRequired")
_PASSWORD = "changing its password"  # noqa: S105 - what is being done
_PROFILE = "moving it to another security profile"
_PRIORITY = ("OCPPCommCtrlr", "NetworkConfigurationPriority")
_MOST_SLOTS = 100
_RETURN_TIMEOUT_S = 120.0
"""How long a station gets to disconnect and to connect anew."""


class Credentials(Plain):
    """How a station shows who it is, as far as that is changed over OCPP itself."""

    def __init__(
        self, context: StationContext, certificates: Certificates, roots: Roots, networks: NetworkProfiles
    ) -> None:
        self._context = context
        self._networks = networks
        self._certificates = certificates
        self._roots = roots
        self._used = asyncio.Event()

    async def prepare(self) -> None:
        """Take note that the station is back, if it came with its new password."""
        if not self._context.security.is_password_waiting:
            self._used.set()

    def diagnostics(self) -> dict[str, Any]:
        """Return the security profile, and whether a new password was not used yet."""
        security = self._context.security
        return {
            "security_profile": security.connected_profile,
            "least_security_profile": security.profile,
            "password_waiting": security.is_password_waiting,
        }

    async def rotate_password(self) -> None:
        """Give the station a new random password (A01); CommandError when it does not take it.

        The new one is stored before it is sent, and the old one counts until the station has used the new one, so that
        neither a crash nor a lost answer locks it out. A station that refuses keeps its old one.
        """
        version = spoken(self._context, _PASSWORD)
        self._used.clear()
        password = await self._context.security.propose_password(version)
        try:
            if version is _V16:
                taken = await self._change("AuthorizationKey", password)
            else:
                taken = await self._set("SecurityCtrlr", "BasicAuthPassword", password)
        except (OcppCallError, OcppBusyError) as error:
            # What the station says may quote the password.
            await self._context.security.withdraw_password()
            code = error.code if isinstance(error, OcppCallError) else "too many calls are waiting"
            raise self._failed(_PASSWORD, code) from None
        except OcppError as error:
            raise self._failed(_PASSWORD, f"{error} Old and new password count until it connects with one.") from None
        if taken not in _TAKEN:
            await self._context.security.withdraw_password()
            raise self._failed(_PASSWORD, taken)

    async def until_password_used(self, timeout_s: float = _RETURN_TIMEOUT_S) -> None:
        """Wait until the station is back with its new password; CommandError when it does not come in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._used.wait()
        except TimeoutError:
            raise self._failed(_PASSWORD, "it has not come back with it yet; the old one counts as well") from None

    async def raise_profile(self, profile: int, *, interface: str | None = None) -> None:
        """Move the station to a higher security profile (A05); CommandError when it cannot go or refuses.

        What the profile needs is brought first: a password for 1 and 2, the root of this central system for 2 and 3, a
        certificate for 3. The station then connects anew by itself; until it has come with the higher profile it is
        let in with the lower one, afterwards no more. `interface` is the network interface of an OCPP 2.x station.
        """
        version = spoken(self._context, _PROFILE)
        security = self._context.security
        if profile not in (1, 2, 3) or profile <= max(security.connected_profile or 0, 0):
            remedy = f"it is at {security.connected_profile or 0}, and only goes up, at most to 3"
            raise self._failed(_PROFILE, remedy)
        try:
            url = security.url(encrypted=profile >= 2)
        except ValueError as error:
            raise self._failed(_PROFILE, str(error)) from error
        if profile < 3 and not security.has_password:
            await self.rotate_password()
            await self.until_password_used()
        if profile >= 2:
            await self._roots.install_own()
        if profile == 3 and security.certificate is None:
            await self._certificates.renew()
        if version is _V16:
            answer = await self._tried(_PROFILE, self._change("SecurityProfile", str(profile)))
            if answer not in _TAKEN:
                raise self._failed(_PROFILE, answer)
        else:
            await self._raise_v2(profile, url, interface or ("Any" if version is OcppVersion.V21 else "Wired0"))

    async def _raise_v2(self, profile: int, url: str, interface: str) -> None:
        """Describe the connection in a free slot, put it first, have the station start anew when idle (A05, B09)."""
        used = [slot.strip() for slot in (await self._priority()).split(",") if slot.strip()]
        slot = next(number for number in range(1, _MOST_SLOTS) if str(number) not in used)
        await self._networks.set(slot, NetworkProfile(url=url, security_profile=profile, interface=interface))
        taken = await self._tried(_PROFILE, self._set(*_PRIORITY, ",".join([str(slot), *used])))
        if taken not in _TAKEN:
            raise self._failed(_PROFILE, taken)
        reset = await demand(self._context, _PROFILE, "Reset", {"type": "OnIdle"})
        require(self._context, _PROFILE, reset, ACCEPTED, "Scheduled")

    async def _priority(self) -> str:
        component, variable = _PRIORITY
        request = {"getVariableData": [{"component": {"name": component}, "variable": {"name": variable}}]}
        answer = await demand(self._context, _PROFILE, "GetVariables", request)
        return next((text(row, "attributeValue", 1000) or "" for row in rows(answer, "getVariableResult")), "")

    async def _change(self, key: str, value: str) -> str:
        answer = await self._context.call("ChangeConfiguration", {"key": key, "value": value})
        return text(answer, "status") or "an answer without status"

    async def _set(self, component: str, variable: str, value: str) -> str:
        data = {"component": {"name": component}, "variable": {"name": variable}, "attributeValue": value}
        answer = await self._context.call("SetVariables", {"setVariableData": [data]})
        results = rows(answer, "setVariableResult")
        return next((text(row, "attributeStatus") or "?" for row in results), "an answer without result")

    async def _tried(self, command: str, call: Awaitable[str]) -> str:
        try:
            return await call
        except OcppError as error:
            raise self._failed(command, str(error)) from error

    def _failed(self, command: str, answer: str) -> CommandError:
        return CommandError(self._context.station_id, command, answer)
