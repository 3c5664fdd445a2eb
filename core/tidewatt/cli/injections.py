"""What can be done to an emulation, in the words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _Argument:
    """A positional argument, and the field of the command that it fills."""

    field: str
    help: str
    parse: Callable[[str], Any] = str
    count: str | None = None
    choices: Sequence[str] | None = None


def _fault_value(text: str) -> float | bool:
    return text == "on" if text in ("on", "off") else float(text)


_METER = _Argument("meter", "id of the meter")
_STATION = _Argument("station", "id of the station")
_CHARGER = _Argument("charger", "id of the charger")

_INJECTIONS: dict[str, tuple[str, tuple[_Argument, ...]]] = {
    "house-load": (
        "set what the house draws",
        (_Argument("current_a", "current in A, one for all phases or one for each", float, count="+"),),
    ),
    "pv": ("set what the PV feeds in", (_Argument("power_w", "power in W", float),)),
    "meter-silent": ("let a meter stop answering", (_METER,)),
    "meter-resume": ("let a meter answer again", (_METER,)),
    "station-offline": ("cut a station off", (_STATION,)),
    "station-online": ("let a station connect again", (_STATION,)),
    "reboot": ("cut a station's power for a moment", (_STATION,)),
    "fault": (
        "give a station a fault",
        (
            _STATION,
            _Argument("fault", "name of the fault, such as drop or half_open"),
            _Argument("value", "share, seconds, on or off", _fault_value),
        ),
    ),
    "heal": ("take all faults of a station away", (_STATION,)),
    "vehicle-ignores-limit": (
        "let a vehicle draw what it likes",
        (_CHARGER, _Argument("on", "on or off", choices=("on", "off"))),
    ),
    "vehicle-soc": (
        "charge or empty the battery of a vehicle that can give",
        (_CHARGER, _Argument("soc_pct", "state of charge in per cent", float)),
    ),
    "vehicle-temperature": (
        "warm or cool the battery of a vehicle that can give",
        (_CHARGER, _Argument("temperature_c", "degrees Celsius", float)),
    ),
    "vehicle-session": (
        "let a vehicle pause, wake or leave its session of ISO 15118-20",
        (_CHARGER, _Argument("action", "pause, wake or leave", choices=("pause", "wake", "leave"))),
    ),
    "vehicle-fault": (
        "break something at the cable of ISO 15118-20",
        (
            _CHARGER,
            _Argument("fault", "bms_timeout, contactor, isolation, grid_sync_lost or phase_mismatch"),
            _Argument("on", "on or off", choices=("on", "off")),
        ),
    ),
    "grid-frequency": ("set the frequency of the grid", (_Argument("frequency_hz", "frequency in Hz", float),)),
    "plug": ("plug the vehicle in", (_CHARGER,)),
    "unplug": ("unplug the vehicle", (_CHARGER,)),
    "rfid": ("hold a card to the reader", (_CHARGER, _Argument("id_tag", "the card's tag"))),
}


def add_injections(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each injection."""
    injections = parser.add_subparsers(title="what to inject", metavar="WHAT", dest="injection", required=True)
    for name, (text, arguments) in _INJECTIONS.items():
        injection = injections.add_parser(name, help=text)
        for each in arguments:
            injection.add_argument(each.field, help=each.help, type=each.parse, nargs=each.count, choices=each.choices)


def injected(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the command that was given, as the emulation takes it."""
    _, fields = _INJECTIONS[arguments.injection]
    values = {each.field: getattr(arguments, each.field) for each in fields}
    if len(values.get("current_a", ())) == 1:
        values["current_a"] = values["current_a"][0]
    if "on" in values:
        values["on"] = values["on"] == "on"
    return {"command": arguments.injection.replace("-", "_"), **values}
