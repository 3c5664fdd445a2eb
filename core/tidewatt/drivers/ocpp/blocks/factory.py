"""Which blocks a station has."""

from __future__ import annotations

from .block import Block, StationContext
from .data_transfer import DataTransfer
from .transaction_status import TransactionStatus
from .v2x import V2x


def make_blocks(context: StationContext) -> tuple[Block, ...]:
    """Return the blocks of a station, in the order in which they are set up."""
    return (TransactionStatus(context), DataTransfer(context), V2x(context))
