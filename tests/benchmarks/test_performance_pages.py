"""What the performance documentation refers to is there."""

from pathlib import Path
import re

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"


@pytest.mark.parametrize("page", sorted(path.name for path in FOLDER.glob("*.md")))
def test_every_link_leads_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (FOLDER / page).read_text())
    assert [target for target in targets if not (FOLDER / target).exists()] == []


def test_every_page_is_linked_from_the_first() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", (FOLDER / "README.md").read_text()))
    assert {path.name for path in FOLDER.glob("*.md")} - {"README.md"} <= linked
