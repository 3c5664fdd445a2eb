"""OCPP-J frames: the JSON arrays that carry calls, results and errors (OCPP-J 1.6 and 2.0.1 part 4, chapter 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

MAX_MESSAGE_ID_CHARS = 36
"""Longest message id the specifications allow."""

UNREADABLE_MESSAGE_ID = "-1"
"""Message id of an OCPP 2.x CALLERROR that answers a frame without a readable id."""

_MAX_ERROR_CODE_CHARS = 50
_MAX_DESCRIPTION_CHARS = 255


class OcppVersion(StrEnum):
    """A version of OCPP; the value is its WebSocket subprotocol."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


class ErrorCode(StrEnum):
    """CALLERROR codes that mean and read the same in all versions."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL = "InternalError"
    PROTOCOL = "ProtocolError"
    PROPERTY_CONSTRAINT = "PropertyConstraintViolation"
    TYPE_CONSTRAINT = "TypeConstraintViolation"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the peer."""

    message_id: str
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallResult:
    """The answer to a call of ours; `payload` None when it was not an object."""

    message_id: str
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CallError:
    """The refusal of a call of ours."""

    message_id: str
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A frame of a message type that this version does not know. Specified to be ignored."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that cannot be understood, and the CALLERROR to answer it with, if it may be answered."""

    answer: str | None


type Frame = Call | CallResult | CallError | Unknown | Malformed


def format_violation(version: OcppVersion) -> str:
    """Return the error code for a payload that is syntactically wrong; the versions spell it differently."""
    return "FormationViolation" if version is OcppVersion.V16 else "FormatViolation"


def occurrence_violation(version: OcppVersion) -> str:
    """Return the error code for a missing field; OCPP 1.6 misspells it, and stations expect that."""
    return "OccurenceConstraintViolation" if version is OcppVersion.V16 else "OccurrenceConstraintViolation"


def encode_call(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """Return the frame of a CALL."""
    return msgspec.json.encode([2, message_id, action, payload]).decode()


def encode_result(message_id: str, payload: dict[str, Any]) -> str:
    """Return the frame of a CALLRESULT."""
    return msgspec.json.encode([3, message_id, payload]).decode()


def encode_error(message_id: str, code: str, description: str = "", details: dict[str, Any] | None = None) -> str:
    """Return the frame of a CALLERROR."""
    return msgspec.json.encode([4, message_id, code, description[:_MAX_DESCRIPTION_CHARS], details or {}]).decode()


def parse_frame(raw: str, version: OcppVersion) -> Frame:
    """Understand one text frame. Never raises: what cannot be understood becomes `Malformed` or `Unknown`."""
    match _decode(raw):
        case [2, *_] as array:
            return _parse_call(array, version)
        case [3, str(message_id), payload, *_]:
            return CallResult(message_id, payload if isinstance(payload, dict) else None)
        case [4, str(message_id), *rest]:
            return _parse_error(message_id, rest)
        case [3 | 4, *_]:
            return Malformed(None)
        case [int(), *_]:
            return Unknown()
    return _unreadable(version, "The frame is not a JSON array that starts with a message type.")


def _decode(raw: str) -> Any:
    """Return what the JSON text says, None when it is none."""
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError, UnicodeError, RecursionError:
        return None


def _parse_call(array: list[Any], version: OcppVersion) -> Call | Malformed:
    match array:
        case [2, str(message_id), *rest] if 0 < len(message_id) <= MAX_MESSAGE_ID_CHARS:
            return _parse_request(message_id, rest, version)
    return _unreadable(version, "The message id is not a string of 1 to 36 characters.")


def _parse_request(message_id: str, rest: list[Any], version: OcppVersion) -> Call | Malformed:
    match rest:
        case [str(action), dict(payload)]:
            return Call(message_id, action, payload)
        case [str(), _]:
            code, why = format_violation(version), "The payload is not an object."
        case _:
            code = format_violation(version) if version is OcppVersion.V16 else "RpcFrameworkError"
            why = "A call is [2, message id, action, payload]."
    return Malformed(encode_error(message_id, code, why))


def _parse_error(message_id: str, rest: list[Any]) -> CallError:
    """Read a CALLERROR leniently: stations leave out descriptions and details."""
    code, description, details = (*rest[:3], None, None, None)[:3]
    return CallError(
        message_id,
        code[:_MAX_ERROR_CODE_CHARS] if isinstance(code, str) and code else "GenericError",
        description[:_MAX_DESCRIPTION_CHARS] if isinstance(description, str) else "",
        details if isinstance(details, dict) else {},
    )


def _unreadable(version: OcppVersion, why: str) -> Malformed:
    """OCPP 2.x answers what has no readable id with the id -1; OCPP 1.6 has no way to."""
    if version is OcppVersion.V16:
        return Malformed(None)
    return Malformed(encode_error(UNREADABLE_MESSAGE_ID, "RpcFrameworkError", why))
