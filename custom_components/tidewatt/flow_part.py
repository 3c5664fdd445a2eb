"""The frame of every subentry flow: one form that adds or reconfigures a part, checked against the whole site."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import SelectSelector
import probatio

from tidewatt.site import MAIN_CIRCUIT_ID, SiteError

from .const import CONF_SITE, SUBENTRY_CIRCUIT
from .document import Part, describe, placed, site_from_parts
from .flow_forms import named_choice

NEW_PART_ID = "new"
"""Stands for the id of a part that has none yet."""

BASE = "base"


class PartFlow(ConfigSubentryFlow):
    """Adds or reconfigures one part of a site.

    A form's values are flat and hold the part's name; a subentry holds the part as the site file has it, without name.
    """

    kind: str

    @abstractmethod
    def form(self, step_id: str) -> probatio.Schema:
        """Return the form of a step."""

    @abstractmethod
    def to_data(self, step_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the part a filled form describes, without its name."""

    @abstractmethod
    def to_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values with which the form shows a part: the inverse of `to_data`."""

    async def async_try(self, _data: Mapping[str, Any]) -> dict[str, str]:
        """Try the part out before it is saved; returns an error for each field that does not work."""
        return {}

    def unique_id(self, _data: Mapping[str, Any]) -> str | None:
        """Return what no two subentries may share."""
        return None

    @property
    def subentry(self) -> ConfigSubentry | None:
        """The subentry being reconfigured; None while a part is added."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    async def async_edit(self, step_id: str, values: dict[str, Any] | None) -> SubentryFlowResult:
        """Show a form, or save what it holds once it is found to work."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if values is not None:
            data = self.to_data(step_id, values)
            errors, placeholders = self._check(values, data)
            errors = errors or await self.async_try(data)
            if not errors:
                return self.save(values[CONF_NAME], data)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(self.form(step_id), values or self._saved_values()),
            errors=errors,
            description_placeholders=placeholders,
        )

    @property
    def site_data(self) -> Mapping[str, Any]:
        """What the entry holds of the site itself."""
        data: Mapping[str, Any] = self._get_entry().data[CONF_SITE]
        return data

    def circuit_choice(self) -> SelectSelector:
        """Return a choice among the circuits that this part can be on."""
        return circuit_choice(self._get_entry(), without=self._part_id)

    def save(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        """Save the part, which fits and works."""
        if self.subentry is None:
            return self.async_create_entry(title=name, data=data, unique_id=self.unique_id(data))
        return self.async_update_and_abort(
            self._get_entry(), self.subentry, title=name, data=data, unique_id=self.unique_id(data)
        )

    @property
    def _part_id(self) -> str:
        return NEW_PART_ID if self.subentry is None else self.subentry.subentry_id

    def _check(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        if self._is_taken(self.unique_id(data)):
            return {BASE: "already_configured"}, {}
        part = Part(part_id=self._part_id, kind=self.kind, name=values[CONF_NAME], data=data)
        return check_part(self._get_entry(), part, values)

    def _is_taken(self, unique_id: str | None) -> bool:
        return unique_id is not None and any(
            subentry.unique_id == unique_id and key != self._part_id
            for key, subentry in self._get_entry().subentries.items()
        )

    def _saved_values(self) -> dict[str, Any]:
        if self.subentry is None:
            return {}
        return {CONF_NAME: self.subentry.title} | self.to_values(self.subentry.data)


def parts_with(entry: ConfigEntry, part: Part) -> list[Part]:
    """Return the parts of a site with this one added, or in the place of the one with its id, and without orphans."""
    others = [Part.of(subentry) for key, subentry in entry.subentries.items() if key != part.part_id]
    return placed([*others, part])


def check_part(entry: ConfigEntry, part: Part, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return a form's errors and placeholders for a site with this part: none when it fits."""
    return check_site(entry.title, entry.data, parts_with(entry, part), values, {part.part_id})


def check_site(
    name: str, data: Mapping[str, Any], parts: Sequence[Part], values: Mapping[str, Any], edited: AbstractSet[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return a form's errors and placeholders for a site: none when its parts fit together.

    An error is on the field that is named, if the form has that. `edited` are the ids or sections that the form is
    about; an error of anything else says what it is about.
    """
    try:
        site_from_parts(name, data, parts)
    except SiteError as error:
        *place, field = error.field.split(".")
        key = "does_not_fit" if edited.isdisjoint(place) or field not in values else "not_usable"
        return {field if field in values else BASE: key}, describe(error, name, parts)
    return {}, {}


def circuit_choice(entry: ConfigEntry, without: str | None = None) -> SelectSelector:
    """Return a choice among the circuits of a site but one, the main fuse first."""
    circuits = entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    named = [(circuit.subentry_id, circuit.title) for circuit in circuits if circuit.subentry_id != without]
    return named_choice([(MAIN_CIRCUIT_ID, entry.data[CONF_SITE].get("main_fuse_name", entry.title)), *named])
