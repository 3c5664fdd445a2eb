"""A station's configuration: named values, some of which the central system may change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Variable:
    """One value as text. `accepts` None: read-only. OCPP 1.6 has one name, OCPP 2.0.1 a component before it.

    `changed` hears of values that the central system sets. What is `write_only` is never told, nor kept here.
    """

    name: str
    value: str
    component: str = ""
    accepts: Callable[[str], bool] | None = None
    changed: Callable[[str], None] | None = None
    write_only: bool = False

    def take(self, value: str) -> bool:
        """Set the value for the central system, if it may; tell whether it did."""
        if self.accepts is None or not self.accepts(value):
            return False
        if not self.write_only:
            self.value = value
        if self.changed is not None:
            self.changed(value)
        return True

    @property
    def read_only(self) -> bool:
        """Whether the central system may not change it."""
        return self.accepts is None


class Variables:
    """All variables of a station, by component and name. Names are looked up without regard to case."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._by_name = {(each.component.lower(), each.name.lower()): each for each in variables}

    def add(self, variable: Variable) -> None:
        """Add a variable, in place of one with its name."""
        self._by_name[variable.component.lower(), variable.name.lower()] = variable

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._by_name.values())

    def find(self, name: str, component: str = "") -> Variable | None:
        """Return a variable, None when the station has none of that name."""
        return self._by_name.get((component.lower(), name.lower()))

    def has_component(self, component: str) -> bool:
        """Tell whether any variable belongs to a component."""
        return any(each == component.lower() for each, _ in self._by_name)

    def text(self, name: str, component: str = "") -> str:
        """Return a value; KeyError when there is none."""
        return self._by_name[component.lower(), name.lower()].value

    def set(self, name: str, value: str, component: str = "") -> None:
        """Set a value, read-only or not; KeyError when there is none."""
        self._by_name[component.lower(), name.lower()].value = value

    def flag(self, name: str, component: str = "") -> bool:
        """Return a value as true or false."""
        return self.text(name, component).strip().lower() == "true"

    def number(self, name: str, component: str = "") -> int:
        """Return a value as a whole number."""
        return int(self.text(name, component))

    def names(self, name: str, component: str = "") -> list[str]:
        """Return a comma-separated value as its parts."""
        return [part.strip() for part in self.text(name, component).split(",") if part.strip()]


def whole_number(least: int = 0) -> Callable[[str], bool]:
    """Return a check for a whole number of at least `least`."""
    return lambda text: text.strip().isdecimal() and int(text) >= least


def list_of(known: Iterable[str]) -> Callable[[str], bool]:
    """Return a check for a comma-separated list of known names."""
    allowed = frozenset(known)
    return lambda text: all(part.strip() in allowed for part in text.split(",") if part.strip())


def boolean(text: str) -> bool:
    """Accept true and false."""
    return text.strip().lower() in {"true", "false"}
