"""Which requirement of OCPP a test shows, and the table of all of them in the documentation.

`python -m tests.conformance` writes docs/ocpp-conformance.md; `script/conformance` runs it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Literal

import pytest

type Edition = Literal["1.6", "2.0.1", "2.1"]

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "ocpp-conformance.md"

_BLOCKS = {
    "A": "Security",
    "B": "Provisioning",
    "C": "Authorization",
    "D": "Local authorization list",
    "E": "Transactions",
    "F": "Remote control",
    "G": "Availability",
    "H": "Reservation",
    "I": "Tariff and cost",
    "J": "Meter values",
    "K": "Smart charging",
    "L": "Firmware",
    "M": "Certificates",
    "N": "Diagnostics and monitoring",
    "O": "Display messages",
    "P": "Data transfer",
    "Q": "Bidirectional charging",
    "R": "Distributed energy resources",
}
_HEAD = """# OCPP conformance

Requirements of the OCPP specifications that tests of this repository show, on real sockets wherever a protocol is
spoken. `script/conformance` writes this page from the marks of the tests. What is not in the table may work, but
nothing here shows it.

Ids such as K01.FR.06 are the specification's own, of OCPP 2.0.1 and 2.1. Where it has none, the chapter stands in their
place. Tidewatt has not been certified by the Open Charge Alliance.
"""


def shows(*requirements: str, ocpp: Edition | tuple[Edition, ...]) -> pytest.MarkDecorator:
    """Mark a test as showing requirements of one or several versions of OCPP.

    `requirements` are the specification's own ids (`K01.FR.39`, `A00.FR.204`) for 2.x, and chapters (`1.6 5.16`,
    `1.6 security A00.FR.204`, `OCPP-J 4.1.1`) where it has none.
    """
    return pytest.mark.conformance(*requirements, ocpp=ocpp)


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A requirement, the versions it was shown in, and the test that shows it."""

    requirement: str
    versions: tuple[str, ...]
    file: str
    test: str


def page() -> str:
    """Return the page."""
    found: dict[str, list[Shown]] = defaultdict(list)
    for shown in sorted(marks(), key=lambda shown: (_natural(shown.requirement), shown)):
        found[_block(shown.requirement)].append(shown)
    requirements = {shown.requirement for group in found.values() for shown in group}
    tests = {(shown.file, shown.test) for group in found.values() for shown in group}
    lines = [_HEAD, f"{len(requirements)} requirements, {len(tests)} tests.", ""]
    for block in (*_BLOCKS.values(), _OTHER):
        if block in found:
            lines += [f"## {block}", "", "| Requirement | Versions | Test |", "|---|---|---|"]
            lines += [_row(shown) for shown in found[block]]
            lines.append("")
    return "\n".join(lines)


_OTHER = "Chapters"


def marks() -> Iterator[Shown]:
    """Yield every mark of every test, read from the sources."""
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "shows":
                        yield from _marks_of(decorator, file, node.name)


def _marks_of(decorator: ast.Call, file: Path, test: str) -> Iterator[Shown]:
    versions = ast.literal_eval(next(word.value for word in decorator.keywords if word.arg == "ocpp"))
    versions = (versions,) if isinstance(versions, str) else versions
    for argument in decorator.args:
        path = file.relative_to(TESTS.parent).as_posix()
        yield Shown(ast.literal_eval(argument), tuple(versions), path, test)


def _row(shown: Shown) -> str:
    words = shown.test.removeprefix("test_").replace("_", " ")
    return f"| {shown.requirement} | {', '.join(shown.versions)} | [{words}](../{shown.file}) |"


def _block(requirement: str) -> str:
    letter = re.match(r"([A-R])\d\d", requirement)
    return _BLOCKS[letter[1]] if letter else _OTHER


def _natural(requirement: str) -> Sequence[int | str]:
    """Return a key by which K01.FR.9 goes before K01.FR.10."""
    return [part.zfill(8) for part in re.split(r"(\d+)", requirement)]


if __name__ == "__main__":
    PAGE.write_text(page())
