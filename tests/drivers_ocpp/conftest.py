"""These tests speak over real sockets on loopback."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests use loopback sockets, which the harness of Home Assistant forbids."""
