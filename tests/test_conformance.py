"""The table of requirements is made of the marks, and the marks name what the specification could have."""

from __future__ import annotations

import re

from tests.conformance import PAGE, marks, page

AN_ID = re.compile(r"[A-R]\d\d(\.FR\.\d{2,3})?|(1\.6|2\.0\.1|2\.1|OCPP-J)\b.+")


def test_the_page_is_that_of_the_marks() -> None:
    assert PAGE.read_text() == page(), "Run script/conformance."


def test_every_mark_names_an_id_or_a_chapter_and_a_version() -> None:
    assert [shown for shown in marks() if not AN_ID.fullmatch(shown.requirement)] == []
    assert {version for shown in marks() for version in shown.versions} <= {"1.6", "2.0.1", "2.1"}
