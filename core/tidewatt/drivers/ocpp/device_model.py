"""What a station is made of and can be set to: OCPP 2.x variables and OCPP 1.6 configuration keys behind one face."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Any, Self

from tidewatt.ocpp.wire import child, integer, number, rows, text

ACTUAL = "Actual"
"""The attribute of a variable that is meant where none is named."""

_LONGEST_NAME = 50
_LONGEST_VALUE = 2500
_NAME = re.compile(
    r"(?:(?P<component>[^@\[\].]+)(?:\[(?P<component_instance>[^\]]*)\])?"
    r"(?:@(?P<evse_id>\d{1,6})(?:\.(?P<connector_id>\d{1,6}))?)?\.)?"
    r"(?P<variable>[^\[\]]+)(?:\[(?P<variable_instance>[^\]]*)\])?"
)


_SECRETS = frozenset({"authorizationkey", "basicauthpassword"})
"""Variables that are passwords (A00.FR.205 of OCPP 1.6 and 2.x)."""


@dataclass(frozen=True, slots=True, order=True)
class VariableKey:
    """Names a variable. `component` is empty for a configuration key of OCPP 1.6; `evse_id` 0 is the whole station.

    Written as `Component[instance]@evse.connector.Variable[instance]`, leaving out what is empty.
    """

    component: str
    variable: str
    component_instance: str = ""
    variable_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0

    def __str__(self) -> str:
        if not self.component:
            return self.variable
        where = f"@{self.evse_id}" + (f".{self.connector_id}" if self.connector_id else "") if self.evse_id else ""
        component = self.component + _bracketed(self.component_instance) + where
        return f"{component}.{self.variable}{_bracketed(self.variable_instance)}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read a variable's name; ValueError, naming it, for one that cannot be read."""
        match = _NAME.fullmatch(written)
        if match is None or match["component"] is None:
            raise ValueError(f"{written!r} is no variable; write it as Component.Variable, for example Clock.DateTime.")
        return cls(
            match["component"],
            match["variable"],
            match["component_instance"] or "",
            match["variable_instance"] or "",
            int(match["evse_id"] or 0),
            int(match["connector_id"] or 0),
        )

    def to_wire(self) -> dict[str, Any]:
        """Return component and variable as OCPP 2.x writes them."""
        component: dict[str, Any] = {"name": self.component}
        if self.component_instance:
            component["instance"] = self.component_instance
        if self.evse_id:
            component["evse"] = {"id": self.evse_id}
            if self.connector_id:
                component["evse"]["connectorId"] = self.connector_id
        variable = {"name": self.variable}
        if self.variable_instance:
            variable["instance"] = self.variable_instance
        return {"component": component, "variable": variable}

    @classmethod
    def from_wire(cls, row: Any) -> Self | None:
        """Read component and variable of an OCPP 2.x row; None when one has no name."""
        component, variable = child(row, "component"), child(row, "variable")
        names = text(component, "name", _LONGEST_NAME), text(variable, "name", _LONGEST_NAME)
        if names[0] is None or names[1] is None:
            return None
        evse = child(component, "evse")
        return cls(
            names[0],
            names[1],
            text(component, "instance", _LONGEST_NAME) or "",
            text(variable, "instance", _LONGEST_NAME) or "",
            integer(evse, "id") or 0,
            integer(evse, "connectorId") or 0,
        )


def _bracketed(instance: str) -> str:
    return f"[{instance}]" if instance else ""


@dataclass(slots=True, kw_only=True)
class Variable:
    """A variable as its station reported it. None where it did not say.

    `value` is the actual one; `attributes` holds those of OCPP's other attribute types (Target, MinSet, MaxSet).
    `values` are the choices of a list, `minimum` and `maximum` the limits of a number or the length of a text.
    """

    key: VariableKey
    value: str | None = None
    mutability: str | None = None
    data_type: str | None = None
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    can_be_monitored: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def is_writable(self) -> bool:
        """Tell whether it can be set; the default of OCPP is that it can."""
        return self.mutability in (None, "ReadWrite", "WriteOnly")

    @property
    def is_readable(self) -> bool:
        """Tell whether its value can be asked for: secrets can only be written."""
        return self.mutability != "WriteOnly"

    @property
    def chars(self) -> int:
        """How much text it is made of."""
        return len(str(self.key)) + len(self.value or "") + sum(map(len, (*self.values, *self.attributes.values())))

    def __post_init__(self) -> None:
        """Forget the value of a secret."""
        if self.is_secret:
            self.value = None
            self.attributes = {}

    @property
    def is_secret(self) -> bool:
        """Whether the value is a secret, which is not kept even of a station that tells it."""
        return self.key.variable.casefold() in _SECRETS

    def take(self, attribute: str, value: str | None) -> None:
        """Note the value of an attribute."""
        if self.is_secret:
            return
        if attribute == ACTUAL:
            self.value = value
        elif value is not None:
            self.attributes[attribute] = value

    @classmethod
    def from_report(cls, row: Any) -> Self | None:
        """Read one row of a NotifyReport; None when it names no variable."""
        key = VariableKey.from_wire(row)
        if key is None:
            return None
        found = child(row, "variableCharacteristics")
        variable = cls(
            key=key,
            data_type=text(found, "dataType", _LONGEST_NAME),
            unit=text(found, "unit", _LONGEST_NAME),
            minimum=number(found.get("minLimit")),
            maximum=number(found.get("maxLimit")),
            values=tuple(word for word in (text(found, "valuesList", 1000) or "").split(",") if word),
            can_be_monitored=found.get("supportsMonitoring") is True,
        )
        for attribute in rows(row, "variableAttribute")[:4]:
            kind = text(attribute, "type", _LONGEST_NAME) or ACTUAL
            if kind == ACTUAL:
                variable.mutability = text(attribute, "mutability", _LONGEST_NAME)
            variable.take(kind, text(attribute, "value", _LONGEST_VALUE))
        return variable


@dataclass(slots=True)
class DeviceModel:
    """All variables that a station reported, with the firmware and the moment they are of."""

    variables: dict[str, Variable] = field(default_factory=dict)
    firmware: str | None = None
    generated_at_utc: datetime | None = None

    def get(self, key: VariableKey) -> Variable | None:
        """Return a variable, None for one that the station did not report."""
        return self.variables.get(str(key))

    def take(self, variable: Variable) -> None:
        """Note a variable, in place of what was known of it."""
        self.variables[str(variable.key)] = variable
