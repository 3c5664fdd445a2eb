"""What a command says when it was understood and could not be done."""

from __future__ import annotations


class CommandFailedError(Exception):
    """A command failed; its text is what the person reads."""
