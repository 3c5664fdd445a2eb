"""Circuits that tests of several rooms need."""

from __future__ import annotations

from tidewatt.site import MAIN_CIRCUIT_ID, PHASE_COUNT, Circuit, per_phase


def main_circuit(fuse_a: float, phases: int = PHASE_COUNT) -> Circuit:
    """Return the root circuit of a site behind a main fuse of so many A."""
    return Circuit(
        circuit_id=MAIN_CIRCUIT_ID, name="Main fuse", parent_id=None, import_limit_a=per_phase(fuse_a, phases)
    )
