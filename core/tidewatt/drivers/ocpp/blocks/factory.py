"""Which blocks a station has."""

from __future__ import annotations

from .authorisation import Authorisation
from .availability import Availability
from .block import Block, StationContext
from .certificates import Certificates
from .charging_limits import ChargingLimits
from .clock import StationClock
from .credentials import Credentials
from .customers import CustomerInformation
from .data_transfer import DataTransfer
from .der import Der
from .display import DisplayMessages
from .firmware import FirmwareUpdates
from .known_quirks import KnownQuirks
from .local_list import LocalList
from .logs import Logs
from .monitoring import Monitoring
from .network import NetworkProfiles
from .registration import Registration
from .remote_control import RemoteControl
from .reservations import Reservations
from .roots import Roots
from .security_events import SecurityEvents
from .signal import Signal
from .transaction_status import TransactionStatus
from .v2x import V2x
from .variables import Variables


def make_blocks(context: StationContext) -> tuple[Block, ...]:
    """Return the blocks of a station, in the order in which they are set up."""
    variables = Variables(context)
    local_list = LocalList(context, variables)
    certificates, roots, networks = Certificates(context), Roots(context), NetworkProfiles(context)
    return (
        KnownQuirks(context),
        Signal(context),
        Registration(context),
        TransactionStatus(context),
        Authorisation(context),
        local_list,
        variables,
        Availability(context),
        CustomerInformation(context, local_list),
        DataTransfer(context),
        DisplayMessages(context),
        FirmwareUpdates(context),
        Logs(context),
        Monitoring(context, variables),
        networks,
        RemoteControl(context),
        Reservations(context),
        V2x(context),
        Der(context),
        SecurityEvents(context),
        certificates,
        roots,
        Credentials(context, certificates, roots, networks),
        StationClock(context),
        ChargingLimits(context),
    )
