"""One line about how a site stands."""

from __future__ import annotations

from collections.abc import Iterator

from tidewatt.control import CircuitDecision, Decision, Snapshot
from tidewatt.site import ChargerState, Reason, Setpoint, Site


def status_line(snapshot: Snapshot, decision: Decision) -> str:
    """Say what every metered circuit carries, what every charger may draw, does draw and is limited by, and faults.

    `?` stands for what nobody has measured.
    """
    parts = [
        *(
            _circuit(snapshot.site, circuit)
            for circuit in decision.circuits
            if snapshot.site.meter_of(circuit.circuit_id)
        ),
        *(_charger(snapshot, setpoint) for setpoint in decision.setpoints),
        *(f"{fault.code}: {fault.detail}" for fault in decision.faults),
    ]
    return " | ".join(parts)


def _circuit(site: Site, circuit: CircuitDecision) -> str:
    limit_a = site.circuit(circuit.circuit_id).import_limit_a
    return f"{circuit.circuit_id} {' '.join(_phases(site.phases, circuit, limit_a))} A"


def _phases(count: int, circuit: CircuitDecision, limit_a: tuple[float, ...]) -> Iterator[str]:
    for phase in range(count):
        measured = "?" if circuit.current_a is None else f"{circuit.current_a[phase]:.1f}"
        yield f"L{phase + 1} {measured}/{limit_a[phase]:g}"


def _charger(snapshot: Snapshot, setpoint: Setpoint) -> str:
    charger_id = setpoint.charger_id
    wish = snapshot.wishes.get(charger_id)
    mode = snapshot.site.charger(charger_id).mode if wish is None else wish.mode
    draw = _draw(snapshot.chargers.get(charger_id))
    told = f"may {setpoint.current_a:g} A" if setpoint.current_a >= 0 else f"gives back {-setpoint.current_a:g} A"
    return f"{charger_id} {mode}: {told}, draws {draw} A, by {_reason(setpoint.reason)}"


def _draw(state: ChargerState | None) -> str:
    if state is None or state.current_a is None:
        return "?"
    return f"{max(state.current_a, key=abs):.1f}"


def _reason(reason: Reason) -> str:
    where = [part for part in (reason.circuit_id, None if reason.phase is None else reason.phase.name) if part]
    return f"{reason.code} ({' '.join(where)})" if where else str(reason.code)
