"""The page about OCPP names every message of every version, and says what is served as it is."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
import re

import pytest

from tests.drivers_ocpp.ocpp_rig import V16, V21, V201, RawStation, central, charger, connected

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ocpp.md").read_text()
FOLDERS = {V16: "v16", V201: "v201", V21: "v21"}
ALL = pytest.mark.parametrize("version", [V16, V201, V21])


def messages(version: str) -> set[str]:
    """Return the names of all messages of a version."""
    spec = find_spec("ocpp")
    assert spec is not None
    [folder] = spec.submodule_search_locations or []
    names = {path.stem.removesuffix("Request") for path in (Path(folder) / FOLDERS[version] / "schemas").glob("*.json")}
    return {name for name in names if not name.endswith("Response")}


def in_rows(pattern: str) -> set[str]:
    """Return the messages that are named in the first cell of the table rows that match."""
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|") and re.search(pattern, line)]
    return {name for cell in cells for name in re.findall(r"[A-Z][A-Za-z0-9]+", cell)}


@ALL
def test_every_message_is_named(version: str) -> None:
    assert messages(version) - in_rows("") == set()


@ALL
async def test_messages_are_served_as_the_page_says(version: str) -> None:
    by_stations = {name for name in in_rows(r"\| CS \|") if name != "NotifyPeriodicEventStream"}  # it is no call
    not_used = {"BatterySwap", "NotifySettlement", "NotifyWebPaymentStarted", "VatNumberValidation"}
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        known = sorted(messages(version) & (by_stations | not_used))
        refused = {name for name in known if await is_refused(station, name)}
    assert refused == not_used & messages(version)


async def is_refused(station: RawStation, name: str) -> bool:
    """Tell whether a message is not served, whatever else is wrong with an empty one."""
    try:
        await station.call(name, {})
    except AssertionError as error:
        return "NotSupported" in str(error) or "NotImplemented" in str(error)
    return False
