"""What the station knows of a customer, told or forgotten (OCPP 2.x N09, N10)."""

from __future__ import annotations

from collections.abc import Mapping

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.emulators.station.cards import Cards
from tidewatt.ocpp.session import Handler

from .feature import Host


class CustomerInformation:
    """Knows of customers what its lists of cards hold."""

    def __init__(self, host: Host, cards: Cards) -> None:
        self._host = host
        self._cards = cards

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {"CustomerInformation": self._inform}

    def observe(self) -> None:
        """Customers are told of when somebody asks."""

    async def _inform(self, payload: Payload) -> Payload:
        token = payload.get("idToken", {}).get("idToken", "")
        known = self._cards.knows(token)
        if payload["clear"]:
            self._cards.cache.discard(token)
            self._cards.local.pop(token, None)
        if payload["report"] or payload["clear"]:
            report = {
                "requestId": payload["requestId"],
                "seqNo": 0,
                "generatedAt": self._host.time.timestamp(),
                "data": f"card {token}: {'may charge' if known else 'unknown'}" if payload["report"] else "",
            }
            self._host.soon(lambda: self._host.notify("NotifyCustomerInformation", report))
        return ACCEPTED
