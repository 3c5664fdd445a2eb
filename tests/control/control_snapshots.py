"""Hypothesis strategies for anything control could be shown: plausible, missing, stale and absurd."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.control.control_plant import charger, meter, site
from tidewatt.control import ControlSettings, Snapshot
from tidewatt.site import (
    Charger,
    ChargerState,
    ChargerStatus,
    Circuit,
    MeterReading,
    Mode,
    Phase,
    Session,
    Site,
    Vehicle,
    Wish,
)

NOW_S = 10_000.0

_WIRINGS = (
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L1,),
    (Phase.L3,),
    (Phase.L2, Phase.L3),
)
_absurd = st.sampled_from((float("nan"), float("inf"), float("-inf"), 1e300, -1e300))
_currents = st.floats(-40.0, 60.0).map(lambda value: round(value, 2))
_any_current = _currents | _absurd
_any_wished = st.floats(-5.0, 40.0) | _absurd
_ages = st.sampled_from((0.0, 0.3, 1.0, 4.0, 9.0, 30.0, 500.0, float("nan"), -1.0))


@st.composite
def chargers(draw: st.DrawFn, circuit_ids: tuple[str, ...]) -> tuple[Charger, ...]:
    """Up to five chargers on some of the circuits."""
    return tuple(
        charger(
            f"c{number}",
            circuit_id=draw(st.sampled_from(circuit_ids)),
            phases=draw(st.sampled_from(_WIRINGS)),
            minimum_a=draw(st.sampled_from((6.0, 6.0, 8.0))),
            maximum_a=draw(st.sampled_from((10.0, 16.0, 32.0))),
            step_a=draw(st.sampled_from((1.0, 0.1, 0.5))),
            safe_a=draw(st.sampled_from((0.0, 8.0))),
            weight=draw(st.sampled_from((0.5, 1.0, 3.0))),
            mode=draw(st.sampled_from(Mode)),
        )
        for number in range(draw(st.integers(0, 5)))
    )


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """A main fuse with up to two circuits below, some of them metered."""
    below = draw(st.sampled_from(((), (("garage", "main"),), (("garage", "main"), ("box", "garage")))))
    circuits = tuple(
        Circuit(
            circuit_id=circuit_id,
            name=circuit_id,
            parent_id=parent_id,
            import_limit_a=draw(st.sampled_from(((16.0, 16.0, 16.0), (20.0, 10.0, 32.0)))),
            total_import_limit_w=draw(st.sampled_from((None, None, 7000.0))),
        )
        for circuit_id, parent_id in below
    )
    circuit_ids = ("main", *(circuit_id for circuit_id, _ in below))
    points = draw(chargers(circuit_ids))
    vehicles = tuple(
        Vehicle(vehicle_id=one.charger_id, name="V", charger_id=one.charger_id, phases=1, maximum_a=13.0)
        for one in points[:1]
    )
    metered = [circuit_id for circuit_id in circuit_ids if draw(st.integers(0, 3))]
    return site(
        *points,
        fuse_a=draw(st.sampled_from((16.0, 25.0, 63.0))),
        circuits=circuits,
        meters=tuple(meter(circuit_id) for circuit_id in metered),
        vehicles=vehicles,
    )


@st.composite
def snapshots(draw: st.DrawFn, of: Site, now_s: float = NOW_S, *, sane: bool = False) -> Snapshot:
    """Anything that could have been reported about a site; only finite and fresh values when `sane`."""
    current = _currents if sane else _any_current
    age_s = st.sampled_from((0.0, 0.3, 1.0)) if sane else _ages
    meters = {}
    for one in of.meters:
        if sane or draw(st.integers(0, 5)):
            meters[one.meter_id] = MeterReading(
                meter_id=one.meter_id,
                at_s=now_s - draw(age_s),
                current_a=(draw(current), draw(current), draw(current)),
                power_w=draw(st.none() | st.tuples(current, current, current)),
                voltage_v=draw(st.none() | st.tuples(current, current, current)),
            )
    return Snapshot(
        now_s=now_s,
        site=of,
        meters=meters,
        chargers={
            one.charger_id: draw(_charger_states(one.charger_id, now_s, sane=sane))
            for one in of.chargers
            if sane or draw(st.integers(0, 4))
        },
        vehicles={},
        wishes={one.charger_id: draw(_wishes(sane=sane)) for one in of.chargers if draw(st.booleans())},
        settings=ControlSettings(),
    )


@st.composite
def busy_snapshots(draw: st.DrawFn, of: Site, now_s: float) -> Snapshot:
    """What a site reports whose vehicles all want to charge while the house draws about what its fuse carries."""
    house = st.tuples(*[st.floats(0.0, 25.0).map(lambda value: round(value, 1))] * 3)
    drawn = st.floats(0.0, 16.0).map(lambda value: round(value, 1))
    at_s = st.sampled_from((0.0, 0.3, 1.0, 4.0)).map(lambda age_s: now_s - age_s)
    return Snapshot(
        now_s=now_s,
        site=of,
        meters={
            one.meter_id: MeterReading(meter_id=one.meter_id, at_s=draw(at_s), current_a=draw(house))
            for one in of.meters
        },
        chargers={
            one.charger_id: ChargerState(
                charger_id=one.charger_id,
                at_s=now_s,
                online=draw(st.integers(0, 9)) > 0,
                status=ChargerStatus.CHARGING,
                plugged=True,
                measured_at_s=draw(st.none() | at_s),
                current_a=(draw(drawn),) * 3,
                session=Session(transaction_id="1", started_at_utc="2026-01-01T00:00:00Z", energy_wh=1.0),
            )
            for one in of.chargers
        },
        vehicles={},
        wishes={one.charger_id: Wish(mode=Mode.FAST) for one in of.chargers},
        settings=ControlSettings(),
    )


@st.composite
def _charger_states(draw: st.DrawFn, charger_id: str, now_s: float, *, sane: bool) -> ChargerState:
    current = st.floats(0.0, 33.0).map(lambda value: round(value, 1)) if sane else _any_current
    measured = draw(st.booleans())
    return ChargerState(
        charger_id=charger_id,
        at_s=now_s,
        online=draw(st.integers(0, 5)) > 0,
        status=draw(st.sampled_from(ChargerStatus)),
        plugged=draw(st.sampled_from((True, True, True, False, None))),
        measured_at_s=now_s - draw(st.sampled_from((0.0, 2.0)) if sane else _ages) if measured else None,
        current_a=draw(st.tuples(current, current, current)) if measured else None,
        session=Session(transaction_id="1", started_at_utc="2026-01-01T00:00:00Z", energy_wh=1.0)
        if draw(st.booleans())
        else None,
    )


def _wishes(*, sane: bool) -> st.SearchStrategy[Wish]:
    wished = st.none() | st.integers(1, 32) | (st.floats(0.5, 40.0) if sane else _any_wished)
    return st.builds(
        Wish, mode=st.sampled_from(Mode), weight=wished, minimum_a=wished, maximum_a=wished, limit_a=wished
    )
