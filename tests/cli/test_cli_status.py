"""What one status line says."""

from tidewatt.cli.status import status_line
from tidewatt.control import CircuitDecision, Decision, Snapshot
from tidewatt.site import (
    ChargerState,
    ChargerStatus,
    Fault,
    FaultCode,
    Mode,
    PerPhase,
    Phase,
    Reason,
    ReasonCode,
    Setpoint,
    Wish,
)
from tidewatt.site.schema import load_site

SITE = load_site("""
site: {name: A, main_fuse_a: [25, 25, 20]}
circuits: [{id: unmetered, parent: main, limit_a: 16}]
meters: [{id: grid, circuit: main, modbus: {host: h}}]
chargers:
  - {id: left, circuit: main, mode: fast, ocpp: {station: CP-1}}
  - {id: right, circuit: main, mode: solar, ocpp: {station: CP-2}}
""")


def _circuit(circuit_id: str, current_a: PerPhase | None) -> CircuitDecision:
    return CircuitDecision(
        circuit_id=circuit_id, current_a=current_a, base_a=None, headroom_a=None, overloaded=(False, False, False)
    )


_BOUND = Reason(code=ReasonCode.CIRCUIT, circuit_id="main", phase=Phase.L2)


def _line(
    measured_a: PerPhase | None,
    faults: tuple[Fault, ...] = (),
    *,
    drawn_a: PerPhase = (9.94, 9.9, 0.0),
    left: tuple[float, Reason] = (10.5, _BOUND),
) -> str:
    snapshot = Snapshot(
        now_s=1.0,
        site=SITE,
        meters={},
        chargers={
            "left": ChargerState(
                charger_id="left",
                at_s=1.0,
                online=True,
                status=ChargerStatus.CHARGING,
                current_a=drawn_a,
            )
        },
        vehicles={},
        wishes={"right": Wish(mode=Mode.OFF)},
    )
    decision = Decision(
        setpoints=(
            Setpoint(charger_id="left", current_a=left[0], reason=left[1], valid_for_s=120),
            Setpoint(charger_id="right", current_a=0.0, reason=Reason(code=ReasonCode.MODE_OFF), valid_for_s=120),
        ),
        circuits=(_circuit("main", measured_a), _circuit("unmetered", None)),
        faults=faults,
    )
    return status_line(snapshot, decision)


def test_circuits_chargers_and_what_limits_them() -> None:
    assert _line((12.34, -3.0, 20.0)) == (
        "main L1 12.3/25 L2 -3.0/25 L3 20.0/20 A"
        " | left fast: may 10.5 A, draws 9.9 A, by circuit (main L2)"
        " | right off: may 0 A, draws ? A, by mode_off"
    )


def test_a_discharge_is_told_as_what_is_given_back() -> None:
    discharge = Reason(code=ReasonCode.DISCHARGE)
    line = _line((1.0, 1.0, 1.0), drawn_a=(0.0, 0.0, -7.5), left=(-8.0, discharge))
    assert "left fast: gives back 8 A, draws -7.5 A, by discharge" in line


def test_what_nobody_measured_is_not_shown_as_zero() -> None:
    assert _line(None).startswith("main L1 ?/25 L2 ?/25 L3 ?/20 A |")


def test_faults_come_last() -> None:
    fault = Fault(code=FaultCode.METER_STALE, subject_id="grid", detail="Grid meter is silent.")

    assert _line(None, (fault,)).endswith(" | METER_STALE: Grid meter is silent.")
