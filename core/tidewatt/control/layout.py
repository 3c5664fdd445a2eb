"""The site as control walks it: indices instead of ids, worked out once for each configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatt.site import Charger, Circuit, Meter, Phase, Site, Vehicle


@dataclass(frozen=True, slots=True)
class Place:
    """Where a charger is wired: the circuits from its own up to the root, and its phases as a bit mask."""

    charger: Charger
    vehicle: Vehicle | None
    circuit: int
    path: tuple[int, ...]
    phases: int
    vehicle_phases: int


@dataclass(frozen=True, slots=True)
class Node:
    """A circuit: its own meter, its parent's index (-1 for the root) and the chargers below it."""

    circuit: Circuit
    meter: Meter | None
    parent: int
    chargers_below: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A site's circuits and chargers in configured order, with the arrays of V circuits that the kernel wants."""

    site: Site
    nodes: tuple[Node, ...]
    places: tuple[Place, ...]
    parent: NDArray[np.int32]
    import_limit_a: NDArray[np.float64]
    export_limit_a: NDArray[np.float64]
    total_import_limit_w: NDArray[np.float64]
    no_limit: NDArray[np.float64]
    longest_tolerance_s: float


PHASE_BITS: Final = {phase: 1 << phase for phase in Phase}


class _SiteKey:
    """A site as a cache key by identity: comparing whole sites would cost more than the layout saves."""

    __slots__ = ("site",)

    def __init__(self, site: Site) -> None:
        self.site = site

    def __hash__(self) -> int:
        return id(self.site)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SiteKey) and other.site is self.site


def layout_of(site: Site) -> Layout:
    """Return the layout of a site."""
    return _layout(_SiteKey(site))


@lru_cache(maxsize=8)
def _layout(key: _SiteKey) -> Layout:
    site = key.site
    index = {circuit.circuit_id: position for position, circuit in enumerate(site.circuits)}
    parents = [-1 if circuit.parent_id is None else index[circuit.parent_id] for circuit in site.circuits]
    vehicles = {vehicle.charger_id: vehicle for vehicle in site.vehicles}
    places = tuple(
        _place(charger, vehicles.get(charger.charger_id), index[charger.circuit_id], parents)
        for charger in site.chargers
    )
    meters = {meter.circuit_id: meter for meter in site.meters}
    below: list[list[int]] = [[] for _ in parents]
    for position, place in enumerate(places):
        for circuit in place.path:
            below[circuit].append(position)
    nodes = tuple(
        Node(circuit, meters.get(circuit.circuit_id), parents[position], tuple(below[position]))
        for position, circuit in enumerate(site.circuits)
    )
    return Layout(
        site=site,
        nodes=nodes,
        places=places,
        parent=np.array(parents, dtype=np.int32),
        import_limit_a=np.array([circuit.import_limit_a for circuit in site.circuits], dtype=np.float64),
        export_limit_a=np.array([circuit.export_limit_a for circuit in site.circuits], dtype=np.float64),
        total_import_limit_w=np.array(
            [
                np.inf if circuit.total_import_limit_w is None else circuit.total_import_limit_w
                for circuit in site.circuits
            ],
            dtype=np.float64,
        ),
        no_limit=np.full(len(parents), np.inf),
        longest_tolerance_s=max((meter.tolerance_s for meter in site.meters), default=0.0),
    )


def _place(charger: Charger, vehicle: Vehicle | None, circuit: int, parents: list[int]) -> Place:
    path = [circuit]
    while parents[path[-1]] >= 0:
        path.append(parents[path[-1]])
    wired = _mask(charger.phases)
    used = wired if vehicle is None or vehicle.phases is None else _mask(charger.phases[: vehicle.phases])
    return Place(charger, vehicle, circuit, tuple(path), wired, used)


def _mask(phases: tuple[Phase, ...]) -> int:
    return sum(PHASE_BITS[phase] for phase in phases)
