"""Meter values that the meter signed, kept as they came: proofs for billing that only their reader can check.

OCPP 1.6 marks them by `format` SignedData; OCPP 2.x has `signedMeterValue` beside the plain value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tidewatt.ocpp.wire import child, from_wire_time, rows, text

from .document import Document

_LONGEST_DATA = 32768
"""Longest signed data of OCPP 2.1. What is longer is left out: half a signature proves nothing."""

_LONGEST_KEY = 2500
_LONGEST_WORD = 50
_MOST_MOMENTS = 200
_MOST_SAMPLES = 50
_KEPT_AT_EACH_END = 2
_KEPT_TRANSACTIONS = 20
_KEPT_CHARS = 300_000
"""What is kept of one station: some transactions, and not more text than can be written in a few milliseconds."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedValue:
    """One signed meter value, `data` exactly as it came. The words are OCPP's; None where the station said nothing."""

    at_utc: datetime | None
    measurand: str
    data: str
    context: str | None = None
    encoding_method: str | None = None
    signing_method: str | None = None
    public_key: str | None = None


@dataclass(slots=True)
class SignedRecord:
    """The signed values of one station by transaction, the oldest transaction first."""

    transactions: dict[str, list[SignedValue]] = field(default_factory=dict)


class SignedBook:
    """Keeps the first and the newest signed values of each transaction of one station, over restarts."""

    def __init__(self, document: Document[SignedRecord]) -> None:
        self._document = document

    async def take(self, transaction_id: str, payload: Any) -> None:
        """Keep the signed values in the `meterValue` list of a payload."""
        found = list(parse_signed_values(payload))
        if not found:
            return
        transactions = (await self._document.load()).transactions
        known = transactions.setdefault(transaction_id, [])
        known += [value for value in found if value not in known]
        known.sort(key=lambda value: value.at_utc or _LONG_AGO)
        del known[_KEPT_AT_EACH_END:-_KEPT_AT_EACH_END]
        while len(transactions) > 1 and (len(transactions) > _KEPT_TRANSACTIONS or _size(transactions) > _KEPT_CHARS):
            del transactions[next(iter(transactions))]
        self._document.save_soon()

    async def of(self, transaction_id: str) -> tuple[SignedValue, ...]:
        """Return what is kept of a transaction, in the order of time."""
        return tuple((await self._document.load()).transactions.get(transaction_id, ()))


def parse_signed_values(payload: Any) -> Iterator[SignedValue]:
    """Yield the signed values in the `meterValue` list of a payload of any version."""
    for moment in rows(payload, "meterValue")[-_MOST_MOMENTS:]:
        at_utc = from_wire_time(moment.get("timestamp"))
        for sample in rows(moment, "sampledValue")[:_MOST_SAMPLES]:
            value = _of_2x(sample, at_utc) if "signedMeterValue" in sample else _of_16(sample, at_utc)
            if value is not None:
                yield value


def _of_16(sample: dict[str, Any], at_utc: datetime | None) -> SignedValue | None:
    data = _data(sample, "value")
    if data is None or text(sample, "format") != "SignedData":
        return None
    return SignedValue(at_utc=at_utc, measurand=_measurand(sample), context=_word(sample, "context"), data=data)


def _of_2x(sample: dict[str, Any], at_utc: datetime | None) -> SignedValue | None:
    signed = child(sample, "signedMeterValue")
    data = _data(signed, "signedMeterData")
    if data is None:
        return None
    return SignedValue(
        at_utc=at_utc,
        measurand=_measurand(sample),
        context=_word(sample, "context"),
        data=data,
        encoding_method=_word(signed, "encodingMethod"),
        signing_method=_word(signed, "signingMethod"),
        public_key=text(signed, "publicKey", _LONGEST_KEY),
    )


def _data(payload: dict[str, Any], key: str) -> str | None:
    data = text(payload, key, _LONGEST_DATA + 1)
    return data if data is not None and len(data) <= _LONGEST_DATA else None


def _measurand(sample: dict[str, Any]) -> str:
    return _word(sample, "measurand") or "Energy.Active.Import.Register"


def _word(payload: dict[str, Any], key: str) -> str | None:
    return text(payload, key, _LONGEST_WORD)


def _size(transactions: dict[str, list[SignedValue]]) -> int:
    return sum(len(value.data) + len(value.public_key or "") for values in transactions.values() for value in values)
