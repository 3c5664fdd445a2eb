"""Which blocks a station has."""

from __future__ import annotations

from .authorisation import Authorisation
from .block import Block, StationContext
from .certificates import Certificates
from .clock import StationClock
from .credentials import Credentials
from .data_transfer import DataTransfer
from .local_list import LocalList
from .roots import Roots
from .security_events import SecurityEvents
from .transaction_status import TransactionStatus
from .v2x import V2x
from .variables import Variables


def make_blocks(context: StationContext) -> tuple[Block, ...]:
    """Return the blocks of a station, in the order in which they are set up."""
    variables = Variables(context)
    certificates, roots = Certificates(context), Roots(context)
    return (
        TransactionStatus(context),
        Authorisation(context),
        LocalList(context, variables),
        variables,
        DataTransfer(context),
        V2x(context),
        SecurityEvents(context),
        certificates,
        roots,
        Credentials(context, certificates, roots),
        StationClock(context),
    )
