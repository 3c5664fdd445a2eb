"""The functional blocks of OCPP beside charging itself: each answers its messages and keeps its own books.

A block belongs to one station, lives as long as the station is configured, and sees its connections come and go.
"""

from .authorisation import Authorisation
from .block import Answered, Block, Observer, StationContext
from .certificates import Certificates
from .clock import StationClock
from .credentials import Credentials
from .factory import make_blocks
from .local_list import LocalList
from .roots import InstalledCertificate, Roots, RootUse
from .security_events import SecurityEvents
from .transaction_status import TransactionState, TransactionStatus
from .variables import Variables

__all__ = [
    "Answered",
    "Authorisation",
    "Block",
    "Certificates",
    "Credentials",
    "InstalledCertificate",
    "LocalList",
    "Observer",
    "RootUse",
    "Roots",
    "SecurityEvents",
    "StationClock",
    "StationContext",
    "TransactionState",
    "TransactionStatus",
    "Variables",
    "make_blocks",
]
