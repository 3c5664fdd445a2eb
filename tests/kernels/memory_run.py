"""Runs one kernel at 100,000 chargers: `python -m tests.kernels.memory_run allocation|dispatch`.

Prints the highest memory of the process in MB after some cycles, and after as many more as told by the second argument.
"""

from collections.abc import Callable
from pathlib import Path
import sys

import numpy as np
import numpy.typing as npt

from tidewatt.kernels import allocation, dispatch

CHARGERS = 100_000
PER_CIRCUIT = 12
WARM_CYCLES, MORE_CYCLES = 3, 20


def allocation_cycle() -> Callable[[], object]:
    """Return a cycle of allocation: a tree of three levels, whole amperes, not enough for everybody."""
    random = np.random.default_rng(0)
    leaves = CHARGERS // PER_CIRCUIT
    branches = leaves // 10
    parent = np.concatenate([[-1], np.zeros(branches), 1 + np.arange(leaves) % branches]).astype(np.int32)
    circuits = parent.size
    limit_a = np.full((circuits, 3), 100.0)
    limit_a[1 : 1 + branches] = 700.0
    limit_a[0] = 400_000.0
    unlimited = np.full(circuits, np.inf)
    problem = allocation.AllocationProblem(
        parent=parent,
        import_limit_a=limit_a,
        export_limit_a=np.full((circuits, 3), np.inf),
        base_a=np.zeros((circuits, 3)),
        total_import_limit_w=unlimited,
        total_export_limit_w=unlimited,
        imbalance_limit_a=unlimited,
        voltage_v=np.full(3, 230.0),
        circuit=random.integers(1 + branches, circuits, CHARGERS, np.int32),
        phases=random.choice(np.array([1, 2, 4, 7], np.uint8), CHARGERS),
        minimum_a=np.full(CHARGERS, 6.0),
        maximum_a=np.full(CHARGERS, 32.0),
        direction=np.ones(CHARGERS, np.int8),
        step_a=np.ones(CHARGERS),
        weight=random.uniform(0.5, 2.0, CHARGERS),
        locked_on=np.zeros(CHARGERS, np.bool_),
        incumbent=np.zeros(CHARGERS, np.bool_),
        deficit=np.zeros(CHARGERS),
        tier=np.zeros(CHARGERS, np.uint8),
        relied_a=np.zeros(CHARGERS),
    )
    return allocation.Allocator(problem).allocate


def dispatch_cycle() -> Callable[[], object]:
    """Return a cycle of dispatch: a setpoint that every unit has a part in."""
    random = np.random.default_rng(0)

    def singles(low: float, high: float) -> npt.NDArray[np.float32]:
        return random.uniform(low, high, CHARGERS).astype(np.float32)

    fleet = dispatch.Fleet(
        soc_pct=singles(20, 90),
        soc_floor_pct=singles(5, 15),
        soc_ceiling_pct=singles(90, 100),
        target_soc_pct=singles(50, 90),
        departure_h=singles(1, 24),
        capacity_kwh=singles(40, 100),
        charge_limit_kw=singles(7, 22),
        discharge_limit_kw=singles(0, 10),
        ramp_kw_per_s=singles(1, 5),
        previous_kw=np.zeros(CHARGERS),
        cycles=singles(0, 2000),
        soh_pct=singles(75, 100),
        temperature_c=singles(0, 40),
        weight=singles(0.5, 2),
        reachable=np.ones(CHARGERS, np.bool_),
    )
    dispatcher = dispatch.Dispatcher(CHARGERS, dispatch.DispatchSettings(period_s=60.0))
    return lambda: dispatcher.dispatch(fleet, 3.0 * CHARGERS)


CYCLES = {"allocation": allocation_cycle, "dispatch": dispatch_cycle}


def peak_mb() -> float:
    """Return the most memory that the process has had so far.

    Not from `getrusage`: to that, the process that started this one still counts.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Run the cycles and print both figures."""
    cycle = CYCLES[sys.argv[1]]()
    for count in (WARM_CYCLES, MORE_CYCLES):
        for _ in range(count):
            cycle()
        sys.stdout.write(f"{peak_mb():.1f}\n")


if __name__ == "__main__":
    main()
