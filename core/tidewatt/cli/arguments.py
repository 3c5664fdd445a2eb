"""What the commands have in common: the arguments they take and the site file they read."""

from __future__ import annotations

import argparse
from pathlib import Path

from tidewatt.site import Site, SiteError
from tidewatt.site.schema import load_site

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it
"""What commands add their parsers to."""


def add_site_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument SITE.yaml."""
    parser.add_argument("site", metavar="SITE.yaml", type=Path, help="the site file")


def read_text(path: Path) -> str:
    """Return the text of a file; OSError when it cannot be read, SiteError when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SiteError(str(path), error.reason, "Save it as UTF-8 text.") from error


def read_site(path: Path) -> Site:
    """Return the site of a file; OSError when it cannot be read, SiteError when it cannot be right."""
    return load_site(read_text(path))
