"""Scenarios: what is done to an emulated site, one step after the other, and what must then be so.

A step is one of `do` (a command as the control address takes it), `wait_s` (emulated seconds), `until` (a condition
that must come true within `within_s`, 60 unless told otherwise) and `expect` (a condition that must be true now).
Conditions name a value of the world's view by its path: `{what: stations.CP1.outlets.1.status, is: charging}`, or
`above` and `below` for numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from tidewatt.site.checks import listed, number, text
from tidewatt.site.schema import site_error
from tidewatt.site.sections import Key, Section

from .commands import carry_out
from .emulation import Emulation
from .view import value_at, world_view

_POLL_S = 0.2
_ANYTHING = object()


class ScenarioFailedError(Exception):
    """A step did not come true; the message names the step, what was wanted and what there was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a value of the world must be: equal to `is_`, and between `above` and `below`."""

    what: str
    is_: Any = _ANYTHING
    above: float | None = None
    below: float | None = None

    def holds(self, world: Mapping[str, Any]) -> bool:
        """Tell whether it is so; a value that is not there is nothing but `is: null`."""
        value = self.value(world)
        if self.is_ is not _ANYTHING and value != self.is_:
            return False
        if self.above is None and self.below is None:
            return True
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (self.above is None or value > self.above) and (self.below is None or value < self.below)

    def value(self, world: Mapping[str, Any]) -> Any:
        """Return the value that the path leads to; None where it leads nowhere."""
        return value_at(world, self.what)

    def __str__(self) -> str:
        wanted = [] if self.is_ is _ANYTHING else [f"is {self.is_}"]
        wanted += [] if self.above is None else [f"above {self.above:g}"]
        wanted += [] if self.below is None else [f"below {self.below:g}"]
        return f"{self.what} {' and '.join(wanted)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; exactly one of `do`, `wait_s`, `until` and `expect` is set."""

    do: Mapping[str, Any] | None = None
    wait_s: float | None = None
    until: Condition | None = None
    expect: Condition | None = None
    within_s: float = 60.0


def load_scenario(document: Any) -> tuple[Step, ...]:
    """Return the steps of a document `{steps: [...]}`; SiteError naming the field, its value and the remedy."""
    try:
        steps: tuple[Step, ...] = _SCENARIO.fields(_SCENARIO(document))["steps"]
    except vol.Invalid as error:
        raise site_error(error, document if isinstance(document, Mapping) else {}) from None
    return steps


async def play(emulation: Emulation, steps: tuple[Step, ...], tell: Callable[[str], None]) -> None:
    """Go through the steps and `tell` each as it is done.

    ScenarioFailedError when one does not come true, SiteError when a command cannot be carried out.
    """
    for count, step in enumerate(steps, 1):
        done = await _take(emulation, step, f"step {count}")
        tell(f"{emulation.time.now_s:8.1f} s  {done}")


async def _take(emulation: Emulation, step: Step, name: str) -> str:
    if step.do is not None:
        return await carry_out(emulation, step.do)
    if step.wait_s is not None:
        await emulation.time.sleep(step.wait_s)
        return f"Waited {step.wait_s:g} s."
    condition, within_s = (step.until, step.within_s) if step.until else (step.expect, 0.0)
    if condition is None:
        raise AssertionError("the schema lets no empty step through")
    given_up_s = emulation.time.now_s + within_s
    while not condition.holds(world := world_view(emulation)):
        if emulation.time.now_s >= given_up_s:
            when = f" within {within_s:g} s" if within_s else ""
            raise ScenarioFailedError(f"{name}: {condition} did not hold{when}; it was {condition.value(world)}.")
        await emulation.time.sleep(_POLL_S)
    return f"{condition}: so it is."


def _condition(raw: Any) -> Condition:
    fields = _CONDITION.fields(_CONDITION(raw))
    if fields.keys() == {"what"}:
        raise vol.Invalid("Say what it must be: with is, above or below.")
    return Condition(**fields)


def _step(raw: Any) -> Step:
    fields = _STEP.fields(_STEP(raw))
    if len(fields.keys() - {"within_s"}) != 1:
        raise vol.Invalid("Give each step exactly one of do, wait_s, until and expect.")
    return Step(**fields)


def _command(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise vol.Invalid("Give a command such as {command: plug, charger: garage}.")
    return raw


_NUMBER = number("Give a number.")
_SECONDS = number("Give seconds, zero or more.", least=0)

_CONDITION = Section(
    {
        "what": Key("what", text, "Name a value of the world, such as stations.CP1.connected."),
        "is": Key("is_", lambda raw: raw),
        "above": Key("above", _NUMBER),
        "below": Key("below", _NUMBER),
    }
)
_STEP = Section(
    {
        "do": Key("do", _command),
        "wait_s": Key("wait_s", _SECONDS),
        "until": Key("until", _condition),
        "expect": Key("expect", _condition),
        "within_s": Key("within_s", _SECONDS),
    }
)
_SCENARIO = Section({"steps": Key("steps", vol.All(listed, [_step], vol.Coerce(tuple)), "Give a list of steps.")})
