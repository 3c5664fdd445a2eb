"""Everything people can see has a name in the translations."""

from enum import StrEnum
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components import tidewatt
from custom_components.tidewatt.binary_sensor import (
    CHARGER_BINARY_SENSORS,
    CIRCUIT_BINARY_SENSORS,
    DISCHARGER_BINARY_SENSORS,
    METER_BINARY_SENSORS,
)
from custom_components.tidewatt.number import NUMBERS
from custom_components.tidewatt.select import MODE
from custom_components.tidewatt.sensor_charger import CHARGER_SENSORS, DISCHARGER_SENSORS, VEHICLE_SENSORS
from custom_components.tidewatt.sensor_site import CIRCUIT_SENSORS, MAIN_CIRCUIT_SENSORS, METER_SENSORS, SITE_SENSORS
from custom_components.tidewatt.services import ALL_ACTIONS
from tidewatt.site import Mode

FOLDER = Path(tidewatt.__path__[0])
WORDS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text())
DESCRIPTIONS: dict[str, list[Any]] = {
    "binary_sensor": [
        *CIRCUIT_BINARY_SENSORS,
        *CHARGER_BINARY_SENSORS,
        *DISCHARGER_BINARY_SENSORS,
        *METER_BINARY_SENSORS,
    ],
    "number": [*NUMBERS],
    "select": [MODE],
    "sensor": [
        *SITE_SENSORS,
        *MAIN_CIRCUIT_SENSORS,
        *CIRCUIT_SENSORS,
        *CHARGER_SENSORS,
        *DISCHARGER_SENSORS,
        *METER_SENSORS,
        *VEHICLE_SENSORS,
    ],
}


@pytest.mark.parametrize("platform", DESCRIPTIONS)
def test_every_entity_and_no_other_has_a_name(platform: str) -> None:
    assert set(WORDS["entity"][platform]) == {description.translation_key for description in DESCRIPTIONS[platform]}


def test_every_word_a_sensor_can_say_is_translated() -> None:
    for description in DESCRIPTIONS["sensor"]:
        if description.options is not None:
            words = WORDS["entity"]["sensor"][description.translation_key]["state"]
            assert set(words) == set(description.options), description.key


def test_every_mode_is_translated_wherever_it_is_chosen() -> None:
    modes: set[type[StrEnum] | str] = {mode.value for mode in Mode}
    assert set(WORDS["entity"]["select"]["mode"]["state"]) == modes
    assert set(WORDS["selector"]["mode"]["options"]) == modes


def test_every_action_is_described_and_has_an_icon() -> None:
    described = yaml.safe_load((FOLDER / "services.yaml").read_text())
    assert set(described) == set(WORDS["services"]) == set(ICONS["services"]) == set(ALL_ACTIONS)
    for action, schema in ALL_ACTIONS.items():
        fields = {str(field) for field in schema or {}}
        assert set(described[action].get("fields", {})) == fields
        assert set(WORDS["services"][action].get("fields", {})) == fields


def texts_of(words: Any) -> list[str]:
    return [text for value in words.values() for text in texts_of(value)] if isinstance(words, dict) else [words]


def test_every_text_can_be_shown() -> None:
    """The page takes < for the beginning of a tag and { for that of a placeholder, and shows an error for others."""
    for text in texts_of(WORDS):
        without_placeholders = re.sub(r"\{[a-z_]+\}", "", text)
        assert not set("<>{}") & set(without_placeholders), text


def test_icons_are_only_given_to_entities_there_are() -> None:
    for platform, icons in ICONS["entity"].items():
        assert set(icons) <= set(WORDS["entity"][platform])
