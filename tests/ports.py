"""Ports for tests that must name one before anybody listens on it."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """Return different ports of loopback that nobody listened on a moment ago."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def free_port() -> int:
    """Return one port of loopback that nobody listened on a moment ago."""
    return free_ports(1)[0]
