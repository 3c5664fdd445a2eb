"""Identifiers by which people, cards and vehicles are authorised, in the words of each version.

A tag is compared without regard to case, spaces, colons and hyphens, since cards, MAC addresses and contract ids are
written in all of these ways.
"""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any

from tidewatt.ocpp.frames import OcppVersion

_SEPARATORS = str.maketrans("", "", " :-")
_CONTRACT = re.compile(r"[a-z]{2}[a-z0-9]{3}[a-z0-9]{9}[a-z0-9]?")
_HEX = re.compile(r"[0-9a-f]+")


_LONGEST = {OcppVersion.V16: 20, OcppVersion.V201: 36, OcppVersion.V21: 255}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a tag may charge. Tags of one `group` may stop each other's transactions."""

    is_accepted: bool
    group: str | None = None

    def to_wire(self, version: OcppVersion) -> dict[str, Any]:
        """Return idTagInfo (OCPP 1.6) or idTokenInfo (2.x)."""
        info: dict[str, Any] = {"status": "Accepted" if self.is_accepted else "Invalid"}
        if self.group is not None:
            is_16 = version is OcppVersion.V16
            info |= {"parentIdTag": self.group} if is_16 else {"groupIdToken": id_token(self.group, "Central")}
        return info


def canonical(tag: str) -> str:
    """Return the form of a tag in which two can be compared."""
    return tag.translate(_SEPARATORS).casefold()


def fits(tag: str, version: OcppVersion) -> bool:
    """Tell whether a version can carry a tag."""
    return 0 < len(tag) <= _LONGEST[version]


def id_token(tag: str, kind: str | None = None) -> dict[str, str]:
    """Return a tag as OCPP 2.x writes it; `kind` is OCPP's type, told by the look of the tag where it is None."""
    return {"idToken": tag, "type": kind or kind_of(tag)}


def kind_of(tag: str) -> str:
    """Return the type that a tag of a person's list most likely has: a card, unless it looks like something else."""
    plain = canonical(tag)
    if _HEX.fullmatch(plain):
        if len(plain) == 12:
            return "MacAddress"
        return "ISO15693" if len(plain) == 16 else "ISO14443"
    return "eMAID" if _CONTRACT.fullmatch(plain) else "ISO14443"
