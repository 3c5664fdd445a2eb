"""Which ways of transferring energy a vehicle may choose from, by what its charger is configured to do."""

from __future__ import annotations

from collections.abc import Sequence

from tidewatt.site import Charger

_CHARGING = ("AC_single_phase", "AC_two_phase", "AC_three_phase", "DC")
_BIDIRECTIONAL = ("AC_BPT", "DC_BPT")
"""Modes of OCPP 2.1's EnergyTransferModeEnumType; those of wireless transfer and pantographs are of no use at home."""


def allowed_energy_transfer(chargers: Sequence[Charger]) -> tuple[str, ...]:
    """Return the modes to name in an answer; none means charging only.

    An authorisation does not say at which EVSE it is meant, so discharging is only allowed where every one of the
    chargers may discharge. What a vehicle may do at a certain EVSE is told later (NotifyAllowedEnergyTransfer).
    """
    if chargers and all(charger.discharge_maximum_a > 0 for charger in chargers):
        return (*_CHARGING, *_BIDIRECTIONAL)
    return ()
