"""Reading one meter's registers, wherever on the device they turn out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modbus_connection import ModbusExceptionError, ModbusUnit
from modbus_connection.model import ManualComponent, RegisterSpace, integer, string
from modbus_connection.model.sunspec import SunSpecError, SunSpecModel, SunSpecModels, scan

from tidewatt.site import Clock, ModbusMap

from .errors import MeterReadError
from .layout import LAYOUTS, Layout, Point

SUNSPEC_BASES = (40_000, 50_000, 0)
"""Where a SunSpec device may begin its model chain (SunSpec Device Information Model Specification, 6.2)."""

_COMMON_MODEL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a meter's registers say, per phase that it has; None where it says that it does not know.

    `at_s` is when the phases were asked for.
    """

    at_s: float
    voltage_v: tuple[float | None, ...]
    current_a: tuple[float | None, ...]
    power_w: tuple[float | None, ...]
    energy_import_wh: float | None
    energy_export_wh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who made the meter, as far as its registers say."""

    name: str | None
    model: str
    serial: str | None


class MeterRegisters:
    """The registers of one meter, read in as few requests as their places allow."""

    def __init__(self, unit: ModbusUnit, layout: Layout, *, model: SunSpecModel | None = None) -> None:
        phases = layout.phases if model is None else layout.models[model.model_id]
        offset = 0 if model is None else model.address
        self._model = model
        self._counters = _Points(unit, layout.space, layout.counters(), offset)
        self._phases = _Points(unit, layout.space, layout.phase_points(phases), offset)
        if model is not None:
            self._phases.component.add("model_id", integer(model.address, signed=False), space=layout.space)

    async def read(self, clock: Clock) -> Measured:
        """Read everything once: the phases last, so that nothing stands between their answer and their use.

        Raises ModbusError when the line or the device refuses, MeterReadError when the model is no longer there.
        """
        counters = await self._counters.read()
        at_s = clock()
        phases = await self._phases.read()
        if self._model is not None and self._phases.component.get("model_id") != self._model.model_id:
            raise MeterReadError(f"register {self._model.address} no longer begins model {self._model.model_id}")
        return Measured(
            at_s=at_s,
            voltage_v=_of_phases(phases, "voltage_v"),
            current_a=_of_phases(phases, "current_a"),
            power_w=_of_phases(phases, "power_w"),
            energy_import_wh=counters["energy_import_wh"],
            energy_export_wh=counters["energy_export_wh"],
        )


class _Points:
    """Named points that are read together."""

    def __init__(self, unit: ModbusUnit, space: RegisterSpace, points: Mapping[str, Point], offset: int) -> None:
        self._points = points
        self.component = ManualComponent(unit)
        for name, point in points.items():
            self.component.add(name, point.field(offset), space=space)

    async def read(self) -> dict[str, float | None]:
        values = await self.component.async_update()
        return {
            name: None if values[name] is None else float(values[name]) * point.scale
            for name, point in self._points.items()
        }


def _of_phases(values: Mapping[str, float | None], quantity: str) -> tuple[float | None, ...]:
    return tuple(value for name, value in values.items() if name.startswith(f"{quantity}."))


async def find_registers(unit: ModbusUnit, meter_map: ModbusMap) -> tuple[MeterRegisters, Maker]:
    """Find where a meter of this map keeps its values, and who made it; a SunSpec device is scanned for its models.

    Raises ModbusError when the line or the device refuses, MeterReadError when there is no such meter.
    """
    if meter_map is not ModbusMap.SUNSPEC:
        (layout,) = LAYOUTS[meter_map]
        return MeterRegisters(unit, layout), Maker(name=None, model=layout.name, serial=None)
    models = await _scan(unit)
    for layout in LAYOUTS[meter_map]:
        model = models.first(*layout.models)
        if model is not None:
            return MeterRegisters(unit, layout, model=model), await _read_maker(unit, models, model)
    found = ", ".join(str(model.model_id) for model in models.chain)
    raise MeterReadError(f"the device has the SunSpec models {found or 'none'}, but no meter (201-204, 211-214)")


async def _scan(unit: ModbusUnit) -> SunSpecModels:
    why: Exception | None = None
    for base in SUNSPEC_BASES:
        try:
            return await scan(unit, base)
        except (SunSpecError, ModbusExceptionError) as error:
            why = error
    raise MeterReadError(f"no SunSpec models at {', '.join(map(str, SUNSPEC_BASES))}") from why


async def _read_maker(unit: ModbusUnit, models: SunSpecModels, meter: SunSpecModel) -> Maker:
    before = [model for model in models.get(_COMMON_MODEL, []) if model.address < meter.address]
    if not before:
        return Maker(name=None, model=f"SunSpec model {meter.model_id}", serial=None)
    start = before[-1].address
    component = ManualComponent(unit)
    component.add("name", string(start + 2, 16))
    component.add("model", string(start + 18, 16))
    component.add("serial", string(start + 50, 16))
    said = {key: str(value).strip() for key, value in (await component.async_update()).items()}
    return Maker(
        name=said["name"] or None,
        model=said["model"] or f"SunSpec model {meter.model_id}",
        serial=said["serial"] or None,
    )
