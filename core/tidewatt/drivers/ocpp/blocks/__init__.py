"""The functional blocks of OCPP beside charging itself: each answers its messages and keeps its own books.

A block belongs to one station, lives as long as the station is configured, and sees its connections come and go.
"""

from .authorisation import Authorisation
from .availability import Availability
from .block import Answered, Block, Guard, Listeners, Observer, StationContext, Taken
from .certificates import Certificates
from .clock import StationClock
from .credentials import Credentials
from .customers import CustomerInformation
from .data_transfer import DataAnswer, DataTransfer
from .der import Der, DerAlarm, ReportedControl
from .display import DisplayMessage, DisplayMessages, DisplayPriority
from .factory import make_blocks
from .firmware import FirmwareSource, FirmwareState, FirmwareUpdates
from .local_list import LocalList
from .logs import LogFile, LogKind, Logs
from .monitoring import Monitor, Monitoring, MonitorKind, StationEvent
from .network import NetworkProfile, NetworkProfiles
from .registration import Registration, RegistrationStatus
from .remote_control import RemoteControl, ResetKind
from .reservations import Reservations
from .roots import InstalledCertificate, Roots, RootUse
from .security_events import SecurityEvents
from .transaction_status import TransactionState, TransactionStatus
from .v2x import V2x
from .variables import Variables

__all__ = [
    "Answered",
    "Authorisation",
    "Availability",
    "Block",
    "Certificates",
    "Credentials",
    "CustomerInformation",
    "DataAnswer",
    "DataTransfer",
    "Der",
    "DerAlarm",
    "DisplayMessage",
    "DisplayMessages",
    "DisplayPriority",
    "FirmwareSource",
    "FirmwareState",
    "FirmwareUpdates",
    "Guard",
    "InstalledCertificate",
    "Listeners",
    "LocalList",
    "LogFile",
    "LogKind",
    "Logs",
    "Monitor",
    "MonitorKind",
    "Monitoring",
    "NetworkProfile",
    "NetworkProfiles",
    "Observer",
    "Registration",
    "RegistrationStatus",
    "RemoteControl",
    "ReportedControl",
    "Reservations",
    "ResetKind",
    "RootUse",
    "Roots",
    "SecurityEvents",
    "StationClock",
    "StationContext",
    "StationEvent",
    "Taken",
    "TransactionState",
    "TransactionStatus",
    "V2x",
    "Variables",
    "make_blocks",
]
