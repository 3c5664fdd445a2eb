"""The flow for a meter: a Modbus meter that is read once before it is saved, or entities of Home Assistant."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any, override

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig, TextSelector
from modbus_connection import ModbusError, ModbusTcpParams
import probatio

from tidewatt.drivers.modbus import MeterReadError, probe
from tidewatt.site import MAIN_CIRCUIT_ID, ModbusMap

from . import flow_forms as forms
from .const import (
    CONF_CIRCUIT,
    CONF_CURRENT,
    CONF_ENTITY,
    CONF_INTERVAL,
    CONF_MAP,
    CONF_MODBUS,
    CONF_POWER,
    CONF_TOLERANCE,
    CONF_UNIT,
    SUBENTRY_METER,
)
from .flow_part import BASE, PartFlow
from .quantities import Quantity, read_quantity

_LOGGER = logging.getLogger(__name__)

MODBUS_KEYS = (CONF_HOST, CONF_PORT, CONF_UNIT, CONF_MAP, CONF_INTERVAL)

MODBUS_STEPS = [map_.value for map_ in ModbusMap]
ENTITY_STEPS = {CONF_POWER: Quantity.POWER, CONF_CURRENT: Quantity.CURRENT}

MODBUS_TOLERANCE_S = 10
ENTITY_TOLERANCE_S = 60


class MeterFlow(PartFlow):
    """Adds or reconfigures a meter. There is one step for each kind of meter."""

    kind = SUBENTRY_METER

    async def async_step_user(self, _user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the kind of meter."""
        return self.async_show_menu(step_id="user", menu_options=[*MODBUS_STEPS, *ENTITY_STEPS])

    async def async_step_reconfigure(self, _user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to reconfigure a meter of the kind it is."""
        data = self._get_reconfigure_subentry().data
        if CONF_MODBUS in data:
            return await self.async_edit(data[CONF_MODBUS][CONF_MAP], None)
        return await self.async_edit(next(iter(data[CONF_ENTITY])), None)

    async def async_step_sdm630(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where an Eastron SDM630 is reached."""
        return await self.async_edit(ModbusMap.SDM630, user_input)

    async def async_step_sunspec(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where a SunSpec meter is reached."""
        return await self.async_edit(ModbusMap.SUNSPEC, user_input)

    async def async_step_power(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the entities that know the power."""
        return await self.async_edit(CONF_POWER, user_input)

    async def async_step_current(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the entities that know the current of each phase."""
        return await self.async_edit(CONF_CURRENT, user_input)

    @override
    def form(self, step_id: str) -> probatio.Schema:
        """Return the form of a kind of meter."""
        tolerance_s = MODBUS_TOLERANCE_S if step_id in MODBUS_STEPS else ENTITY_TOLERANCE_S
        return probatio.Schema(
            {
                probatio.Required(CONF_NAME): TextSelector(),
                probatio.Required(CONF_CIRCUIT, default=MAIN_CIRCUIT_ID): self.circuit_choice(),
                **(_modbus_fields() if step_id in MODBUS_STEPS else _entity_fields(step_id)),
                probatio.Required(CONF_TOLERANCE, default=tolerance_s): forms.number(1, 3600, "s"),
            }
        )

    @override
    def to_data(self, step_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the meter."""
        data = {key: values[key] for key in (CONF_CIRCUIT, CONF_TOLERANCE)}
        if step_id in MODBUS_STEPS:
            endpoint = {key: values[key] for key in MODBUS_KEYS if key in values}
            return data | {CONF_MODBUS: endpoint | {CONF_MAP: step_id}}
        return data | {CONF_ENTITY: {step_id: values[CONF_ENTITY]}}

    @override
    def to_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form's values."""
        if CONF_MODBUS in data:
            return forms.flatten(data, CONF_MODBUS)
        return {**data, CONF_ENTITY: next(iter(data[CONF_ENTITY].values()))}

    @override
    async def async_try(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Read the meter once, as it will be read later."""
        if CONF_MODBUS in data:
            return await self._async_try_modbus(data[CONF_MODBUS])
        return self._try_entities(data[CONF_ENTITY])

    async def _async_try_modbus(self, endpoint: Mapping[str, Any]) -> dict[str, str]:
        params = ModbusTcpParams(host=endpoint[CONF_HOST], port=endpoint[CONF_PORT])
        try:
            async with async_get_temporary_unit(self.hass, params, endpoint[CONF_UNIT]) as unit:
                await probe(unit, ModbusMap(endpoint[CONF_MAP]))
        except MeterReadError as error:
            _LOGGER.debug("What answers at %s is no such meter: %s", params, error)
            return {BASE: "no_meter_found"}
        except (ModbusError, HomeAssistantError, OSError) as error:
            _LOGGER.debug("The meter at %s could not be read: %s", params, error)
            return {CONF_HOST: "cannot_connect"}
        return {}

    def _try_entities(self, endpoint: Mapping[str, list[str]]) -> dict[str, str]:
        (key, entity_ids), *_ = endpoint.items()
        counts = {self.site_data["phases"]} | ({1} if key == CONF_POWER else set())
        if len(entity_ids) not in counts:
            return {CONF_ENTITY: f"count_of_{key}"}
        states = [self.hass.states.get(entity_id) for entity_id in entity_ids]
        if any(read_quantity(state, ENTITY_STEPS[key]) is None for state in states):
            return {CONF_ENTITY: f"no_{key}"}
        return {}


def _modbus_fields() -> dict[Any, Any]:
    return {
        probatio.Required(CONF_HOST): TextSelector(),
        probatio.Required(CONF_PORT, default=502): forms.whole_number(1, forms.PORT_MAX),
        probatio.Required(CONF_UNIT, default=1): forms.whole_number(0, 255),
        probatio.Required(CONF_INTERVAL, default=1): forms.number(0.1, 60, "s"),
    }


def _entity_fields(step_id: str) -> dict[Any, Any]:
    device_class = SensorDeviceClass.POWER if step_id == CONF_POWER else SensorDeviceClass.CURRENT
    config = EntitySelectorConfig(
        filter=[{"domain": SENSOR_DOMAIN, "device_class": device_class}], multiple=True, reorder=True
    )
    return {probatio.Required(CONF_ENTITY): EntitySelector(config)}
