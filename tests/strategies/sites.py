"""Hypothesis strategies for whole sites: every site they make is one that a person could configure."""

from typing import Any

from hypothesis import strategies as st

from tidewatt.site import (
    MAIN_CIRCUIT_ID,
    Charger,
    Circuit,
    EntityMeterEndpoint,
    EntitySocEndpoint,
    Meter,
    ModbusEndpoint,
    ModbusMap,
    Mode,
    OcppEndpoint,
    OcppListener,
    PerPhase,
    Phase,
    Site,
    TlsListener,
    Vehicle,
    per_phase,
)

_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
NAMES = _TEXTS.filter(str.strip)
PORTS = st.integers(1, 65535)
NETWORKS = st.ip_addresses().map(str) | st.sampled_from(["192.168.1.0/24", "fd00::/8"])


def amperes(least: float = 0, most: float = 1000) -> st.SearchStrategy[float]:
    """Currents in A."""
    return st.floats(least, most, allow_subnormal=False)


def limits(phases: int) -> st.SearchStrategy[PerPhase]:
    """Limits in A of a circuit, equal on all phases of the site or not."""
    equal = amperes().map(lambda limit_a: per_phase(limit_a, phases))
    return equal | st.tuples(amperes(), amperes(), amperes())


@st.composite
def circuit_trees(draw: st.DrawFn, phases: int) -> tuple[Circuit, ...]:
    """Trees of one to five circuits, parents before children."""
    names = draw(st.lists(NAMES.filter(lambda name: name != MAIN_CIRCUIT_ID), max_size=4, unique=True))
    ids = [MAIN_CIRCUIT_ID, *names]
    return tuple(
        Circuit(
            circuit_id=circuit_id,
            name=draw(NAMES),
            parent_id=draw(st.sampled_from(ids[:place])) if place else None,
            import_limit_a=draw(limits(phases)),
            export_limit_a=draw(limits(phases)),
            total_import_limit_w=draw(st.none() | st.floats(0, 1e6)),
        )
        for place, circuit_id in enumerate(ids)
    )


def modbus_endpoints() -> st.SearchStrategy[ModbusEndpoint]:
    """Meters on Modbus TCP."""
    return st.builds(
        ModbusEndpoint,
        host=NAMES,
        port=PORTS,
        unit_id=st.integers(0, 255),
        map=st.sampled_from(ModbusMap),
        interval_s=st.floats(0.05, 5),
    )


def entity_endpoints() -> st.SearchStrategy[EntityMeterEndpoint]:
    """Meters made of one or three entities."""
    entities = (st.lists(NAMES, min_size=count, max_size=count).map(tuple) for count in (1, 3))
    return st.one_of(*entities).flatmap(
        lambda ids: st.sampled_from(
            [EntityMeterEndpoint(power_entity_ids=ids), EntityMeterEndpoint(current_entity_ids=ids)]
        )
    )


@st.composite
def chargers(
    draw: st.DrawFn, charger_id: str, circuit_ids: list[str], phases: int, *, encrypted: bool = False
) -> Charger:
    """Chargers with every range that a vehicle could follow."""
    minimum_a = draw(amperes(6, 32))
    maximum_a = draw(amperes(minimum_a, 200))
    wiring = draw(st.permutations(list(Phase)[:phases]))
    return Charger(
        charger_id=charger_id,
        name=draw(NAMES),
        circuit_id=draw(st.sampled_from(circuit_ids)),
        phases=tuple(wiring[: draw(st.integers(1, phases))]),
        minimum_a=minimum_a,
        maximum_a=maximum_a,
        step_a=draw(amperes(0.1, maximum_a)),
        safe_a=draw(st.just(0.0) | amperes(minimum_a, maximum_a)),
        weight=draw(st.floats(0.01, 100)),
        mode=draw(st.sampled_from(Mode)),
        endpoint=draw(
            st.builds(
                OcppEndpoint,
                station_id=NAMES,
                evse_id=st.integers(1, 1000),
                password=st.none() | NAMES,
                id_tags=st.none() | st.lists(NAMES, max_size=2).map(tuple),
                security_profile=st.sampled_from([None, 3]) if encrypted else st.none(),
                strict_certificates=st.booleans(),
                addresses=st.none() | st.lists(NETWORKS, max_size=2).map(tuple),
            )
        ),
    )


@st.composite
def vehicles(draw: st.DrawFn, vehicle_id: str, charger_id: str) -> Vehicle:
    """Vehicles with any of their facts unknown; capacities are whole Wh."""
    return Vehicle(
        vehicle_id=vehicle_id,
        name=draw(NAMES),
        charger_id=charger_id,
        phases=draw(st.none() | st.integers(1, 3)),
        maximum_a=draw(st.none() | amperes(1, 80)),
        battery_capacity_wh=draw(st.none() | st.integers(1, 1_000_000).map(float)),
        endpoint=draw(st.none() | st.builds(EntitySocEndpoint, soc_entity_id=NAMES)),
    )


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Whole sites with up to three meters, chargers and vehicles."""
    phases = draw(st.sampled_from([1, 3]))
    circuits = draw(circuit_trees(phases))
    circuit_ids = [circuit.circuit_id for circuit in circuits]
    charger_ids = draw(_ids())
    listener = draw(listeners())
    return Site(
        name=draw(NAMES),
        phases=phases,
        voltage_v=draw(st.floats(100, 300)),
        circuits=circuits,
        meters=tuple(
            Meter(
                meter_id=meter_id,
                name=draw(NAMES),
                circuit_id=circuit_id,
                tolerance_s=draw(st.floats(5.5, 600)),
                endpoint=draw(modbus_endpoints() | entity_endpoints()),
            )
            for meter_id, circuit_id in zip(draw(_ids()), circuit_ids, strict=False)
        ),
        chargers=tuple(
            draw(chargers(charger_id, circuit_ids, phases, encrypted=listener.tls is not None))
            for charger_id in charger_ids
        ),
        vehicles=tuple(
            draw(vehicles(vehicle_id, charger_id))
            for vehicle_id, charger_id in zip(draw(_ids()), charger_ids, strict=False)
        ),
        ocpp=listener,
    )


def listeners() -> st.SearchStrategy[OcppListener]:
    """Central systems with and without TLS, with files of their own or not."""
    files = st.sampled_from([{}, {"certificate": "server.pem", "key": "server.key", "trusted": "field.pem"}])
    names = st.lists(NAMES, min_size=1, max_size=2).map(tuple)
    tls = st.builds(
        lambda port, names, operator, files: TlsListener(port=port, names=names, operator=operator, **files),
        st.integers(1, 100),
        names,
        NAMES,
        files,
    )
    return st.one_of(
        st.builds(OcppListener, host=NAMES, port=st.integers(0, 65535)),
        st.builds(OcppListener, host=NAMES, port=st.integers(101, 65535), plain=st.booleans(), tls=tls),
    )


def _ids() -> st.SearchStrategy[Any]:
    return st.lists(NAMES, max_size=3, unique=True)
