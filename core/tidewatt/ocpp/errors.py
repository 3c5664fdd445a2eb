"""What can go wrong between two ends of an OCPP-J connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OcppError(Exception):
    """Base of everything a call over an OCPP session can raise."""


class OcppCallError(OcppError):
    """A CALLERROR: raised by a handler to answer one, raised by a call that was answered with one.

    `code` is the error code on the wire, for example NotSupported.
    """

    def __init__(self, code: str, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = dict(details or {})


class OcppTimeoutError(OcppError, TimeoutError):
    """The peer did not answer a call in time."""


class OcppClosedError(OcppError):
    """The connection is closed, or closed before the answer came."""


class OcppBusyError(OcppError):
    """Too many calls are waiting for the one before them."""


class OcppFloodError(OcppError):
    """The peer sends more than it may; the connection was closed."""


class OcppSchemaError(OcppError, ValueError):
    """A message of ours that does not fit its schema, and so was not sent. Names the field."""
