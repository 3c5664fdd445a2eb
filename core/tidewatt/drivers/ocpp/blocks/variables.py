"""The device model: what a station reports of itself, and reading and setting it.

OCPP 2.x: GetBaseReport, GetReport, NotifyReport, GetVariables, SetVariables (B05 to B08). OCPP 1.6: GetConfiguration
and ChangeConfiguration, whose keys are variables without a component here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
import logging
from typing import Any

from tidewatt.drivers.ocpp.device_model import DeviceModel, Variable, VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.drivers.ocpp.v2 import exchange
from tidewatt.drivers.ocpp.v16 import keys as v16_keys
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import from_wire_time, rows, utc_now
from tidewatt.site import CommandError

from .block import StationContext, demand, require, status_of
from .parts import Collector, Parts

_LOGGER = logging.getLogger(__name__)

_MOST_VARIABLES = 5000
_MOST_CHARS = 500_000
"""What is kept of a report: more could not be written in a few milliseconds."""
_IDLE_S = 30.0
"""A report is given up when no further part of it comes for so long."""

_TAKEN = (ACCEPTED, "RebootRequired")
_EMPTY = "EmptyResultSet"


class Variables:
    """Keeps the device model of one station, over restarts, and reads and sets its variables."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._document = context.memory.document(f"model-{context.station_id}", DeviceModel())
        self._reports: Collector[Any] = Collector()
        self._reporting = asyncio.Lock()
        self._incomplete: str | None = None

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers NotifyReport."""
        return {} if version is OcppVersion.V16 else {"NotifyReport": self._on_report}

    async def prepare(self) -> None:
        """Have the station report everything, unless it did so with the firmware that it runs."""
        model = await self._document.load()
        if model.firmware == self._firmware and model.variables:
            return
        self._context.tasks.spawn(self._learn())

    async def _learn(self) -> None:
        try:
            await self.refresh()
        except CommandError as error:
            self._incomplete = error.answer
            _LOGGER.debug("%s", error)

    def disconnected(self) -> None:
        """No report goes on with another connection."""
        self._reports.lose()

    def diagnostics(self) -> dict[str, Any]:
        """Return how much is known, and which station values: never those of variables that cannot be read."""
        model = self._document.value
        return {
            "variables": len(model.variables),
            "generated_at": model.generated_at_utc.isoformat() if model.generated_at_utc else None,
            "incomplete": self._incomplete,
            "unexpected_reports": self._reports.unexpected,
        }

    async def model(self) -> DeviceModel:
        """Return what is known of the station, also before Tidewatt was restarted."""
        return await self._document.load()

    def known(self, key: VariableKey) -> Variable | None:
        """Return what is known of a variable already, without asking the station."""
        return self._document.value.get(key)

    async def refresh(self) -> DeviceModel:
        """Have the station report all its variables; CommandError when it does not, or not completely.

        A station that does not know a full inventory is asked for its configuration (B07.FR.02).
        """
        async with self._reporting:
            if self._context.version() is OcppVersion.V16:
                found = await self._commanded("reading the configuration", v16_keys.read(self._context.call, ()))
                return self._take_all([Variable(key=key, **row) for key, row in found.items()])
            for base in ("FullInventory", "ConfigurationInventory"):
                variables = await self._report("GetBaseReport", {"reportBase": base}, ("NotSupported", _EMPTY))
                if variables is not None:
                    return self._take_all(variables)
            raise CommandError(self._context.station_id, "reading the device model", "it has no inventory")

    async def report(self, keys: Sequence[VariableKey]) -> Sequence[Variable]:
        """Have an OCPP 2.x station report some variables anew (B08); CommandError when it does not."""
        model = await self._document.load()
        found: list[Variable] = []
        async with self._reporting:
            for chunk in exchange.chunks([key.to_wire() for key in keys], self.limits("GetReport")):
                found += await self._report("GetReport", {"componentVariable": chunk}, (_EMPTY,)) or []
        for variable in found:
            model.take(variable)
        self._document.save_soon()
        return found

    async def get(self, keys: Sequence[VariableKey]) -> dict[VariableKey, str]:
        """Return the present values of variables; those that the station does not know or tell are left out."""
        call = self._context.call
        model = await self._document.load()
        if self._context.version() is OcppVersion.V16:
            answers = await self._commanded("reading the configuration", v16_keys.read(call, keys))
            found = {key: row["value"] for key, row in answers.items() if row["value"] is not None}
        else:
            limits = self.limits("GetVariables")
            told = await self._commanded("reading variables", exchange.read(call, keys, limits))
            found = {
                key: answer.value
                for key, answer in told.items()
                if answer.status == ACCEPTED and answer.value is not None
            }
        for key, value in found.items():
            self._note(model, key, value)
        return found

    async def set(self, values: Mapping[VariableKey, str]) -> dict[VariableKey, str]:
        """Set variables; return those that the station did not take with its reason, and RebootRequired if it says so.

        An empty result means that all are in force. CommandError when the station takes none at all.
        """
        call = self._context.call
        model = await self._document.load()
        if self._context.version() is OcppVersion.V16:
            answers = await self._commanded("changing the configuration", v16_keys.write(call, values))
        else:
            limits = self.limits("SetVariables")
            told = await self._commanded("setting variables", exchange.write(call, values, limits))
            answers = {key: told[key].status if key in told else "no answer" for key in values}
        for key, value in values.items():
            if answers[key] in _TAKEN and (known := model.get(key)) is not None and known.is_readable:
                self._note(model, key, value)
        return {key: status for key, status in answers.items() if status != ACCEPTED}

    def note(self, key: VariableKey, value: str) -> None:
        """Note a value that the station told by itself, of a variable that is known."""
        if (known := self.known(key)) is not None and known.value != value:
            self._note(self._document.value, key, value)

    def _note(self, model: DeviceModel, key: VariableKey, value: str) -> None:
        known = model.get(key)
        if known is None and len(model.variables) >= _MOST_VARIABLES:
            return
        model.take(replace(known, value=value) if known else Variable(key=key, value=value))
        self._document.save_soon()

    async def _report(self, action: str, request: dict[str, Any], nothing: tuple[str, ...]) -> list[Variable] | None:
        """Ask for a report and return its rows once all have come; None where there is nothing to report."""
        parts = self._reports.expect()
        try:
            payload = {"requestId": parts.request_id} | request
            answer = await demand(self._context, "asking for a report", action, payload)
            if answer.get("status") in nothing:
                _LOGGER.debug("%s reports nothing: %s", self._context.station_id, status_of(answer))
                return None
            require(self._context, "asking for a report", answer)
            return await self._commanded("reading the device model", parts.wait(_IDLE_S))
        finally:
            self._reports.forget(parts)
            self._keep(parts)

    def _keep(self, parts: Parts[Any]) -> None:
        """Keep what came of a report that did not become complete: it is better than nothing, and told apart."""
        self._incomplete = None if parts.is_complete else "a report broke off"

    async def _commanded[T](self, command: str, work: Awaitable[T]) -> T:
        try:
            return await work
        except OcppError as error:
            raise CommandError(self._context.station_id, command, str(error)) from error

    def _take_all(self, variables: Sequence[Variable]) -> DeviceModel:
        """Replace the model by a complete report."""
        model = self._document.value
        model.variables.clear()
        chars = 0
        for variable in variables[:_MOST_VARIABLES]:
            chars += variable.chars
            if chars > _MOST_CHARS:
                _LOGGER.warning("%s reports more than can be kept; the rest is left out", self._context.station_id)
                break
            known = model.get(variable.key)
            model.take(replace(variable, attributes=known.attributes | variable.attributes) if known else variable)
        model.firmware = self._firmware
        model.generated_at_utc = model.generated_at_utc or utc_now()
        self._document.save_soon()
        return model

    async def _on_report(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        found = [variable for row in rows(payload, "reportData") if (variable := Variable.from_report(row)) is not None]
        if self._reports.take(payload, found):
            self._document.value.generated_at_utc = from_wire_time(payload.get("generatedAt"))
        return {}

    def limits(self, action: str) -> exchange.Limits:
        """Return how much fits into one message of an action, as the station reported it (OCPP 2.x)."""
        limits = self._context.record.message_limits.get(action, (None, None))
        return exchange.Limits(*limits)

    @property
    def _firmware(self) -> str:
        record = self._context.record
        return f"{record.version} {record.vendor} {record.model} {record.firmware}"
