"""OCPP stations that connect to a site without being configured there, offered as discovered devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow

from tidewatt.drivers.ocpp import DiscoveredStation

from .const import DOMAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A station and the entry of the site it connected to: what a discovery flow begins with."""

    entry_id: str
    station_id: str
    remote: str

    @property
    def unique_id(self) -> str:
        """The id under which people can ignore the station."""
        return _unique_id(self.entry_id, self.station_id)


@callback
def async_offer(hass: HomeAssistant, entry_id: str, station: DiscoveredStation) -> None:
    """Offer a station. One that is being offered or ignored already is not offered again."""
    discovery = Discovery(entry_id=entry_id, station_id=station.station_id, remote=station.remote)
    discovery_flow.async_create_flow(
        hass, DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=asdict(discovery)
    )


@callback
def async_withdraw(hass: HomeAssistant, entry_id: str, station_id: str) -> None:
    """Withdraw the offer of a station that was configured by hand."""
    _withdraw(hass, lambda unique_id: unique_id == _unique_id(entry_id, station_id))


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Withdraw every offer of a site that is gone, and forget which stations were ignored there."""
    prefix = _unique_id(entry_id, "")
    _withdraw(hass, lambda unique_id: unique_id.startswith(prefix))
    for ignored in hass.config_entries.async_entries(DOMAIN):
        if ignored.source == SOURCE_IGNORE and (ignored.unique_id or "").startswith(prefix):
            await hass.config_entries.async_remove(ignored.entry_id)


def _withdraw(hass: HomeAssistant, applies: Callable[[str], bool]) -> None:
    flows = hass.config_entries.flow
    for flow in flows.async_progress_by_handler(DOMAIN, match_context={"source": SOURCE_INTEGRATION_DISCOVERY}):
        if applies(flow["context"]["unique_id"] or ""):
            flows.async_abort(flow["flow_id"])


def _unique_id(entry_id: str, station_id: str) -> str:
    return f"{entry_id}_{station_id}"
