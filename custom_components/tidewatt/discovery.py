"""OCPP stations that connect to a site without being configured there, offered as discovered devices."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
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
        return f"{self.entry_id}_{self.station_id}"


@callback
def async_offer(hass: HomeAssistant, entry_id: str, station: DiscoveredStation) -> None:
    """Offer a station. One that is being offered or ignored already is not offered again."""
    discovery = Discovery(entry_id=entry_id, station_id=station.station_id, remote=station.remote)
    discovery_flow.async_create_flow(
        hass, DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=asdict(discovery)
    )
