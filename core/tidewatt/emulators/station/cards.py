"""Whom a station lets charge while it cannot ask: its authorisation cache and its local list."""

from __future__ import annotations


class Cards:
    """Cards by what is known of them. The local list goes before the cache (OCPP 1.6 3.5.2, OCPP 2.x C10 to C14)."""

    def __init__(self) -> None:
        self.list_version = 0
        self.local: dict[str, bool] = {}
        self.cache: set[str] = set()

    def knows(self, id_tag: str) -> bool:
        """Tell whether a card may charge as far as the station knows by itself."""
        listed = self.local.get(id_tag)
        return id_tag in self.cache if listed is None else listed

    def learn(self, id_tag: str, *, accepted: bool) -> None:
        """Keep what the central system said of a card."""
        if accepted:
            self.cache.add(id_tag)
        else:
            self.cache.discard(id_tag)
