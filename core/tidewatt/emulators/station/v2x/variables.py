"""The device model of a station's bidirectional side (OCPP 2.1 part 2, appendices of sections Q and R)."""

from __future__ import annotations

from collections.abc import Iterable

from tidewatt.emulators.iso15118.words import PROTOCOLS
from tidewatt.emulators.physics import TwoWayPoint
from tidewatt.emulators.station.variables import Variable, Variables, boolean
from tidewatt.ocpp.charging import OperationMode

from .der import FIELDS

COMPONENT = "V2XChargingCtrlr"
CONNECTED_EV = "ConnectedEV"
_THRESHOLDS = {"UpperThreshold": "10000", "LowerThreshold": "0", "UpperOffset": "0", "LowerOffset": "0"}


def v2x_variables(points: Iterable[TwoWayPoint]) -> list[Variable]:
    """Return what a station with these points tells about them, nothing without any."""
    kinds = {point.dc for point in points}
    if not kinds:
        return []
    transfers = [each for dc in sorted(kinds) for each in _transfers(dc=dc)]
    der = "DCDERCtrlr" if True in kinds else "ACDERCtrlr"
    described = {
        (COMPONENT, "Available"): "true",
        (COMPONENT, "SupportedEnergyTransferModes"): ",".join(transfers),
        (COMPONENT, "SupportedOperationModes"): ",".join(OperationMode),
        ("ISO15118Ctrlr", "Available"): "true",
        ("ISO15118Ctrlr", "Enabled"): "true",
        (CONNECTED_EV, "Available"): "false",
        (CONNECTED_EV, "VehicleId"): "",
        (CONNECTED_EV, "ProtocolAgreed"): "",
        (CONNECTED_EV, "ProtocolSupportedByEV[1]"): "",
        ("ISO15118Ctrlr", "ServiceRenegotiationSupport"): "true",
        ("ISO15118Ctrlr", "ProtocolSupported[1]"): ",".join(PROTOCOLS[dc] for dc in sorted(kinds)),
        ("SmartChargingCtrlr", "SupportedAdditionalPurposes"): "PriorityCharging,LocalGeneration",
        ("SmartChargingCtrlr", "SupportsDynamicProfiles"): "true",
        ("SmartChargingCtrlr", "SupportsLimitAtSoC"): "true",
        (der, "Available"): "true",
        (der, "Enabled"): "true",
        (der, "ModesSupported"): ",".join(FIELDS),
    }
    writable = {
        (COMPONENT, "Enabled"): "true",
        (COMPONENT, "AuthorizeEVCCID"): "true",
    }
    return [
        *(Variable(component=component, name=name, value=value) for (component, name), value in described.items()),
        *(
            Variable(component=component, name=name, value=value, accepts=boolean)
            for (component, name), value in writable.items()
        ),
        *(
            Variable(component=COMPONENT, name=f"LocalLoadBalancing[{name}]", value=value, accepts=_is_number)
            for name, value in _THRESHOLDS.items()
        ),
    ]


def tell_vehicle(variables: Variables, evcc_id: str | None, *, dc: bool) -> None:
    """Let the device model say which vehicle is connected, None: no one that speaks (Q01.FR.36).

    The variables are the station's, not the EVSE's: with several vehicles they tell of the last one.
    """
    protocol = "" if evcc_id is None else PROTOCOLS[dc]
    values = {
        "Available": "false" if evcc_id is None else "true",
        "VehicleId": evcc_id or "",
        "ProtocolAgreed": protocol,
        "ProtocolSupportedByEV[1]": protocol,
    }
    for name, value in values.items():
        variables.set(name, value, CONNECTED_EV)


def _transfers(*, dc: bool) -> tuple[str, ...]:
    return ("DC", "DC_BPT") if dc else ("AC_single_phase", "AC_two_phase", "AC_three_phase", "AC_BPT")


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e9
    except ValueError:
        return False
