"""Which features a station has."""

from __future__ import annotations

from tidewatt.emulators.station.access import StationAccess
from tidewatt.emulators.station.cards import Cards
from tidewatt.ocpp.frames import OcppVersion

from .customer import CustomerInformation
from .display import Display
from .feature import Feature, Host
from .firmware import Firmware
from .local_list import LocalList
from .logs import Logs
from .monitoring import Monitoring
from .report import Report
from .reservation import Reservations
from .security import Security


def make_features(host: Host, cards: Cards, access: StationAccess) -> tuple[Feature, ...]:
    """Return the features of a station of its version."""
    common: tuple[Feature, ...] = (
        LocalList(host, cards),
        Reservations(host),
        Firmware(host),
        Logs(host),
        Security(host, access),
    )
    if host.version is OcppVersion.V16:
        return common
    return (*common, Display(host), Report(host), Monitoring(host), CustomerInformation(host, cards))
