"""Checks of payloads against the JSON schemas that the `ocpp` package ships.

The files are read once, in a thread; a validator is built from memory when its message is first seen (about 30 µs).
`multipleOf` is dropped on loading: it rejects most binary fractions (6.1 is no multiple of 0.1 in IEEE 754), and real
stations report limits such as 6.0869.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft6Validator

from .errors import OcppSchemaError
from .frames import OcppVersion

_RESPONSE = "Response"
_FOLDERS = {OcppVersion.V16: "v16", OcppVersion.V201: "v201", OcppVersion.V21: "v21"}


class Schemas:
    """The schemas of one OCPP version."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self._documents = documents
        self._validators: dict[str, Draft6Validator] = {}

    def knows(self, action: str) -> bool:
        """Tell whether the version has this action at all."""
        return action in self._documents and not action.endswith(_RESPONSE)

    def is_valid_request(self, action: str, payload: dict[str, Any]) -> bool:
        """Tell whether a request fits its schema; KeyError for an unknown action."""
        return self._validator(action).is_valid(payload)

    def is_valid_response(self, action: str, payload: dict[str, Any]) -> bool:
        """Tell whether a response fits its schema; KeyError for an unknown action."""
        return self._validator(action + _RESPONSE).is_valid(payload)

    def check_request(self, action: str, payload: dict[str, Any]) -> None:
        """Raise OcppSchemaError, naming the field, for a request that does not fit its schema."""
        self._check(action, payload)

    def check_response(self, action: str, payload: dict[str, Any]) -> None:
        """Raise OcppSchemaError, naming the field, for a response that does not fit its schema."""
        self._check(action + _RESPONSE, payload)

    def _check(self, name: str, payload: dict[str, Any]) -> None:
        if name not in self._documents:
            raise OcppSchemaError(f"{name} is no message of this OCPP version.")
        error = next(self._validator(name).iter_errors(payload), None)
        if error is not None:
            raise OcppSchemaError(f"{name}{error.json_path.removeprefix('$')}: {error.message}")

    def _validator(self, name: str) -> Draft6Validator:
        if name not in self._validators:
            self._validators[name] = Draft6Validator(self._documents[name])
        return self._validators[name]


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
