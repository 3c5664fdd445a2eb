"""Transformers, fuses and the frequency: what a control cycle pays for knowing how much is allowed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.thermal_rivals import Floats, Plain, PlainFleet
from benchmarks.parts.timing import best_of
from tidewatt.kernels.frequency import FrequencyReading, FrequencySettings, FrequencyState, step
from tidewatt.kernels.protection import Protection, fuse_gg
from tidewatt.kernels.thermal import NORMAL_CYCLIC, ThermalFleet, ThermalWindow, Transformer

TITLE = "transformer temperatures over 96 steps, headroom, 10,000 transformers; fuses and frequency"

STEPS, STEP_S = 96, 900.0
MUST_US, AIM_US = 10.0, 4.0
SIZES = (24, 96, 960, 9_600)
FLEET = 10_000
DAY_S = 86_400
AGREES_C = 1e-4

LOOP, FILTER, SOLVER = "Python loop", "NumPy and SciPy's lfilter", "SciPy's solve_ivp"
ROOT, NUMPY = "SciPy's brentq and lfilter", "NumPy"

DISTRIBUTION = Transformer.distribution_onan()


async def run(*, full: bool = False) -> list[Row]:
    """Measure each; with `full` windows of other lengths too, and draw the picture."""
    budget_s = 2.0 if full else 0.7
    rows = [*_day(budget_s), *_inverse(budget_s), _fleet(budget_s), _fuse(budget_s), _frequency(budget_s)]
    if full:
        _picture()
    return rows


def _inputs(steps: int) -> tuple[Floats, Floats]:
    """Return load factors and ambient temperatures of days with an evening of charging."""
    hours = np.arange(steps) * 0.25 % 24
    load = 0.45 + 0.25 * np.exp(-(((hours - 8) / 2) ** 2)) + 0.85 * np.exp(-(((hours - 19.5) / 2.6) ** 2))
    return load, 15 + 6 * np.sin((hours - 9) / 24 * 2 * np.pi)


def _us(function: Callable[[], object], budget_s: float, calls: int = 50) -> float:
    """Return the median of one call in microseconds; many in a row, so that the clock does not count."""

    def many() -> None:
        for _ in range(calls):
            function()

    return best_of(many, budget_s=budget_s).median_s / calls * 1e6


def _day(budget_s: float) -> list[Row]:
    window = ThermalWindow(DISTRIBUTION, steps=STEPS, step_s=STEP_S)
    plain = Plain(DISTRIBUTION, STEP_S)
    load, ambient_c = _inputs(STEPS)
    state = window.steady_state(ambient_c=15.0)
    ours_us = _us(partial(window.run, state, load, ambient_c), budget_s)
    expected_c = window.run(state, load, ambient_c).hot_spot_c.copy()
    rows = []
    for label, rival, calls in ((LOOP, plain.loop, 10), (FILTER, plain.filtered, 10), (SOLVER, plain.solved, 1)):
        if not np.allclose(rival(state, load, ambient_c), expected_c, rtol=0, atol=AGREES_C):
            raise AssertionError(f"{label} gets other temperatures")
        rival_us = _us(partial(rival, state, load, ambient_c), budget_s, calls)
        rows.append(
            Row(
                row=f"temperatures, {STEPS} steps",
                value=ours_us,
                unit="us",
                rival=label,
                rival_value=rival_us,
                must=MUST_US,
                aim=AIM_US,
            )
        )
    return rows


def _inverse(budget_s: float) -> list[Row]:
    window = ThermalWindow(DISTRIBUTION, steps=STEPS, step_s=STEP_S)
    plain = Plain(DISTRIBUTION, STEP_S)
    _, ambient_c = _inputs(STEPS)
    state = window.steady_state(load_factor=0.6, ambient_c=15.0)
    ours_us = _us(partial(window.headroom, state, ambient_c, NORMAL_CYCLIC), budget_s)
    rival_us = _us(partial(plain.headroom, state, ambient_c, NORMAL_CYCLIC), budget_s, 5)
    lasting_us = _us(partial(window.lasting_s, state, ambient_c, NORMAL_CYCLIC, load_factor=1.4), budget_s)
    return [
        Row(row=f"headroom, {STEPS} steps", value=ours_us, unit="us", rival=ROOT, rival_value=rival_us),
        Row(row=f"how long an overload lasts, {STEPS} steps", value=lasting_us, unit="us"),
    ]


def _fleet(budget_s: float) -> Row:
    random = np.random.default_rng(7)
    transformers = [
        Transformer.distribution_onan(loss_ratio=random.uniform(4, 8), top_oil_rise_k=random.uniform(45, 60))
        for _ in range(FLEET)
    ]
    state = ThermalWindow(DISTRIBUTION, steps=1, step_s=STEP_S).steady_state(ambient_c=15.0)
    fleet, plain = ThermalFleet(transformers, [state] * FLEET, step_s=STEP_S), PlainFleet(transformers, state, STEP_S)
    load, ambient_c = random.uniform(0.2, 1.3, FLEET), random.uniform(-5, 35, FLEET)
    fleet.step(load, ambient_c)
    if not np.allclose(plain.step(load, ambient_c), fleet.hot_spot_c, rtol=0, atol=AGREES_C):
        raise AssertionError("NumPy gets other temperatures")
    return Row(
        row=f"one step of {FLEET:,} transformers",
        value=_us(partial(fleet.step, load, ambient_c), budget_s, 1),
        unit="us",
        rival=NUMPY,
        rival_value=_us(partial(plain.step, load, ambient_c), budget_s, 1),
    )


def _fuse(budget_s: float) -> Row:
    fuse = Protection(fuse_gg(63))
    current_a = np.random.default_rng(7).uniform(20, 90, DAY_S)

    def by_steps() -> float:
        fraction = fuse.warm
        for current in current_a[:1000].tolist():
            fraction = fuse.step(fraction, current_a=current, duration_s=1.0)
        return fraction

    return Row(
        row="trip fraction of a fuse, a day of seconds",
        value=_us(partial(fuse.run, fuse.warm, current_a, step_s=1.0), budget_s, 1),
        unit="us",
        rival="step by step from Python",
        rival_value=_us(by_steps, budget_s, 1) * DAY_S / 1000,
    )


def _frequency(budget_s: float) -> Row:
    settings = FrequencySettings.ieee_1547(nominal_hz=50.0, rated_kw=1000.0)
    state = FrequencyState()
    readings = [
        FrequencyReading(
            time_s=float(second),
            frequency_hz=49.95,
            lowest_voltage_pu=1.0,
            highest_voltage_pu=1.0,
            reducible_kw=800.0,
            raisable_kw=400.0,
        )
        for second in range(1000)
    ]
    for reading in readings:
        _, state = step(reading, settings, state)
    later = FrequencyReading(
        time_s=1001.0,
        frequency_hz=49.94,
        lowest_voltage_pu=1.0,
        highest_voltage_pu=1.0,
        reducible_kw=800.0,
        raisable_kw=400.0,
    )
    return Row(
        row="one step of the frequency response", value=_us(partial(step, later, settings, state), budget_s), unit="us"
    )


def _picture() -> None:
    """Draw how the time of a run grows with the length of the window."""
    seconds: dict[str, list[float]] = {"tidewatt": [], LOOP: [], FILTER: [], SOLVER: []}
    for steps in SIZES:
        window, plain = ThermalWindow(DISTRIBUTION, steps=steps, step_s=STEP_S), Plain(DISTRIBUTION, STEP_S)
        load, ambient_c = _inputs(steps)
        state = window.steady_state(ambient_c=15.0)
        runs = {"tidewatt": window.run, LOOP: plain.loop, FILTER: plain.filtered, SOLVER: plain.solved}
        for label, function in runs.items():
            calls = 1 if label == SOLVER or steps > STEPS else 20
            seconds[label].append(_us(partial(function, state, load, ambient_c), 0.5, calls) * 1e-6)
    curves = [Curve(label, SIZES, values, ours=label == "tidewatt") for label, values in seconds.items()]
    draw("thermal", "Transformer temperatures", "steps", curves, targets=[(STEPS, MUST_US * 1e-6)])
