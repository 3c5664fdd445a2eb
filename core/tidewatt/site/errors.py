"""Errors about what a person configured or asked for."""

from __future__ import annotations


class SiteError(ValueError):
    """A site, or a wish about it, that cannot be right: names the field, the value and the remedy."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {value!r} is not usable. {remedy}")
        self.field = field
        self.value = value
        self.remedy = remedy


class CommandError(RuntimeError):
    """A charger did not carry out a command: says which charger, what was asked and what came back."""

    def __init__(self, charger_id: str, command: str, answer: str) -> None:
        super().__init__(f"{charger_id}: {command} failed: {answer}")
        self.charger_id = charger_id
        self.command = command
        self.answer = answer
