"""The form for a site and the trial of its listener."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import errno
from typing import Any

from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.helpers.selector import TextSelector
import probatio

from . import flow_forms as forms
from .const import (
    CONF_EXPORT_LIMIT,
    CONF_MAIN_FUSE,
    CONF_OCPP,
    CONF_PHASES,
    CONF_SITE,
    CONF_TLS,
    CONF_TLS_NAMES,
    CONF_TLS_PORT,
    CONF_TOTAL_LIMIT,
)
from .flow_limits import HIGHEST_A, limit_fields, limit_from_form, limit_to_form, lowest

LISTEN_EVERYWHERE = "0.0.0.0"  # noqa: S104 - stations are on the LAN; the form shows the field
DEFAULT_PORT = 9000
EXAMPLE_ADDRESS = f"ws://homeassistant.local:{DEFAULT_PORT}/"
HIGHEST_V = 300

SITE_KEYS = (CONF_PHASES, "voltage_v", CONF_EXPORT_LIMIT, CONF_TOTAL_LIMIT)
OCPP_KEYS = (CONF_HOST, CONF_PORT)


def site_form() -> probatio.Schema:
    """Return the form."""
    return probatio.Schema(
        {
            probatio.Required(CONF_NAME): TextSelector(),
            probatio.Required(CONF_PHASES, default="3"): forms.translated_choice(["3", "1"], "phases"),
            probatio.Required("voltage_v", default=230): forms.number(100, HIGHEST_V, "V"),
            **limit_fields(CONF_MAIN_FUSE, 3),
            probatio.Required(CONF_EXPORT_LIMIT, default=0): forms.number(0, HIGHEST_A, "A"),
            probatio.Optional(CONF_TOTAL_LIMIT): forms.number(0, 1_000_000, "W", step=1),
            probatio.Required(CONF_HOST, default=LISTEN_EVERYWHERE): TextSelector(),
            probatio.Required(CONF_PORT, default=DEFAULT_PORT): forms.whole_number(1, forms.PORT_MAX),
            probatio.Optional(CONF_TLS_PORT): forms.whole_number(1, forms.PORT_MAX),
            probatio.Optional(CONF_TLS_NAMES): forms.texts(),
        }
    )


def site_from_form(values: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data from a filled form; what the form does not show is kept as it was saved."""
    kept = {key: value for key, value in saved.get(CONF_SITE, {}).items() if key not in (*SITE_KEYS, CONF_MAIN_FUSE)}
    shown = {key: values[key] for key in SITE_KEYS if key in values}
    shown[CONF_PHASES] = int(shown[CONF_PHASES])
    return {
        CONF_SITE: kept | shown | {CONF_MAIN_FUSE: limit_from_form(CONF_MAIN_FUSE, values)},
        CONF_OCPP: _ocpp_from_form(values, saved.get(CONF_OCPP, {})),
    }


def _ocpp_from_form(values: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the listener; without a port for TLS there is no TLS."""
    kept = {key: value for key, value in saved.items() if key not in (*OCPP_KEYS, CONF_TLS)}
    listener = kept | {key: values[key] for key in OCPP_KEYS}
    if CONF_TLS_PORT in values:
        tls = saved.get(CONF_TLS, {}) | {CONF_PORT: values[CONF_TLS_PORT], "names": values.get(CONF_TLS_NAMES, [])}
        listener[CONF_TLS] = {key: value for key, value in tls.items() if value != []}
    return listener


def site_to_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's values from an entry's data: the inverse of `site_from_form`."""
    site, listener = data[CONF_SITE], data[CONF_OCPP]
    tls = listener.get(CONF_TLS)
    encrypted = {} if tls is None else {CONF_TLS_PORT: tls[CONF_PORT], CONF_TLS_NAMES: list(tls.get("names", ()))}
    return {
        **site,
        **{key: listener[key] for key in OCPP_KEYS},
        **encrypted,
        **limit_to_form(CONF_MAIN_FUSE, site[CONF_MAIN_FUSE]),
        CONF_EXPORT_LIMIT: lowest(site.get(CONF_EXPORT_LIMIT, 0)),
        CONF_PHASES: str(site[CONF_PHASES]),
    }


async def try_listener(host: str, port: int) -> dict[str, str]:
    """Listen for a moment where stations are to connect, with port 0 on any free one; returns a form's errors."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as error:
        return {CONF_PORT: "port_in_use"} if error.errno == errno.EADDRINUSE else {CONF_HOST: "cannot_listen"}
    server.close()
    await server.wait_closed()
    return {}
