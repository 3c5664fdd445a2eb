"""The local authorisation list and the cache (OCPP 1.6 5.11, 5.13, 4.5; OCPP 2.x D01, D02, C11)."""

from __future__ import annotations

from collections.abc import Mapping

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.emulators.station.cards import Cards
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .feature import Host

MOST_CARDS = 1000


class LocalList:
    """Takes the list in whole or in part; a partial list must be newer than the one that is held."""

    def __init__(self, host: Host, cards: Cards) -> None:
        self._is_v16 = host.version is OcppVersion.V16
        self._cards = cards

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {"SendLocalList": self._send, "GetLocalListVersion": self._tell_version, "ClearCache": self._clear}

    def observe(self) -> None:
        """A list changes only when it is told to."""

    async def _send(self, payload: Payload) -> Payload:
        version = payload["listVersion" if self._is_v16 else "versionNumber"]
        entries = payload.get("localAuthorizationList", [])
        is_full = payload["updateType"] == "Full"
        if not is_full and version <= self._cards.list_version:
            return {"status": "VersionMismatch"}
        changed = {} if is_full else dict(self._cards.local)
        for entry in entries:
            self._change(changed, entry)
        if len(changed) > MOST_CARDS:
            return {"status": "Failed"}
        self._cards.local, self._cards.list_version = changed, version
        return ACCEPTED

    def _change(self, listed: dict[str, bool], entry: Payload) -> None:
        """Apply one entry; without information about the card it is taken off the list."""
        token = entry["idTag"] if self._is_v16 else entry["idToken"]["idToken"]
        info = entry.get("idTagInfo" if self._is_v16 else "idTokenInfo")
        if info is None:
            listed.pop(token, None)
        else:
            listed[token] = info["status"] == "Accepted"

    async def _tell_version(self, _: Payload) -> Payload:
        name = "listVersion" if self._is_v16 else "versionNumber"
        return {name: self._cards.list_version}

    async def _clear(self, _: Payload) -> Payload:
        self._cards.cache.clear()
        return ACCEPTED
