"""How much a battery holds, learnt from what was stored while its state of charge went from one value to another.

Plain Python on purpose: there is a reading every few seconds at most, and a few operations on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from tidewatt.kernels.validation import check_kind, check_number, check_whole

from .checks import LARGEST_KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """How readings are believed.

    Attributes:
        nominal_kwh: what the battery should hold.
        least_span_pct: the smallest change of the state of charge that an estimate is made from, 1 to 100.
        energy_error: standard deviation of a span's energy as a part of it: meter and model of losses.
        jump_pct: a change of the state of charge that its energy explains by no more than this is a jump.
    """

    nominal_kwh: float
    least_span_pct: float = 10.0
    energy_error: float = 0.02
    jump_pct: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReading:
    """One reading.

    Attributes:
        session: number of the charging session; energy of different sessions has nothing to do with each other.
        energy_kwh: stored since the begin of the session, after losses; falls while discharging.
        soc_pct: as the vehicle tells it, 0 to 100; NaN where it does not.
    """

    session: int
    energy_kwh: float
    soc_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A moment where the state of charge changed to a value: somewhere within `slack_kwh` around `energy_kwh`."""

    soc_pct: float
    energy_kwh: float
    slack_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of readings of one session in one direction.

    Attributes:
        session: its number.
        soc_pct: the last reading.
        energy_kwh: see soc_pct.
        start: the first reading, as an edge.
        first: the first change of the state of charge, None before.
        last: the last one.
    """

    session: int
    soc_pct: float
    energy_kwh: float
    start: Edge
    first: Edge | None = None
    last: Edge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityState:
    """What is remembered; plain numbers, to be kept over a restart.

    Attributes:
        span: the stretch of readings in progress, None for none.
        capacity_kwh: the estimate; 0 before the first.
        information: sum of the weights of the spans, 1 / kWh^2; 0 before the first.
        spans: how many are in the estimate.
        doubted: how many in a row contradicted it.
    """

    span: Span | None = None
    capacity_kwh: float = 0.0
    information: float = 0.0
    spans: int = 0
    doubted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityAnswer:
    """What the battery holds.

    Attributes:
        capacity_kwh: NaN while no span was long enough.
        deviation_kwh: its standard deviation, NaN likewise.
        soh_pct: capacity in percent of nominal, NaN likewise.
    """

    capacity_kwh: float
    deviation_kwh: float
    soh_pct: float


PLAUSIBLE = (0.3, 1.5)
"""Parts of the nominal capacity outside which a span says more about its meter than about the battery."""

MEMORY = 0.95
"""What the spans so far keep of their weight when another comes: batteries age."""

CONTRADICTION = 4.0
"""A span so many standard deviations away from the estimate is doubted..."""

DOUBTED = 3
"""...and so many in a row are believed: the battery was exchanged, or the estimate was wrong."""


def learn_capacity(
    reading: CapacityReading, settings: CapacitySettings, state: CapacityState
) -> tuple[CapacityAnswer, CapacityState]:
    """Return what the battery holds, and what is to be remembered.

    Energies are compared between moments where the told state of charge changes, so it does not matter how coarsely it
    is rounded: between two changes lies exactly the difference of the values. A jump, a turn from charging to
    discharging and another session end a span; one of at least `least_span_pct` then joins the estimate, weighted by
    one over its variance. The same reading again changes nothing.

    Raises:
        ValueError: a value cannot be meant; names the field, the value and the remedy.
    """
    _check(reading, settings, state)
    if not math.isnan(reading.soc_pct):
        # NumPy's numbers are welcome, but the state is plain.
        plain = replace(reading, energy_kwh=float(reading.energy_kwh), soc_pct=float(reading.soc_pct))
        state = _read(plain, settings, state)
    return _answer(settings, state), state


def finish_capacity(settings: CapacitySettings, state: CapacityState) -> tuple[CapacityAnswer, CapacityState]:
    """Return the same after the session has ended: its last span joins the estimate."""
    _check(CapacityReading(session=0, energy_kwh=0.0, soc_pct=math.nan), settings, state)
    state = _closed(settings, state)
    return _answer(settings, state), state


def _read(reading: CapacityReading, settings: CapacitySettings, state: CapacityState) -> CapacityState:
    span = state.span
    if span is None or span.session != reading.session:
        return replace(_closed(settings, state), span=_begun(reading))
    if reading.soc_pct == span.soc_pct:
        return replace(state, span=replace(span, energy_kwh=reading.energy_kwh))
    if _jumped(reading, span, settings) or _turned(reading, span):
        return replace(_closed(settings, state), span=_begun(reading))
    if _backward(reading, span):
        return state
    edge = Edge(
        soc_pct=reading.soc_pct,
        energy_kwh=(span.energy_kwh + reading.energy_kwh) / 2.0,
        slack_kwh=abs(reading.energy_kwh - span.energy_kwh),
    )
    return replace(
        state,
        span=replace(
            span,
            soc_pct=reading.soc_pct,
            energy_kwh=reading.energy_kwh,
            first=edge if span.first is None else span.first,
            last=edge,
        ),
    )


def _begun(reading: CapacityReading) -> Span:
    start = Edge(soc_pct=reading.soc_pct, energy_kwh=reading.energy_kwh, slack_kwh=0.0)
    return Span(session=reading.session, soc_pct=reading.soc_pct, energy_kwh=reading.energy_kwh, start=start)


def _jumped(reading: CapacityReading, span: Span, settings: CapacitySettings) -> bool:
    """Whether the change since the last edge is more than its energy and a wrong nominal capacity explain."""
    since = span.last or span.start
    change_pct = reading.soc_pct - since.soc_pct
    explained_pct = 100.0 * (reading.energy_kwh - since.energy_kwh) / settings.nominal_kwh
    slack_pct = 100.0 * since.slack_kwh / settings.nominal_kwh
    return abs(change_pct - explained_pct) > settings.jump_pct + slack_pct + 0.5 * abs(explained_pct)


def _backward(reading: CapacityReading, span: Span) -> bool:
    """Whether the state of charge goes the other way than the span did: alone, that is noise between two values."""
    if span.first is None:
        return False
    return (reading.soc_pct > span.soc_pct) != (span.first.soc_pct > span.start.soc_pct)


def _turned(reading: CapacityReading, span: Span) -> bool:
    """Whether the energy goes with it: charging turned to discharging, or back."""
    rises = reading.soc_pct > span.soc_pct
    less, more = reading.energy_kwh < span.energy_kwh, reading.energy_kwh > span.energy_kwh
    return _backward(reading, span) and (more if rises else less)


def _closed(settings: CapacitySettings, state: CapacityState) -> CapacityState:
    """Return the state without the span in progress, which joins the estimate if it can."""
    span = state.span
    state = replace(state, span=None)
    if span is None or span.first is None or span.last is None:
        return state
    change_pct = span.last.soc_pct - span.first.soc_pct
    if abs(change_pct) < settings.least_span_pct:
        return state
    found_kwh = 100.0 * (span.last.energy_kwh - span.first.energy_kwh) / change_pct
    if not PLAUSIBLE[0] <= found_kwh / settings.nominal_kwh <= PLAUSIBLE[1]:
        return state
    # Each edge lies anywhere within its slack: a uniform distribution has a twelfth of its width squared.
    edges_kwh2 = (span.first.slack_kwh**2 + span.last.slack_kwh**2) / 12.0 * (100.0 / change_pct) ** 2
    return _joined(state, found_kwh, edges_kwh2 + (settings.energy_error * found_kwh) ** 2)


def _joined(state: CapacityState, found_kwh: float, variance_kwh2: float) -> CapacityState:
    """Return the state with one more span in the estimate, unless it contradicts."""
    weight = 1.0 / variance_kwh2
    if state.spans == 0:
        return replace(state, capacity_kwh=found_kwh, information=weight, spans=1, doubted=0)
    away = abs(found_kwh - state.capacity_kwh)
    if away > CONTRADICTION * math.sqrt(variance_kwh2 + 1.0 / state.information):
        if state.doubted + 1 < DOUBTED:
            return replace(state, doubted=state.doubted + 1)
        return replace(state, capacity_kwh=found_kwh, information=weight, spans=1, doubted=0)
    kept = MEMORY * state.information
    capacity_kwh = (kept * state.capacity_kwh + weight * found_kwh) / (kept + weight)
    return replace(state, capacity_kwh=capacity_kwh, information=kept + weight, spans=state.spans + 1, doubted=0)


def _answer(settings: CapacitySettings, state: CapacityState) -> CapacityAnswer:
    if state.spans == 0:
        return CapacityAnswer(capacity_kwh=math.nan, deviation_kwh=math.nan, soh_pct=math.nan)
    return CapacityAnswer(
        capacity_kwh=state.capacity_kwh,
        deviation_kwh=1.0 / math.sqrt(state.information),
        soh_pct=100.0 * state.capacity_kwh / settings.nominal_kwh,
    )


def _check(reading: CapacityReading, settings: CapacitySettings, state: CapacityState) -> None:
    check_kind("reading", reading, CapacityReading)
    check_kind("settings", settings, CapacitySettings)
    check_kind("state", state, CapacityState)
    check_number("nominal_kwh", settings.nominal_kwh, 1e-3, LARGEST_KWH, "Give the capacity in kWh, above zero.")
    check_number("least_span_pct", settings.least_span_pct, 1.0, 100.0, "Give 1 to 100 percent.")
    check_number("energy_error", settings.energy_error, 1e-4, 1.0, "Give a part of the energy, for example 0.02.")
    check_number("jump_pct", settings.jump_pct, 0.1, 100.0, "Give 0.1 to 100 percent.")
    check_whole("session", reading.session, -(10**18), 10**18, "Give the number of the session.")
    check_number("energy_kwh", reading.energy_kwh, -LARGEST_KWH, LARGEST_KWH, "Give an energy in kWh.")
    if not (isinstance(reading.soc_pct, float) and math.isnan(reading.soc_pct)):
        check_number("soc_pct", reading.soc_pct, 0.0, 100.0, "Give 0 to 100, NaN where it is not known.")
    check_number("capacity_kwh", state.capacity_kwh, 0.0, 2.0 * LARGEST_KWH, "Give an energy, zero or more.")
    check_number("information", state.information, 0.0, 1e20, "Give the state that the step before returned.")
    check_whole("spans", state.spans, 0, 10**12, "Give a number of spans.")
    check_whole("doubted", state.doubted, 0, DOUBTED, "Give a number of spans.")
    if state.spans > 0:
        remedy = "Give the state that the step before returned."
        check_number("information", state.information, 1e-20, 1e20, remedy)
    if state.span is not None:
        check_kind("span", state.span, Span)
        _check_span(state.span)


def _check_span(span: Span) -> None:
    check_whole("span.session", span.session, -(10**18), 10**18, "Give the number of the session.")
    ends = Edge(soc_pct=span.soc_pct, energy_kwh=span.energy_kwh, slack_kwh=0.0)
    for name, edge in (("", ends), ("start.", span.start), ("first.", span.first), ("last.", span.last)):
        if edge is None and name in ("first.", "last."):
            continue
        check_kind(f"span.{name}", edge, Edge)
        remedy = "Give the state that the step before returned."
        for field, low, high in (
            ("soc_pct", 0.0, 100.0),
            ("energy_kwh", -LARGEST_KWH, LARGEST_KWH),
            ("slack_kwh", 0.0, 2 * LARGEST_KWH),
        ):
            check_number(f"span.{name}{field}", getattr(edge, field), low, high, remedy)
