"""Actions on the station of a charger: what OCPP offers beside charging, for automations and people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import probatio

from tidewatt.drivers.ocpp import (
    Availability,
    Certificates,
    Credentials,
    DisplayMessage,
    DisplayMessages,
    DisplayPriority,
    FirmwareSource,
    FirmwareUpdates,
    LogKind,
    Logs,
    RemoteControl,
    Reservations,
    ResetKind,
    Roots,
)
from tidewatt.site import CommandError

from .const import DOMAIN
from .entity import ChargerEntity

LOG_FOLDER = "tidewatt_logs"
"""Where logs of stations are put, in the configuration folder."""

_LOG_KINDS = {"diagnostics": LogKind.DIAGNOSTICS, "security": LogKind.SECURITY}
_PRIORITIES = {
    "always": DisplayPriority.ALWAYS_FRONT,
    "in_front": DisplayPriority.IN_FRONT,
    "normal": DisplayPriority.NORMAL_CYCLE,
}

type Run = Callable[[ChargerEntity, Mapping[str, Any]], Awaitable[ServiceResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationAction:
    """An action: the fields it takes, what carries it out, whether it answers, whether it takes an administrator."""

    schema: VolDictType | None
    run: Run
    answers: bool = False
    admin_only: bool = False

    @property
    def supports_response(self) -> SupportsResponse:
        """How Home Assistant offers its answer."""
        return SupportsResponse.OPTIONAL if self.answers else SupportsResponse.NONE


async def async_carry_out(action: StationAction, entity: ChargerEntity, call: ServiceCall) -> ServiceResponse:
    """Carry an action out at one charger; HomeAssistantError with the station's answer when it does not."""
    try:
        return await action.run(entity, call.data)
    except CommandError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_failed",
            translation_placeholders={
                "charger": entity.hub.site.charger(entity.charger_id).name,
                "command": error.command,
                "answer": error.answer,
            },
        ) from error


def _block[T](entity: ChargerEntity, kind: type[T]) -> T:
    return entity.hub.runtime.block(entity.charger_id, kind)


def _evse_id(entity: ChargerEntity) -> int:
    return entity.hub.site.charger(entity.charger_id).endpoint.evse_id


def _refused(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


async def _reset(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    kind = ResetKind.ON_IDLE if data["when_idle"] else ResetKind.IMMEDIATE
    await _block(entity, RemoteControl).reset(kind)


async def _unlock(entity: ChargerEntity, _: Mapping[str, Any]) -> None:
    await _block(entity, RemoteControl).unlock(_evse_id(entity))


async def _set_availability(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    await _block(entity, Availability).change(is_operative=data["operative"], evse_id=_evse_id(entity))


async def _reserve(entity: ChargerEntity, data: Mapping[str, Any]) -> ServiceResponse:
    until: datetime = dt_util.as_utc(data["until"])
    if until <= dt_util.utcnow():
        raise _refused("in_the_past", field="until")
    reservation = await _block(entity, Reservations).reserve(data["id_tag"], until, _evse_id(entity))
    return {"reservation_id": reservation.reservation_id}


async def _cancel_reservation(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    await _block(entity, Reservations).cancel(data["reservation_id"])


async def _show_message(entity: ChargerEntity, data: Mapping[str, Any]) -> ServiceResponse:
    until = data.get("until")
    message = DisplayMessage(
        text=data["message"],
        priority=_PRIORITIES[data["priority"]],
        ends_at_utc=None if until is None else dt_util.as_utc(until),
    )
    return {"message_id": await _block(entity, DisplayMessages).show(message)}


async def _clear_message(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    await _block(entity, DisplayMessages).clear(data["message_id"])


async def _fetch_log(entity: ChargerEntity, data: Mapping[str, Any]) -> ServiceResponse:
    folder = Path(entity.hass.config.path(LOG_FOLDER))
    log = await _block(entity, Logs).fetch(_LOG_KINDS[data["kind"]], folder)
    return {"path": str(log.file), "bytes": log.bytes}


async def _update_firmware(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    if ("file" in data) == ("url" in data):
        raise _refused("file_or_url")
    file = Path(data["file"]) if "file" in data else None
    if file is not None and not await entity.hass.async_add_executor_job(_may_be_read, entity, file):
        raise _refused("file_not_allowed", file=str(file))
    await _block(entity, FirmwareUpdates).update(FirmwareSource(file=file, url=data.get("url")))


def _may_be_read(entity: ChargerEntity, file: Path) -> bool:
    return entity.hass.config.is_allowed_path(str(file)) and file.is_file()


async def _rotate_password(entity: ChargerEntity, _: Mapping[str, Any]) -> None:
    await _block(entity, Credentials).rotate_password()


async def _renew_certificate(entity: ChargerEntity, _: Mapping[str, Any]) -> None:
    await _block(entity, Certificates).renew()


async def _install_root_certificate(entity: ChargerEntity, _: Mapping[str, Any]) -> None:
    await _block(entity, Roots).install_own()


async def _raise_security_profile(entity: ChargerEntity, data: Mapping[str, Any]) -> None:
    await _block(entity, Credentials).raise_profile(data["profile"])


async def _revoke_certificates(entity: ChargerEntity, _: Mapping[str, Any]) -> ServiceResponse:
    return {"revoked": await entity.hub.runtime.ocpp.revoke_certificates(entity.charger_id)}


async def _allow_lower_profile(entity: ChargerEntity, _: Mapping[str, Any]) -> None:
    entity.hub.runtime.ocpp.allow_lower_profile(entity.charger_id)


async def _get_root_certificate(entity: ChargerEntity, _: Mapping[str, Any]) -> ServiceResponse:
    if entity.hub.site.ocpp.tls is None:
        raise _refused("no_encrypted_port")
    return {"certificate": entity.hub.runtime.ocpp.security.root_of_server()}


STATION_ACTIONS: Mapping[str, StationAction] = {
    "reset_station": StationAction(
        schema={probatio.Optional("when_idle", default=True): cv.boolean}, run=_reset, admin_only=True
    ),
    "unlock_connector": StationAction(schema=None, run=_unlock),
    "set_availability": StationAction(schema={probatio.Required("operative"): cv.boolean}, run=_set_availability),
    "reserve": StationAction(
        schema={probatio.Required("id_tag"): cv.string, probatio.Required("until"): cv.datetime},
        run=_reserve,
        answers=True,
    ),
    "cancel_reservation": StationAction(
        schema={probatio.Required("reservation_id"): cv.positive_int}, run=_cancel_reservation
    ),
    "show_message": StationAction(
        schema={
            probatio.Required("message"): cv.string,
            probatio.Optional("priority", default="normal"): probatio.In(list(_PRIORITIES)),
            probatio.Optional("until"): cv.datetime,
        },
        run=_show_message,
        answers=True,
    ),
    "clear_message": StationAction(schema={probatio.Required("message_id"): cv.positive_int}, run=_clear_message),
    "fetch_log": StationAction(
        schema={probatio.Optional("kind", default="diagnostics"): probatio.In(list(_LOG_KINDS))},
        run=_fetch_log,
        answers=True,
        admin_only=True,
    ),
    "update_firmware": StationAction(
        schema={probatio.Optional("file"): cv.string, probatio.Optional("url"): cv.url},
        run=_update_firmware,
        admin_only=True,
    ),
    "rotate_password": StationAction(schema=None, run=_rotate_password, admin_only=True),
    "install_root_certificate": StationAction(schema=None, run=_install_root_certificate, admin_only=True),
    "renew_certificate": StationAction(schema=None, run=_renew_certificate, admin_only=True),
    "revoke_certificates": StationAction(schema=None, run=_revoke_certificates, answers=True, admin_only=True),
    "get_root_certificate": StationAction(schema=None, run=_get_root_certificate, answers=True, admin_only=True),
    "allow_lower_security_profile": StationAction(schema=None, run=_allow_lower_profile, admin_only=True),
    "raise_security_profile": StationAction(
        schema={probatio.Required("profile"): probatio.All(probatio.Coerce(int), probatio.In([2, 3]))},
        run=_raise_security_profile,
        admin_only=True,
    ),
}
"""Every action on a station; the target is the charger's mode entity, as for all actions."""
