"""What is known of a station's model, applied when it says which that is."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from tidewatt.drivers.ocpp.quirks import quirks_of
from tidewatt.ocpp.frames import OcppVersion

from .block import Answered, Plain, StationContext

_LOGGER = logging.getLogger(__name__)


class KnownQuirks(Plain):
    """Adds the quirks of the model to those learnt. Learnt ones go when firmware or model change."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._apply()

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:  # noqa: ARG002 - alike in all versions
        """Return what looks at a boot."""
        return {"BootNotification": self._on_boot}

    def diagnostics(self) -> dict[str, Any]:
        """Return what is known of the model."""
        return {"known": list(self._known())}

    def _on_boot(self, _: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._apply()
        return answer

    def _known(self) -> tuple[str, ...]:
        record = self._context.record
        return tuple(quirk.value for quirk in quirks_of(record.vendor, record.model, record.firmware))

    def _apply(self) -> None:
        present = self._context.record.quirks
        missing = [quirk for quirk in self._known() if quirk not in present]
        if missing:
            _LOGGER.info("OCPP station %s is of a model with %s", self._context.station_id, ", ".join(missing))
            present.extend(missing)
