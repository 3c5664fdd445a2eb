"""OCPP-J frames: the JSON arrays that carry messages (OCPP-J 1.6 chapter 4, OCPP 2.0.1 and 2.1 part 4 chapter 4).

OCPP 2.1 adds two message types to call, result and error: CALLRESULTERROR (5) tells a peer that its answer was no use,
SEND (6) is a message that nobody answers. To the older versions they are unknown types.
"""

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
    """Error codes as OCPP 2.x spells them; `wire_code` has the spelling of a version (OCPP-J 4.2.3, part 4 4.3)."""

    FORMAT = "FormatViolation"
    GENERIC = "GenericError"
    INTERNAL = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT = "PropertyConstraintViolation"
    PROTOCOL = "ProtocolError"
    RPC_FRAMEWORK = "RpcFrameworkError"
    SECURITY = "SecurityError"
    TYPE_CONSTRAINT = "TypeConstraintViolation"


_CODES_OF_V16 = {
    ErrorCode.FORMAT: "FormationViolation",
    # Misspelled in the specification, and stations expect that.
    ErrorCode.OCCURRENCE_CONSTRAINT: "OccurenceConstraintViolation",
    ErrorCode.RPC_FRAMEWORK: "FormationViolation",
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
}


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
class CallResultError:
    """An answer of ours that the peer could not use (OCPP 2.1)."""

    message_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Send:
    """A message that is not answered (OCPP 2.1)."""

    message_id: str
    action: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A frame of a message type that this version does not know, and the CALLERROR to answer it with, if any.

    Its payload is ignored (OCPP-J 4.1.3); OCPP 2.0.1 has it answered (part 4, 4.4), the other versions have not.
    """

    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that cannot be understood, and the CALLERROR to answer it with, if it may be answered."""

    answer: str | None


type Frame = Call | CallResult | CallError | CallResultError | Send | Unknown | Malformed


def wire_code(code: str, version: OcppVersion) -> str:
    """Return an error code as a version spells it; one that OCPP does not have becomes GenericError."""
    if code not in ErrorCode:
        return code if version is OcppVersion.V16 and code in _CODES_OF_V16.values() else ErrorCode.GENERIC.value
    known = ErrorCode(code)
    return _CODES_OF_V16.get(known, known.value) if version is OcppVersion.V16 else known.value


def format_violation(version: OcppVersion) -> str:
    """Return the error code for a payload that is syntactically wrong."""
    return wire_code(ErrorCode.FORMAT, version)


def occurrence_violation(version: OcppVersion) -> str:
    """Return the error code for a missing field."""
    return wire_code(ErrorCode.OCCURRENCE_CONSTRAINT, version)


def encode_call(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """Return the frame of a CALL."""
    return msgspec.json.encode([2, message_id, action, payload]).decode()


def encode_result(message_id: str, payload: dict[str, Any]) -> str:
    """Return the frame of a CALLRESULT."""
    return msgspec.json.encode([3, message_id, payload]).decode()


def encode_error(message_id: str, code: str, description: str = "", details: dict[str, Any] | None = None) -> str:
    """Return the frame of a CALLERROR."""
    return _error_frame(4, message_id, code, description, details)


def encode_result_error(message_id: str, code: str, description: str = "") -> str:
    """Return the frame of a CALLRESULTERROR."""
    return _error_frame(5, message_id, code, description, None)


def encode_send(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """Return the frame of a SEND."""
    return msgspec.json.encode([6, message_id, action, payload]).decode()


def _error_frame(kind: int, message_id: str, code: str, description: str, details: dict[str, Any] | None) -> str:
    return msgspec.json.encode([kind, message_id, code, description[:_MAX_DESCRIPTION_CHARS], details or {}]).decode()


def parse_frame(raw: str, version: OcppVersion) -> Frame:
    """Understand one text frame. Never raises: what cannot be understood becomes `Malformed` or `Unknown`."""
    match _decode(raw):
        case [2, *_] as array:
            return _parse_call(array, version)
        case [3 | 4, *_] as array:
            return _parse_answer(array)
        case [5 | 6, *_] as array if version is OcppVersion.V21:
            return _parse_unanswered(array)
        case [int(), *rest]:
            return Unknown(_unsupported(rest) if version is OcppVersion.V201 else None)
    return _unreadable(version, "The frame is not a JSON array that starts with a message type.")


def _parse_answer(array: list[Any]) -> CallResult | CallError | Malformed:
    match array:
        case [3, str(message_id), payload, *_]:
            return CallResult(message_id, _as_payload(payload))
        case [4, str(message_id), *rest]:
            return _parse_error(message_id, rest)
    return Malformed(None)


def _parse_unanswered(array: list[Any]) -> Send | CallResultError | Malformed:
    """Read what OCPP 2.1 adds; neither may be answered, whatever is wrong with it (part 4, 4.2.4)."""
    match array:
        case [5, str(message_id), *rest]:
            error = _parse_error(message_id, rest)
            return CallResultError(message_id, error.code, error.description)
        case [6, str(message_id), str(action), payload] if 0 < len(message_id) <= MAX_MESSAGE_ID_CHARS:
            usable = _as_payload(payload)
            if usable is not None:
                return Send(message_id, action, usable)
    return Malformed(None)


def _as_payload(value: Any) -> dict[str, Any] | None:
    """Return a payload; null is another way to write that there is none (OCPP-J 4.2.1, part 4 4.1.5)."""
    return {} if value is None else value if isinstance(value, dict) else None


def _unsupported(rest: list[Any]) -> str:
    match rest:
        case [str(message_id), *_] if 0 < len(message_id) <= MAX_MESSAGE_ID_CHARS:
            readable_id = message_id
        case _:
            readable_id = UNREADABLE_MESSAGE_ID
    return encode_error(readable_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "OCPP 2.0.1 has message types 2, 3 and 4.")


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
        case [str(action), dict() | None as payload]:
            return Call(message_id, action, payload or {})
        case [str(), _]:
            code, why = ErrorCode.FORMAT, "The payload is not an object."
        case _:
            code, why = ErrorCode.RPC_FRAMEWORK, "A call is [2, message id, action, payload]."
    return Malformed(encode_error(message_id, wire_code(code, version), why))


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
    return Malformed(encode_error(UNREADABLE_MESSAGE_ID, ErrorCode.RPC_FRAMEWORK, why))
