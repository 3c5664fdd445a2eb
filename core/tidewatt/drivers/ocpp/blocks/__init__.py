"""The functional blocks of OCPP beside charging itself: each answers its messages and keeps its own books.

A block belongs to one station, lives as long as the station is configured, and sees its connections come and go.
"""

from .authorisation import Authorisation
from .block import Answered, Block, Observer, StationContext
from .factory import make_blocks
from .local_list import LocalList
from .transaction_status import TransactionState, TransactionStatus
from .variables import Variables

__all__ = [
    "Answered",
    "Authorisation",
    "Block",
    "LocalList",
    "Observer",
    "StationContext",
    "TransactionState",
    "TransactionStatus",
    "Variables",
    "make_blocks",
]
