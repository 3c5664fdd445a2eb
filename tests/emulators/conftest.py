"""What the tests of the emulators share: sockets, and time that passes when a test says so."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """Allow real sockets on loopback; the Home Assistant test plugin blocks them otherwise."""
