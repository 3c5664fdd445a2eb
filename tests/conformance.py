"""Which requirement of OCPP a test shows: the conformance table in docs/ is made of these marks."""

from __future__ import annotations

from typing import Literal

import pytest

type Edition = Literal["1.6", "2.0.1", "2.1"]


def shows(*requirements: str, ocpp: Edition | tuple[Edition, ...]) -> pytest.MarkDecorator:
    """Mark a test as showing requirements of one or several versions of OCPP.

    `requirements` are the specification's own ids (`K01.FR.39`, `A00.FR.204`) for 2.x, and chapters (`1.6 5.16`,
    `1.6 security A00.FR.204`, `OCPP-J 4.1.1`) where it has none.
    """
    return pytest.mark.conformance(*requirements, ocpp=ocpp)
