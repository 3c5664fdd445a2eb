"""The fields of the forms, and the ways between a form and the part of the site file it edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

PORT_MAX = 65535


def number(lowest: float, highest: float, unit: str | None = None, step: float = 0.1) -> NumberSelector:
    """Return a box for a number within a range."""
    config = NumberSelectorConfig(min=lowest, max=highest, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def whole_number(lowest: int, highest: int) -> probatio.All[int]:
    """Return a box for a whole number within a range."""
    return probatio.All(number(lowest, highest, step=1), probatio.Coerce(int))


def password() -> TextSelector:
    """Return a box that hides what is typed."""
    return TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))


def texts() -> TextSelector:
    """Return a list of texts that grows while it is filled."""
    return TextSelector(TextSelectorConfig(multiple=True))


def named_choice(options: Iterable[tuple[str, str]]) -> SelectSelector:
    """Return a choice among things people named, given as pairs of id and name."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in options],
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def translated_choice(options: Sequence[str], translation_key: str) -> SelectSelector:
    """Return a choice among words that have a translation."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )


def nest(flat: Mapping[str, Any], inner: str, keys: Iterable[str]) -> dict[str, Any]:
    """Return a form's values with those of `keys` moved into a mapping of their own, as the site file has them."""
    moved = set(keys)
    outside = {key: value for key, value in flat.items() if key not in moved}
    return outside | {inner: {key: value for key, value in flat.items() if key in moved}}


def flatten(nested: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """Return the values for a form from a part of the site file: the inverse of `nest`."""
    return {key: value for key, value in nested.items() if key != inner} | dict(nested.get(inner, {}))
