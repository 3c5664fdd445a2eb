"""Telling a station how to reach us (OCPP 2.x use case B09)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tidewatt.ocpp.frames import OcppVersion

from .block import Plain, StationContext, demand, require

_LONGEST_PASSWORD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProfile:
    """How a station reaches a central system: its address, security profile (1 to 3) and network interface.

    `interface` is OCPP's word: Wired0 to Wired3, Wireless0 to Wireless3, with 2.1 also Any. The password is for 2.1,
    which sends it along.
    """

    url: str
    security_profile: int
    interface: str = "Wired0"
    message_timeout_s: int = 30
    password: str | None = field(default=None, repr=False)


class NetworkProfiles(Plain):
    """Sets the network profiles of one station."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    async def set(self, slot: int, profile: NetworkProfile) -> None:
        """Store a profile in a slot of the station; CommandError when it refuses, ValueError for too long a password.

        It only counts once the slot is in the variable OCPPCommCtrlr.NetworkConfigurationPriority, and after a reset.
        """
        if profile.password is not None and not 16 <= len(profile.password) <= _LONGEST_PASSWORD:
            # Said here, because the check against the schema would name the value.
            raise ValueError(f"The password must have 16 to {_LONGEST_PASSWORD} characters.")
        data: dict[str, Any] = {
            "ocppInterface": profile.interface,
            "ocppTransport": "JSON",
            "messageTimeout": profile.message_timeout_s,
            "ocppCsmsUrl": profile.url,
            "securityProfile": profile.security_profile,
        }
        if self._context.version() is not OcppVersion.V21:
            # 2.1 agrees on the version when it connects and takes no notice of this field.
            data["ocppVersion"] = "OCPP20"
        elif profile.password is not None:
            data["basicAuthPassword"] = profile.password
        request = {"configurationSlot": slot, "connectionData": data}
        command = "setting a network profile"
        require(self._context, command, await demand(self._context, command, "SetNetworkProfile", request))
