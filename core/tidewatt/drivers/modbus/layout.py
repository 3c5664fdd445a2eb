"""Register layouts of meters. They are data files in `maps/`, read and checked when this module is imported."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any, Literal

from modbus_connection.model import RegisterField, float32
from modbus_connection.model.sunspec import acc32, int16
import msgspec

from tidewatt.site import ModbusMap

type Address = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
type PhaseCount = Annotated[int, msgspec.Meta(ge=1, le=3)]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value: `type` at `address`, times `scale`, times ten to the power in the register `exponent`."""

    address: Address
    type: Literal["float32", "int16", "acc32"]
    scale: float = 1.0
    exponent: Address | None = None

    def field(self, offset: int) -> RegisterField[Any]:
        """Return the field that reads this value, unscaled by `scale`, with `offset` added to the addresses."""
        address = self.address + offset
        exponent = None if self.exponent is None else self.exponent + offset
        match self.type:
            case "float32":
                return float32(address)
            case "int16":
                return int16(address, scale_register=exponent)
            case "acc32":
                return acc32(address, scale_register=exponent)


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a kind of meter keeps its values; per-phase tuples are in the order L1, L2, L3.

    A SunSpec layout counts from the header of a model and lists in `models` which models have it, with the number of
    phases of each. Any other layout has absolute addresses and `phases`.
    """

    name: str
    space: Literal["input", "holding"]
    voltage_v: tuple[Point, Point, Point]
    current_a: tuple[Point, Point, Point]
    power_w: tuple[Point, Point, Point]
    energy_import_wh: Point
    energy_export_wh: Point
    phases: PhaseCount = 3
    models: dict[int, PhaseCount] = {}

    def counters(self) -> dict[str, Point]:
        """Return the energy counters by the name of their quantity."""
        return {"energy_import_wh": self.energy_import_wh, "energy_export_wh": self.energy_export_wh}

    def phase_points(self, phases: int) -> dict[str, Point]:
        """Return the points of the first `phases` phases by names such as `current_a.0`."""
        return {
            f"{quantity}.{phase}": point
            for quantity in ("voltage_v", "current_a", "power_w")
            for phase, point in enumerate(getattr(self, quantity)[:phases])
        }


def _load(name: str) -> Layout:
    text = resources.files(__package__).joinpath("maps", f"{name}.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=Layout)


LAYOUTS: dict[ModbusMap, tuple[Layout, ...]] = {
    ModbusMap.SDM630: (_load("sdm630"),),
    ModbusMap.SUNSPEC: (_load("sunspec_meter_float"), _load("sunspec_meter_integer")),
}
"""The layouts that each configurable map stands for, the preferred one first."""
