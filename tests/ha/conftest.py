"""A real site inside Home Assistant: real sockets on loopback, an emulated meter and stations that tests play."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.tidewatt.const import DOMAIN
from custom_components.tidewatt.document import entry_from_site
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import until
from tests.ports import free_port
from tidewatt.emulators.meters import MeterServer, MeterUnit, sdm630_image
from tidewatt.emulators.physics.world import MeterSample
from tidewatt.site.schema import load_site

LOOPBACK = "127.0.0.1"
ENTRY_ID = "01JTIDEWATTSITE0000000000"

type Connect = Callable[..., Awaitable[Station]]


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Keep what a site remembers in a folder of the test."""
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
def _real_surroundings(enable_custom_integrations: None, socket_enabled: None) -> None:
    """Let Home Assistant find the integration, and the integration its hardware on loopback."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Know how to show what Home Assistant keeps."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


class GridMeter:
    """An SDM630 on Modbus TCP that shows what a test tells it."""

    def __init__(self) -> None:
        self.current_a = (1.0, 2.0, 3.0)
        self.unit = MeterUnit("grid", lambda: sdm630_image(self.sample()))
        self._server = MeterServer(LOOPBACK, 0, {1: self.unit})

    def sample(self) -> MeterSample:
        """Return what the meter measures now."""
        return MeterSample(
            current_a=self.current_a, voltage_v=(230.0, 230.0, 230.0), import_wh=12_345.0, export_wh=678.0
        )

    @property
    def port(self) -> int:
        """The port the meter answers at."""
        return self._server.bound_port

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def stop(self) -> None:
        """Hang up."""
        await self._server.stop()


@pytest.fixture
async def grid_meter(socket_enabled: None) -> AsyncIterator[GridMeter]:
    """A grid meter that answers."""
    meter = GridMeter()
    await meter.start()
    yield meter
    await meter.stop()


@pytest.fixture
def ocpp_port(socket_enabled: None) -> int:
    """The port at which the site listens for stations."""
    return free_port()


@pytest.fixture
def document(grid_meter: GridMeter, ocpp_port: int) -> dict[str, Any]:
    """Describe the site: a grid meter, a garage with a charger, one on one phase that gives back, and a vehicle."""
    return {
        "site": {"name": "Harbour Street 7", "phases": 3, "voltage_v": 230, "main_fuse_a": 25},
        "circuits": [{"id": "garage", "name": "Garage", "parent": "main", "limit_a": 20}],
        "meters": [
            {
                "id": "grid",
                "name": "Grid meter",
                "circuit": "main",
                "tolerance_s": 5,
                "modbus": {"host": LOOPBACK, "port": grid_meter.port, "unit": 1, "map": "sdm630", "interval_s": 0.2},
            }
        ],
        "chargers": [
            {
                "id": "left",
                "name": "Left bay",
                "circuit": "garage",
                "phases": ["L2", "L3", "L1"],
                "mode": "fast",
                "ocpp": {"station": "CP-1", "password": "left-password-1", "id_tags": ["BEEF"]},
            },
            {
                "id": "right",
                "name": "Right bay",
                "circuit": "main",
                "phases": ["L3"],
                "weight": 2,
                "mode": "off",
                "discharge_maximum_a": 12,
                "ocpp": {"station": "CP-2", "password": "right-password-1"},
            },
        ],
        "vehicles": [
            {"id": "zoe", "name": "Zoe", "charger": "left", "battery_kwh": 52, "soc_entity": "sensor.zoe_soc"}
        ],
        "ocpp": {"host": LOOPBACK, "port": ocpp_port},
    }


def device_of(hass: HomeAssistant, part_id: str) -> dr.DeviceEntry | None:
    """Return the device of a part of the site, if it has one."""
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"{ENTRY_ID}_{part_id}"), ENTRY_ID)


def entry_of(document: dict[str, Any], entry_id: str = ENTRY_ID) -> MockConfigEntry:
    """Return the config entry of a site."""
    parts = entry_from_site(load_site(document))
    return MockConfigEntry(
        domain=DOMAIN, entry_id=entry_id, title=parts.title, data=parts.data, subentries_data=parts.subentries
    )


@pytest.fixture
def entry(hass: HomeAssistant, document: dict[str, Any]) -> MockConfigEntry:
    """The site's config entry, not set up."""
    entry = entry_of(document)
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def running(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """The site's config entry, running, with a first cycle done. Unloaded before its meter hangs up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until(hass, "select.left_bay_mode", lambda state: state.state != STATE_UNAVAILABLE)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def connect(ocpp_port: int) -> AsyncIterator[Connect]:
    """Connect stations to the site; they hang up when the test is over."""
    async with AsyncExitStack() as stack:

        async def connect(station_id: str, password: str | None = None) -> Station:
            url = f"ws://{LOOPBACK}:{ocpp_port}"
            return await stack.enter_async_context(Station.connected(url, station_id, password))

        yield connect
