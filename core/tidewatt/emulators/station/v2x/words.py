"""Energy transfers in the words of OCPP 2.1 and of ISO 15118-20."""

from __future__ import annotations

from collections.abc import Iterable

from tidewatt.emulators.iso15118 import Service

_AC_BY_PHASES = {1: "AC_single_phase", 2: "AC_two_phase", 3: "AC_three_phase"}
_SERVICES = {
    **dict.fromkeys(_AC_BY_PHASES.values(), Service.AC),
    "DC": Service.DC,
    "AC_BPT": Service.AC_BPT,
    "DC_BPT": Service.DC_BPT,
}


def services_of(transfers: Iterable[str] | None, *, dc: bool) -> tuple[Service, ...]:
    """Return what may be offered of a kind of current; None, an answer that says nothing, is charging only (Q01)."""
    if transfers is None:
        return (Service.DC if dc else Service.AC,)
    allowed = {_SERVICES[each] for each in transfers if each in _SERVICES}
    return tuple(each for each in Service if each in allowed and each.is_dc == dc)


def transfer_of(service: Service, phases: int) -> str:
    """Return a service as OCPP's EnergyTransferMode."""
    return _AC_BY_PHASES[phases] if service is Service.AC else service.name


def transfers_of(service: Service, phases: int) -> list[str]:
    """Return all transfers that a vehicle of some best service can do."""
    both = [service.charging_only, service] if service.is_bidirectional else [service]
    return [transfer_of(each, phases) for each in both]
