"""Frames for fuzzing: valid messages of every version made from the schemas, and what goes wrong with them.

Everything comes from one seeded generator, so a failure is found again by its seed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
import importlib.resources
import json
from random import Random
from typing import Any

from tidewatt.ocpp.frames import OcppVersion

_FOLDERS = {OcppVersion.V16: "v16", OcppVersion.V201: "v201", OcppVersion.V21: "v21"}

NONSENSE: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], [{}], [None], {"": None}, {"x": {"x": {}}}, [1] * 50),
    *(0, -1, 1, 2**31, 2**63, 2**70, -(2**70), 0.1, 1e308, -1e308, 1e-320),
    *("", " ", "0", "-1", "NaN", "1e999", "Infinity", "x" * 300, "\x00", "\ud7ff\uffff", "Ünïcödé"),
    *("2026-11-20T10:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T25:61:00Z"),
)
"""Values that a field may get instead of its own."""

TAILS = ("", "]", "}", ",", "\x00", "[", '"', " null", "\ufeff", "//", "NaN")
"""What a frame may end with by mistake."""

_MOST_DEPTH = 6


@cache
def schemas(version: OcppVersion) -> dict[str, dict[str, Any]]:
    """Return the schemas of a version by message name, without `Request`."""
    folder = importlib.resources.files("ocpp") / _FOLDERS[version] / "schemas"
    return {
        file.name.removesuffix(".json").removesuffix("Request"): json.loads(file.read_text("utf-8-sig"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    }


@cache
def actions(version: OcppVersion) -> tuple[str, ...]:
    """Return the actions of a version."""
    return tuple(name for name in schemas(version) if not name.endswith("Response"))


COMMON = {
    OcppVersion.V16: ("BootNotification", "StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"),
    OcppVersion.V201: ("BootNotification", "TransactionEvent", "MeterValues", "StatusNotification", "NotifyEvent"),
    OcppVersion.V21: ("TransactionEvent", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule", "NotifyReport"),
}
"""What deserves more than its share: it changes states."""


class Mutator:
    """Makes frames of one version."""

    def __init__(self, version: OcppVersion, random: Random) -> None:
        self.version = version
        self._random = random
        self._number = 0

    def frame(self) -> str:
        """Return the next text: mostly a call, sound or damaged, at times an answer, a SEND or noise."""
        random = self._random
        array: list[Any]
        choice = random.random()
        if choice < 0.04:
            return self._noise()
        if choice < 0.08:
            return self._text(
                [random.choice([3, 4, 5]), self._id(), random.choice(NONSENSE), "", {}][: random.randint(1, 5)]
            )
        self._number += 1
        names = COMMON[self.version] if random.random() < 0.6 else actions(self.version)
        action = random.choice(names)
        payload = self.payload(action)
        for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
            payload = self._damaged(payload)
        kind = 6 if action == "NotifyPeriodicEventStream" and random.random() < 0.8 else 2
        array = [kind, self._id(), action, payload]
        if random.random() < 0.05:
            array[random.randrange(4)] = random.choice(NONSENSE)
        if random.random() < 0.03:
            array = array[: random.randrange(4)] if random.random() < 0.5 else [*array, random.choice(NONSENSE)]
        return self._text(array)

    def answer(self, message_id: str, action: str) -> str:
        """Return an answer to a call: sound, damaged, an error, or to somebody else."""
        random = self._random
        choice = random.random()
        if choice < 0.1:
            return self._text([4, message_id, random.choice(["NotSupported", "InternalError", "", 7, None]), "", {}])
        payload = self.payload(action + "Response")
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            payload = self._damaged(payload)
        if choice < 0.15:
            return self._text([3, message_id, random.choice(NONSENSE)])
        return self._text([3, message_id, payload])

    def payload(self, name: str) -> Any:
        """Return a payload that fits the schema of a message."""
        document = schemas(self.version).get(name)
        if document is None:
            return {}
        return self._value(document, document, "", 0)

    def _id(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice(["", "same", "x" * 36, "x" * 37, "\x00", "-1"])
        return f"m{self._number}"

    def _text(self, array: Any) -> str:
        random = self._random
        text = json.dumps(array, ensure_ascii=random.random() < 0.5)
        if random.random() < 0.03:
            place = random.randrange(len(text))
            text = text[:place] + random.choice(TAILS) + text[place + random.randrange(3) :]
        return text[: random.randrange(len(text))] if random.random() < 0.01 else text

    def _noise(self) -> str:
        random = self._random
        match random.randrange(5):
            case 0:
                return "".join(chr(random.randrange(1, 0xD7FF)) for _ in range(random.randrange(60)))
            case 1:
                return "[" * random.randrange(3000)
            case 2:
                return '{"a":' * random.randrange(1500)
            case 3:
                return json.dumps(random.choice(NONSENSE))
        return '[2,"d","DataTransfer",' + '{"data":' * 300 + "1" + "}" * 300 + "]"

    def _damaged(self, payload: Any) -> Any:
        """Return a payload with one thing wrong somewhere in it."""
        random = self._random
        if not isinstance(payload, dict | list) or not payload or random.random() < 0.15:
            return random.choice(NONSENSE) if random.random() < 0.6 else payload
        keys: list[Any] = list(payload) if isinstance(payload, dict) else list(range(len(payload)))
        key = random.choice(keys)
        copy: Any = payload.copy()
        choice = random.random()
        if choice < 0.55:
            copy[key] = self._damaged(payload[key])
        elif choice < 0.7:
            copy[key] = random.choice(NONSENSE)
        elif choice < 0.8:
            del copy[key]
        elif isinstance(copy, list):
            copy.extend([payload[key]] * random.choice((1, 30)))
        else:
            copy[random.choice([str(key).upper(), "x", "", "customData"])] = random.choice(NONSENSE)
        return copy

    def _value(self, schema: dict[str, Any], document: dict[str, Any], name: str, depth: int) -> Any:
        while "$ref" in schema:
            schema = document["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, document, depth)
        if kind == "array":
            least = schema.get("minItems", 0)
            count = self._random.randint(least, min(schema.get("maxItems", least + 2), least + 2))
            return [self._value(schema["items"], document, name, depth + 1) for _ in range(count)]
        return self._plain(kind, schema, name)

    def _plain(self, kind: str | None, schema: dict[str, Any], name: str) -> Any:
        random = self._random
        match kind:
            case "string":
                return self._string(schema, name)
            case "integer":
                return self._integer(schema, name)
            case "number":
                value = random.uniform(schema.get("minimum", -1e4), schema.get("maximum", 3e4))
                return round(value, random.choice((0, 1, 3)))
            case "boolean":
                return random.random() < 0.5
        return {}

    def _object(self, schema: dict[str, Any], document: dict[str, Any], depth: int) -> dict[str, Any]:
        share = 0.5 if depth < _MOST_DEPTH else 0.0
        required = schema.get("required", ())
        return {
            key: self._value(inner, document, key, depth + 1)
            for key, inner in schema.get("properties", {}).items()
            if key in required or (self._random.random() < share and key != "customData")
        }

    def _string(self, schema: dict[str, Any], name: str) -> str:
        random = self._random
        if schema.get("format") == "date-time" or "imestamp" in name or name.endswith("Time"):
            away_s = random.choice((0.0, 0.0, -5.0, 60.0, -3600.0, 1e6, -1e8))
            return (
                (datetime.now(UTC) + timedelta(seconds=away_s)).isoformat().replace("+00:00", random.choice(("Z", "")))
            )
        known = {
            "transactionId": ("t1", "t2", "t3"),
            "idToken": ("CARD", "OTHER"),
            "idTag": ("CARD", "OTHER"),
            "value": ("0", "1.5", "1000", "-20", "abc", ""),
            "vendorId": ("acme",),
        }
        text = random.choice(known.get(name, ("a", "some text", "7", "x" * 20)))
        return text[: schema.get("maxLength", 100)]

    def _integer(self, schema: dict[str, Any], name: str) -> int:
        random = self._random
        if name in ("connectorId", "evseId", "id"):
            return random.choice((0, 1, 1, 1, 2))
        if name == "transactionId":
            return random.choice((0, 1, 2, 3))
        least = int(schema.get("minimum", 0))
        return random.randint(least, max(least, int(min(schema.get("maximum", 100000), 100000))))
