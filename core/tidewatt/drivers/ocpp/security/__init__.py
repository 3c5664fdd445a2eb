"""Who stations are and how their connections are kept private: OCPP security profiles 1 to 3."""

from .admission import Peer, Refusal
from .authority import IssuedRecord
from .events import SecurityEvent
from .gate import Gate, GateLimits
from .keeper import SecurityKeeper, StationSecurity, der_chain

__all__ = [
    "Gate",
    "GateLimits",
    "IssuedRecord",
    "Peer",
    "Refusal",
    "SecurityEvent",
    "SecurityKeeper",
    "StationSecurity",
    "der_chain",
]
