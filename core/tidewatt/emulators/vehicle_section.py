"""The part `iso15118` of an emulated vehicle: what it says on the cable, and what its battery can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol

from tidewatt.site.checks import Check, number, text
from tidewatt.site.sections import Key, Section

from .iso15118 import BptChannel, ControlMode, GeneratorMode, MobilityNeedsMode, Service
from .physics import BidirectionalSpec

_SERVICES = {each.name: each for each in Service}
_CONTROL_MODES = {"scheduled": ControlMode.SCHEDULED, "dynamic": ControlMode.DYNAMIC}
_NEEDS_MODES = {"evcc": MobilityNeedsMode.EVCC, "evcc_secc": MobilityNeedsMode.EVCC_SECC}
_CHANNELS = {"unified": BptChannel.UNIFIED, "separated": BptChannel.SEPARATED}
_GENERATOR_MODES = {"grid_following": GeneratorMode.GRID_FOLLOWING, "grid_forming": GeneratorMode.GRID_FORMING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Iso15118Settings:
    """How a vehicle speaks ISO 15118-20. `evcc_id` None: made up from the charger's id."""

    service: Service
    control_mode: ControlMode = ControlMode.DYNAMIC
    mobility_needs_mode: MobilityNeedsMode = MobilityNeedsMode.EVCC
    channel: BptChannel = BptChannel.UNIFIED
    generator_mode: GeneratorMode = GeneratorMode.GRID_FOLLOWING
    evcc_id: str | None = None
    battery: BidirectionalSpec = field(default_factory=BidirectionalSpec)


def iso15118_settings(raw: Any) -> Iso15118Settings:
    """Read the section; vol.Invalid, naming field and remedy, for what cannot be meant."""
    fields = _ISO15118.fields(_ISO15118(raw))
    own = {name: fields.pop(name) for name in _OWN if name in fields}
    battery = BidirectionalSpec(**fields)
    if battery.minimum_charge_w > battery.maximum_charge_w:
        raise vol.Invalid("Give a minimum_charge_kw that is not above maximum_charge_kw.", path=["minimum_charge_kw"])
    if battery.minimum_discharge_w > battery.maximum_discharge_w:
        raise vol.Invalid(
            "Give a minimum_discharge_kw that is not above maximum_discharge_kw.", path=["minimum_discharge_kw"]
        )
    settings = Iso15118Settings(battery=battery, **own)
    if settings.mobility_needs_mode is MobilityNeedsMode.EVCC_SECC and settings.control_mode is ControlMode.SCHEDULED:
        raise vol.Invalid("Give evcc: needs of both sides exist in dynamic control only.", path=["mobility_needs_mode"])
    return settings


def _one_of(words: dict[str, Any]) -> Callable[[Any], Any]:
    def check(raw: Any) -> Any:
        if not isinstance(raw, str) or raw not in words:
            raise vol.Invalid(f"Use one of: {', '.join(words)}.")
        return words[raw]

    return check


def _kilo(check: Check) -> Check:
    return vol.All(check, lambda value: value * 1000)


def _hours(raw: Any) -> float | None:
    return None if raw is None else _HOURS(raw) * 3600


_HOURS = number("Give hours, zero or more.", least=0)
_POWER = _kilo(number("Give a power in kW, zero or more.", least=0))
_POSITIVE_POWER = _kilo(number("Give a power in kW, greater than zero.", above=0))
_PERCENT = number("Give 0 to 100 %.", least=0, most=100)
_OWN = ("service", "control_mode", "mobility_needs_mode", "channel", "generator_mode", "evcc_id")

_ISO15118 = Section(
    {
        "service": Key("service", _one_of(_SERVICES), f"Give the vehicle's best service: {', '.join(_SERVICES)}."),
        "control_mode": Key("control_mode", _one_of(_CONTROL_MODES)),
        "mobility_needs_mode": Key("mobility_needs_mode", _one_of(_NEEDS_MODES)),
        "channel": Key("channel", _one_of(_CHANNELS)),
        "generator_mode": Key("generator_mode", _one_of(_GENERATOR_MODES)),
        "evcc_id": Key("evcc_id", vol.All(text, vol.Length(max=20, msg="Give at most 20 characters."))),
        "maximum_charge_kw": Key("maximum_charge_w", _POSITIVE_POWER),
        "maximum_discharge_kw": Key("maximum_discharge_w", _POWER),
        "minimum_charge_kw": Key("minimum_charge_w", _POWER),
        "minimum_discharge_kw": Key("minimum_discharge_w", _POWER),
        "minimum_soc_pct": Key("minimum_soc_pct", _PERCENT),
        "target_soc_pct": Key("target_soc_pct", _PERCENT),
        "departure_after_h": Key("departure_after_s", _hours),
        "discharge_efficiency": Key(
            "discharge_efficiency", number("Give a share above 0, at most 1.", above=0, most=1)
        ),
        "floor_taper_pct": Key("floor_taper_pct", _PERCENT),
        "voltage_v": Key("voltage_v", number("Give the battery's voltage in V, 50 to 1000.", least=50, most=1000)),
        "temperature_c": Key(
            "temperature_c", number("Give the battery's temperature in degrees Celsius, -40 to 80.", least=-40, most=80)
        ),
        "rise_kw_per_s": Key("rise_w_per_s", _POSITIVE_POWER),
        "fall_kw_per_s": Key("fall_w_per_s", _POSITIVE_POWER),
        "reversal_s": Key("reversal_s", number("Give seconds, zero or more.", least=0)),
    }
)
