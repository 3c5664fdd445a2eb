"""What the OCPP versions do differently, as hooks that a station calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from tidewatt.ocpp.charging import Ruleset
from tidewatt.ocpp.session import Handler

from .outlet import Outlet, Permission, Transaction
from .variables import Variables


class EndCause(Enum):
    """Why a transaction ends, or a station boots."""

    LOCAL = auto()
    REMOTE = auto()
    UNPLUGGED = auto()
    DEAUTHORIZED = auto()
    SOFT_RESET = auto()
    HARD_RESET = auto()
    POWER_LOSS = auto()
    UNLOCK = auto()
    TRIGGER = auto()
    FIRMWARE = auto()
    TRANSFER_REJECTED = auto()


class Dialect(ABC):
    """The hooks. `rules` says by which rules charging profiles are kept, `boot_cause` why the station last booted."""

    rules: Ruleset
    boot_cause: EndCause

    @abstractmethod
    def make_variables(self) -> Variables:
        """Return the configuration of a new station."""

    @abstractmethod
    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers the central system's calls."""

    @abstractmethod
    def boot_payload(self) -> dict[str, Any]:
        """Return a BootNotification."""

    @abstractmethod
    def authorize_payload(self, permission: Permission) -> dict[str, Any]:
        """Return an Authorize."""

    @abstractmethod
    def is_authorized(self, answer: Mapping[str, Any]) -> bool:
        """Tell whether the answer to an Authorize says yes."""

    @abstractmethod
    def connector_status(self, outlet: Outlet, connector_id: int) -> str:
        """Return the status of a connector as StatusNotification words it."""

    @abstractmethod
    def status_payload(self, outlet: Outlet, connector_id: int) -> dict[str, Any]:
        """Return a StatusNotification."""

    @abstractmethod
    def on_started(self, outlet: Outlet, transaction: Transaction) -> None:
        """Report that a transaction started."""

    @abstractmethod
    def on_ended(self, outlet: Outlet, transaction: Transaction, cause: EndCause) -> None:
        """Report that a transaction ended."""

    @abstractmethod
    def on_sample(self, outlet: Outlet, transaction: Transaction) -> None:
        """Report periodic meter values of a transaction."""

    @abstractmethod
    def on_trigger_sample(self, outlet: Outlet) -> None:
        """Report meter values that the central system asked for."""

    @abstractmethod
    def sample_interval_s(self) -> int:
        """Return the seconds between periodic meter values, 0 for none."""

    @abstractmethod
    def connection_timeout_s(self) -> int:
        """Return how long a permission waits for a cable."""

    @abstractmethod
    def heartbeat_interval_s(self) -> int:
        """Return the seconds between heartbeats, 0 for none."""

    @abstractmethod
    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Take over the interval of a BootNotification's answer."""

    @abstractmethod
    def on_plugged(self, outlet: Outlet) -> None:
        """React to a cable, beyond the status that follows from it."""

    @abstractmethod
    def on_authorized(self, outlet: Outlet, transaction: Transaction) -> None:
        """Report that a running transaction got its permission."""

    @abstractmethod
    def on_status_changed(self, outlet: Outlet) -> None:
        """React to a new status, online or not."""
