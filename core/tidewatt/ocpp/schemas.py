"""Checks of payloads against the JSON schemas that the `ocpp` package ships.

The files are read once, and a message's validator is generated when the message is first seen, both in threads: that
takes up to a tenth of a second. A check then takes some 20 to 50 µs, about a sixteenth of what `jsonschema` needs.
`multipleOf` is dropped on loading: it rejects most binary fractions (6.1 is no multiple of 0.1 in IEEE 754), and real
stations report limits such as 6.0869.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any, cast

import fastjsonschema

from .errors import OcppSchemaError
from .frames import OcppVersion

_RESPONSE = "Response"
_FOLDERS = {OcppVersion.V16: "v16", OcppVersion.V201: "v201", OcppVersion.V21: "v21"}


type _Validator = Callable[[dict[str, Any]], Any]


class Schemas:
    """The schemas of one OCPP version. `prepare` a message before it is checked."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self._documents = documents
        self._validators: dict[str, _Validator] = {}
        self._generating: dict[str, asyncio.Future[dict[str, _Validator]]] = {}

    def knows(self, action: str) -> bool:
        """Tell whether the version has this action at all."""
        return action in self._documents and not action.endswith(_RESPONSE)

    async def prepare(self, action: str) -> None:
        """Make request and response of an action ready to be checked; an unknown one needs nothing."""
        names = [name for name in (action, action + _RESPONSE) if name in self._documents]
        if all(name in self._validators for name in names):
            return
        loop = asyncio.get_running_loop()
        generating = self._generating.get(action)
        if generating is None or generating.get_loop() is not loop:
            # Many sessions may want the same one at once: it is made once.
            generating = self._generating[action] = loop.run_in_executor(None, self._generate, names)
            generating.add_done_callback(lambda _: self._generating.pop(action, None))
        self._validators |= await asyncio.shield(generating)

    def is_send(self, action: str) -> bool:
        """Tell whether an action has no answer: OCPP 2.1 sends such messages as SEND."""
        return self.knows(action) and action + _RESPONSE not in self._documents

    def is_valid_request(self, action: str, payload: dict[str, Any]) -> bool:
        """Tell whether a request fits its schema; KeyError for an unknown action."""
        return self._is_valid(action, payload)

    def is_valid_response(self, action: str, payload: dict[str, Any]) -> bool:
        """Tell whether a response fits its schema; KeyError for an unknown action."""
        return self._is_valid(action + _RESPONSE, payload)

    def check_request(self, action: str, payload: dict[str, Any]) -> None:
        """Raise OcppSchemaError, naming the field, for a request that does not fit its schema."""
        self._check(action, payload)

    def check_response(self, action: str, payload: dict[str, Any]) -> None:
        """Raise OcppSchemaError, naming the field, for a response that does not fit its schema."""
        self._check(action + _RESPONSE, payload)

    def _is_valid(self, name: str, payload: dict[str, Any]) -> bool:
        try:
            self._validators[name](payload)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    def _check(self, name: str, payload: dict[str, Any]) -> None:
        if name not in self._documents:
            raise OcppSchemaError(f"{name} is no message of this OCPP version.")
        try:
            self._validators[name](payload)
        except fastjsonschema.JsonSchemaValueException as error:
            # The message names the field and the rule, never the value: that may be a secret.
            raise OcppSchemaError(f"{name}{error.message.removeprefix('data')}") from None

    def _generate(self, names: Sequence[str]) -> dict[str, _Validator]:
        return {
            name: fastjsonschema.compile(
                self._documents[name], use_default=False, use_formats=False, detailed_exceptions=False
            )
            for name in names
        }


_loaded: dict[OcppVersion, Schemas] = {}


async def load_schemas(version: OcppVersion) -> Schemas:
    """Return the schemas of a version; the first time the files are read in a thread."""
    if version not in _loaded:
        documents = await asyncio.to_thread(_read, version)
        _loaded.setdefault(version, Schemas(documents))
    return _loaded[version]


def _read(version: OcppVersion) -> dict[str, dict[str, Any]]:
    """Read all files of a version. `Request` is cut off the names, which only the files of 2.x carry."""
    documents = {}
    for path in sorted(_folder(version).glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        documents[path.stem.removesuffix("Request")] = cast("dict[str, Any]", _without_multiple_of(document))
    return documents


def _folder(version: OcppVersion) -> Path:
    # Found without importing the package, whose thousand dataclasses nobody here needs.
    spec = find_spec("ocpp")
    locations = (spec.submodule_search_locations or []) if spec else []
    for location in locations:
        return Path(location) / _FOLDERS[version] / "schemas"
    raise ModuleNotFoundError(
        "The package `ocpp` is missing, which brings the OCPP schemas. Install tidewatt with pip."
    )


def _without_multiple_of(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_multiple_of(value) for key, value in node.items() if key != "multipleOf"}
    if isinstance(node, list):
        return [_without_multiple_of(item) for item in node]
    return node
