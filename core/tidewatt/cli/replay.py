"""`tidewatt replay`: decide a recorded run once more."""

from __future__ import annotations

import argparse
from pathlib import Path

from tidewatt.control import replay

from .arguments import Subparsers
from .failure import CommandFailedError


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("replay", help="decide a recorded run once more and compare")
    parser.add_argument("trace", metavar="TRACE", type=Path, help="what `tidewatt run --trace` recorded")
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    try:
        result = replay(arguments.trace)
    except ValueError as error:
        raise CommandFailedError(str(error)) from error
    if result.difference is not None:
        print(f"cycle {result.cycles} differs, {result.difference}")
        return 1
    print(f"{result.cycles} cycles, all decided as recorded")
    return 0
