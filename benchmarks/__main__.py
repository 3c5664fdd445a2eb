"""`python -m benchmarks [NAME] [--full] [--json]`: runs one benchmark, or lists them."""

from __future__ import annotations

import argparse
import asyncio
import importlib
from pathlib import Path
import sys

from benchmarks.parts.machine import machine, versions
from benchmarks.parts.report import as_json, as_table, write_page


def main() -> int:
    """Run and return the exit status: 0, or 1 when a `must` is missed."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    parser = argparse.ArgumentParser(prog="script/bench", description="Run one benchmark; without a name, list them.")
    parser.add_argument("name", nargs="?", choices=names)
    parser.add_argument("--full", action="store_true", help="the whole table; written to docs/performance too")
    parser.add_argument("--json", action="store_true", help="print a list of rows instead of a table")
    arguments = parser.parse_args()
    if arguments.name is None:
        for name in names:
            print(f"{name:12} {importlib.import_module(f'benchmarks.{name}').TITLE}")
        return 0
    module = importlib.import_module(f"benchmarks.{arguments.name}")
    rows = asyncio.run(module.run(full=arguments.full))
    if arguments.full:
        write_page(arguments.name, module.TITLE, rows, f"{machine()}; {versions()}.")
    if arguments.json:
        print(as_json(rows))
    else:
        print(as_table(module.TITLE, rows))
        print(f"\n{machine()}\n{versions()}")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
