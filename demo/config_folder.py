"""Builds the config folder of a Home Assistant that is ready to use: owner, no login on this machine, one site.

Everything is written through Home Assistant's own stores, so the formats are those of the installed release.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.auth import auth_manager_from_config
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
from homeassistant.components.http.config import HTTP_STORAGE_SCHEMA
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

REPOSITORY = Path(__file__).parent.parent

DASHBOARD_PATH = "demo-site"

type Document = tuple[str, int, int, Mapping[str, Any]]
"""Key, version, minor version and content of one of Home Assistant's stores."""

CONFIGURATION = """\
homeassistant:
  name: {name}
  unit_system: metric
  time_zone: Europe/Amsterdam
  country: NL
  currency: EUR
  # Only this machine can open the page (see .storage/http), so nobody is asked to log in.
  auth_providers:
    - type: trusted_networks
      trusted_networks: [127.0.0.1, "::1"]
      allow_bypass_login: true
    - type: homeassistant
frontend:
energy:
history:
logbook:
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    custom_components.tidewatt: info
    tidewatt: info
"""


async def write_config_folder(
    folder: Path,
    *,
    name: str,
    port: int,
    entries: Sequence[Mapping[str, Any]],
    dashboard: Mapping[str, Any] | None = None,
    configuration: str = "",
) -> None:
    """Create `folder`; a long-lived access token of the owner lands in its file `token`.

    `entries` are config entries as Home Assistant stores them; `dashboard` becomes the first page. `configuration` is
    put below the rest of configuration.yaml.
    """
    _write_files(folder, name, configuration)
    hass = HomeAssistant(str(folder))
    await _write_documents(hass, name=name, port=port, entries=entries, dashboard=dashboard)
    token = await _write_owner(hass)
    await hass.async_stop(force=True)
    await asyncio.to_thread((folder / "token").write_text, token)


def _write_files(folder: Path, name: str, configuration: str) -> None:
    components = folder / "custom_components"
    components.mkdir(parents=True)
    (components / "tidewatt").symlink_to(REPOSITORY / "custom_components" / "tidewatt")
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(name=name) + configuration)


async def _write_owner(hass: HomeAssistant) -> str:
    """Create the owner; the stores are written when `hass` stops."""
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await asyncio.gather(dr.async_load(hass), er.async_load(hass))
    hass.auth = auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    owner = await auth.async_create_user("Demo", group_ids=["system-admin"])
    refresh_token = await auth.async_create_refresh_token(
        owner,
        client_name="Demo",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=365),
    )
    return auth.async_create_access_token(refresh_token)


def _dashboard_documents(name: str, dashboard: Mapping[str, Any]) -> list[Document]:
    about = {"id": "demo", "url_path": DASHBOARD_PATH, "title": name, "icon": "mdi:ev-station", "mode": "storage"}
    return [
        ("lovelace_dashboards", 1, 1, {"items": [{**about, "show_in_sidebar": True, "require_admin": False}]}),
        ("lovelace.demo", 1, 1, {"config": dashboard}),
        ("frontend.system_data", 1, 1, {"core": {"default_panel": DASHBOARD_PATH}}),
    ]


async def _write_documents(
    hass: HomeAssistant,
    *,
    name: str,
    port: int,
    entries: Sequence[Mapping[str, Any]],
    dashboard: Mapping[str, Any] | None,
) -> None:
    listen = {
        **HTTP_STORAGE_SCHEMA({"server_port": port, "server_host": ["127.0.0.1"]}),
        "created_at": dt_util.utcnow().isoformat(),
        "error": None,
        "error_message": None,
    }
    documents: list[Document] = [
        ("onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]}),
        ("http", 3, 1, {"stable": listen, "pending": None, "yaml_migration_done": True}),
        ("core.config_entries", 1, 5, {"entries": list(entries)}),
    ]
    if dashboard is not None:
        documents += _dashboard_documents(name, dashboard)
    for key, version, minor_version, document in documents:
        await Store[Mapping[str, Any]](hass, version, key, minor_version=minor_version).async_save(document)
