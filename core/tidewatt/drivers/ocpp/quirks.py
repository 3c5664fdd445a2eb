"""What stations do otherwise than OCPP says, by model. The entries are data, in `quirks.yaml`, read on import."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib import resources
from typing import Final

import msgspec


class Quirk(StrEnum):
    """A deviation that the code honours; `StationRecord.quirks` has those of a station."""

    NO_TX_PROFILE = "no_tx_profile"
    """The station takes no TxProfile; it is modulated by a TxDefaultProfile above the floor.

    It is also learnt, and every transaction tries once more: a station that is told a limit too early must not be
    taken for that for ever.
    """
    NEGATIVE_LIMIT = "negative_limit"
    """A station older than OCPP 2.1 that discharges when the limit of a TxProfile is negative, without negotiating."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of some models: patterns of `fnmatch`, None for any. At least one of them is given."""

    quirks: tuple[Quirk, ...]
    reason: str
    source: str
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would match every station, or does nothing."""
        if not self.quirks or (self.vendor, self.model, self.firmware) == (None, None, None):
            raise ValueError("An entry names quirks, and a vendor, model or firmware.")

    def matches(self, vendor: str, model: str, firmware: str) -> bool:
        """Tell whether a station is one of these models."""
        said = ((self.vendor, vendor), (self.model, model), (self.firmware, firmware))
        return all(pattern is None or fnmatchcase(text.lower(), pattern.lower()) for pattern, text in said)


def read_entries(document: str) -> tuple[Entry, ...]:
    """Return the entries of a YAML document; msgspec.ValidationError names what is wrong in it."""
    return msgspec.yaml.decode(document, type=tuple[Entry, ...])


def quirks_of(vendor: str, model: str, firmware: str, entries: Iterable[Entry] | None = None) -> tuple[Quirk, ...]:
    """Return what is known of a station by what it says it is."""
    found = [
        quirk
        for entry in (ENTRIES if entries is None else entries)
        if entry.matches(vendor, model, firmware)
        for quirk in entry.quirks
    ]
    return tuple(dict.fromkeys(found))


ENTRIES: Final = read_entries(resources.files(__package__).joinpath("quirks.yaml").read_text("utf-8"))
"""Everything that is known."""
