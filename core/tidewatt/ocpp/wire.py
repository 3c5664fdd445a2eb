"""Reading fields of payloads that may hold anything, and the time format of the wire."""

from __future__ import annotations

from datetime import UTC, datetime
import math
from typing import Any

from .errors import OcppCallError
from .frames import ErrorCode, OcppVersion, occurrence_violation


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def to_wire_time(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC and whole seconds, which every station can read."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_text(utc_s: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_wire_time(value: object) -> datetime | None:
    """Return the moment a payload names, UTC assumed where it has no zone; None when it names none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except ValueError, OverflowError:
        return None


def text(payload: Any, key: str, limit: int = 255) -> str | None:
    """Return a non-empty string field, cut to `limit` characters; None when there is none."""
    value = payload.get(key) if isinstance(payload, dict) else None
    return value[:limit] if isinstance(value, str) and value else None


def integer(payload: Any, key: str) -> int | None:
    """Return a whole-number field, None when there is none. Numbers written as 1.0 or "1" count."""
    value = number(payload.get(key)) if isinstance(payload, dict) else None
    return int(value) if value is not None and value.is_integer() else None


def number(value: object) -> float | None:
    """Return a finite number that was written as a number or as text; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except ValueError, OverflowError:
        return None
    return result if math.isfinite(result) else None


def rows(payload: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects of a list field; empty when there is no list."""
    value = payload.get(key) if isinstance(payload, dict) else None
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def child(payload: Any, key: str) -> dict[str, Any]:
    """Return an object field, empty when there is none."""
    value = payload.get(key) if isinstance(payload, dict) else None
    return value if isinstance(value, dict) else {}


def required[T](value: T | None, key: str, version: OcppVersion) -> T:
    """Return a value that a message cannot do without; OcppCallError when its field is missing or no use."""
    if value is None:
        raise OcppCallError(occurrence_violation(version), f"The field {key} is missing or not usable.")
    return value


def not_usable(key: str, value: object) -> OcppCallError:
    """Return the refusal of a field whose value means nothing here."""
    return OcppCallError(ErrorCode.PROPERTY_CONSTRAINT, f"{key} {value!r} is not known here.")
