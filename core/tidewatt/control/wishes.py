"""What people wish of each charger: checked, and written to a store in a form that can be read back."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

import msgspec

from tidewatt.site import MINIMUM_CURRENT_A, Charger, DischargeWish, SiteError, Wish


def check_wish(charger: Charger, wish: Wish) -> None:
    """Return when a charger can be wished this; SiteError naming the field, the value and the remedy otherwise."""
    where = f"wishes.{charger.charger_id}"
    if wish.weight is not None and not (math.isfinite(wish.weight) and wish.weight > 0):
        raise SiteError(f"{where}.weight", wish.weight, "Give a share greater than zero; 2 gets twice as much as 1.")
    if wish.limit_a is not None and not (math.isfinite(wish.limit_a) and wish.limit_a >= 0):
        raise SiteError(f"{where}.limit_a", wish.limit_a, "Give a current in A, 0 to pause, or none for no limit.")
    highest_a = charger.maximum_a
    for field in ("minimum_a", "maximum_a"):
        value = getattr(wish, field)
        if value is not None and not MINIMUM_CURRENT_A <= value <= highest_a:
            raise SiteError(f"{where}.{field}", value, f"Give a current from {MINIMUM_CURRENT_A:g} to {highest_a:g} A.")
    if wish.discharge is not None:
        _check_discharge(charger, wish.discharge, f"{where}.discharge")
    minimum_a = charger.minimum_a if wish.minimum_a is None else wish.minimum_a
    if wish.maximum_a is not None and wish.maximum_a < minimum_a:
        raise SiteError(f"{where}.maximum_a", wish.maximum_a, f"Give at least the minimum of {minimum_a:g} A.")


def _check_discharge(charger: Charger, wish: DischargeWish, where: str) -> None:
    if charger.discharge_maximum_a <= 0:
        remedy = f"Set discharge_maximum_a of {charger.name} to the current in A that it may give back."
        raise SiteError(f"{where}.power_w", wish.power_w, remedy)
    if not (math.isfinite(wish.power_w) and wish.power_w > 0):
        raise SiteError(f"{where}.power_w", wish.power_w, "Give a power in W greater than zero.")
    until_pct = wish.until_soc_pct
    if until_pct is not None and not 0 <= until_pct <= 100:
        raise SiteError(f"{where}.until_soc_pct", until_pct, "Give a state of charge from 0 to 100 %, or none.")


def wishes_document(wishes: Mapping[str, Wish]) -> dict[str, Any]:
    """Return wishes by charger as a document for a store."""
    document: dict[str, Any] = msgspec.to_builtins(dict(wishes))
    return document


def wishes_from_document(document: Mapping[str, Any]) -> dict[str, Wish]:
    """Return the wishes of a stored document; msgspec.ValidationError naming the field when it is none of ours."""
    return msgspec.convert(document, dict[str, Wish])
