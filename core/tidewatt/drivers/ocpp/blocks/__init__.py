"""The functional blocks of OCPP beside charging itself: each answers its messages and keeps its own books.

A block belongs to one station, lives as long as the station is configured, and sees its connections come and go.
"""

from .block import Answered, Block, Observer, StationContext
from .factory import make_blocks
from .transaction_status import TransactionState, TransactionStatus

__all__ = ["Answered", "Block", "Observer", "StationContext", "TransactionState", "TransactionStatus", "make_blocks"]
