"""The words of ISO 15118-20 that vehicle and station exchange."""

from __future__ import annotations

from enum import IntEnum, StrEnum

NEW_SESSION_ID = "0000000000000000"
"""What a vehicle sends that has no session to join again."""

PROTOCOLS = {False: "urn:iso:std:iso:15118:-20:AC", True: "urn:iso:std:iso:15118:-20:DC"}
"""Application protocols, by whether they are of direct current."""


class Service(IntEnum):
    """Energy services by their numbers. Wireless and automatic connection devices are not emulated."""

    AC = 1
    DC = 2
    AC_BPT = 5
    DC_BPT = 6

    @property
    def is_dc(self) -> bool:
        """Whether direct current flows through the cable."""
        return self in (Service.DC, Service.DC_BPT)

    @property
    def is_bidirectional(self) -> bool:
        """Whether the vehicle may be asked to give."""
        return self in (Service.AC_BPT, Service.DC_BPT)

    @property
    def charging_only(self) -> Service:
        """The service of the same current that cannot discharge."""
        return Service.DC if self.is_dc else Service.AC


class ControlMode(IntEnum):
    """Who decides about the power: the vehicle within a schedule, or the station from moment to moment."""

    SCHEDULED = 1
    DYNAMIC = 2


class MobilityNeedsMode(IntEnum):
    """Who knows when the vehicle leaves and with how much: the vehicle, or both."""

    EVCC = 1
    EVCC_SECC = 2


class BptChannel(IntEnum):
    """Whether charging and discharging share one path."""

    UNIFIED = 1
    SEPARATED = 2


class GeneratorMode(IntEnum):
    """Whether a discharging vehicle follows the grid or makes one."""

    GRID_FOLLOWING = 1
    GRID_FORMING = 2


class Processing(StrEnum):
    """Whether an answer is final. Waiting for a customer has no time limit of the vehicle's."""

    FINISHED = "Finished"
    ONGOING = "Ongoing"
    CUSTOMER = "Ongoing_WaitingForCustomerInteraction"


class ChargeProgress(StrEnum):
    """What a PowerDelivery asks for."""

    START = "Start"
    STOP = "Stop"
    SCHEDULE_RENEGOTIATION = "ScheduleRenegotiation"


class StopKind(StrEnum):
    """How a SessionStop leaves the session."""

    TERMINATE = "Terminate"
    PAUSE = "Pause"
    SERVICE_RENEGOTIATION = "ServiceRenegotiation"


class EvseNotification(StrEnum):
    """What the station asks for in the status of its answers."""

    PAUSE = "Pause"
    EXIT_STANDBY = "ExitStandby"
    TERMINATE = "Terminate"
    METERING_CONFIRMATION = "MeteringConfirmation"
    SCHEDULE_RENEGOTIATION = "ScheduleRenegotiation"
    SERVICE_RENEGOTIATION = "ServiceRenegotiation"


class ResponseCode(StrEnum):
    """How a request was taken."""

    OK = "OK"
    OK_NEW_SESSION = "OK_NewSessionEstablished"
    OK_OLD_SESSION = "OK_OldSessionJoined"
    WARNING_AUTHORIZATION = "WARNING_EIMAuthorizationFailure"
    FAILED = "FAILED"
    FAILED_CONTACTOR = "FAILED_ContactorError"
    FAILED_POWER_PROFILE_INVALID = "FAILED_EVPowerProfileInvalid"
    FAILED_NO_ENERGY_SERVICE = "FAILED_NoEnergyTransferServiceSelected"
    FAILED_NO_SERVICE_RENEGOTIATION = "FAILED_NoServiceRenegotiationSupported"
    FAILED_PAUSE_NOT_ALLOWED = "FAILED_PauseNotAllowed"
    FAILED_POWER_DELIVERY = "FAILED_PowerDeliveryNotApplied"
    FAILED_SCHEDULE_RENEGOTIATION = "FAILED_ScheduleRenegotiation"
    FAILED_SCHEDULE_SELECTION = "FAILED_ScheduleSelectionInvalid"
    FAILED_SEQUENCE = "FAILED_SequenceError"
    FAILED_SERVICE_ID = "FAILED_ServiceIDInvalid"
    FAILED_SERVICE_SELECTION = "FAILED_ServiceSelectionInvalid"
    FAILED_UNKNOWN_SESSION = "FAILED_UnknownSession"
    FAILED_CHARGE_PARAMETER = "FAILED_WrongChargeParameter"

    @property
    def failed(self) -> bool:
        """Whether the session ends with this answer. A warning does not end it."""
        return self.value.startswith("FAILED")
