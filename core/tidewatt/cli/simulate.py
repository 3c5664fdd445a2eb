"""`tidewatt simulate`: recorded charging days once more, by Tidewatt and by the rules it is compared with."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import importlib.util
import json
from pathlib import Path
from time import perf_counter

from tidewatt.simulation import CONTENDERS, SLOT_S, Outcome, Scenario, document_of, load_scenario, outcome_of, run

from .arguments import Subparsers, read_text
from .failure import CommandFailedError
from .simulation_output import Watcher, print_table

FORMATS = (".svg", ".png")


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("simulate", help="replay charging days of a site and compare ways of sharing")
    parser.add_argument("site", metavar="SITE.yaml", type=Path, help="a file with the section `simulation`")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    parser.add_argument(
        "--picture", metavar="FILE", type=_picture, help="draw the days; a name that ends in .svg or .png"
    )
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    _require_extra()
    scenario = load_scenario(arguments.site, read_text(arguments.site))
    outcomes = list(_outcomes(scenario))
    if arguments.json:
        print(json.dumps(document_of(scenario, outcomes), indent=2))
    else:
        print_table(scenario, outcomes)
    if arguments.picture is not None:
        from tidewatt.simulation.picture import draw  # noqa: PLC0415 - matplotlib comes with the extra

        draw(scenario, outcomes, arguments.picture)
    return 0


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} is not usable. Give a name that ends in {' or '.join(FORMATS)}.")
    return path


def _require_extra() -> None:
    missing = [name for name in ("matplotlib", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        remedy = 'Install the extra "simulate": pip install "tidewatt[simulate]"'
        raise CommandFailedError(f"Simulations need {' and '.join(missing)}. {remedy}")


def _outcomes(scenario: Scenario) -> Iterator[Outcome]:
    days = scenario.slots * SLOT_S / 86_400
    with Watcher() as watcher:
        for make in CONTENDERS:
            contender = make()
            progress = watcher.begin(contender.name)
            started_s = perf_counter()
            ledger = run(scenario, contender, progress=progress)
            watcher.end(contender.name, days, perf_counter() - started_s)
            yield outcome_of(scenario, contender.name, ledger)
