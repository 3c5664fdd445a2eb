"""What models do otherwise than OCPP says is data, applied to a station by what it says it is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, RawStation, central, charger, connected, setpoint
from tidewatt.drivers.ocpp.quirks import ENTRIES, Quirk, quirks_of, read_entries

ENTRY = """
- vendor: Acme
  model: "One*"
  firmware: "1.?"
  quirks: [no_tx_profile]
  reason: seen
  source: somewhere
- model: One
  quirks: [no_tx_profile, negative_limit]
  reason: seen
  source: somewhere
"""


@pytest.mark.parametrize(
    ("vendor", "model", "firmware", "expected"),
    [
        ("Acme", "One", "2.0", ["no_tx_profile", "negative_limit"]),
        ("ACME", "one plus", "1.7", ["no_tx_profile"]),
        ("Acme", "One plus", "1.72", []),
        ("Other", "One", "", ["no_tx_profile", "negative_limit"]),
        ("", "", "", []),
    ],
)
def test_entries_are_found_by_vendor_model_and_firmware(
    vendor: str, model: str, firmware: str, expected: list[str]
) -> None:
    assert list(quirks_of(vendor, model, firmware, read_entries(ENTRY))) == expected


@pytest.mark.parametrize(
    "document",
    [
        "- {vendor: Acme, quirks: [dances], reason: r, source: s}",
        "- {vendor: Acme, quirks: [], reason: r, source: s}",
        "- {quirks: [no_tx_profile], reason: r, source: s}",
        "- {vendor: Acme, quirks: [no_tx_profile], source: s}",
        "- {vendor: Acme, quirks: [no_tx_profile], reason: r, source: s, modle: One}",
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(document: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_entries(document)


def test_every_quirk_has_an_entry_and_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ocpp-quirks.md").read_text()
    for quirk in Quirk:
        assert any(quirk in entry.quirks for entry in ENTRIES), quirk
        assert f"`{quirk}`" in page, quirk
    for entry in ENTRIES:
        assert entry.source in page, entry


async def boot(station: RawStation, vendor: str, model: str, firmware: str = "1") -> None:
    if station.version == V16:
        said = {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": firmware}
        await station.call("BootNotification", said)
    else:
        said = {"vendorName": vendor, "model": model, "firmwareVersion": firmware}
        await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": said})


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_station_gets_the_quirks_of_its_model(version: str) -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        await boot(station, "Tidewatt", "Negative limits")
        assert rig.system.diagnostics()["CP-1"]["quirks"] == [Quirk.NEGATIVE_LIMIT]
        await boot(station, "Tidewatt", "Negative limits")
        assert rig.system.diagnostics()["CP-1"]["quirks"] == [Quirk.NEGATIVE_LIMIT]
        await boot(station, "Tidewatt", "Emulated station")
        assert rig.system.diagnostics()["CP-1"]["quirks"] == []
        await boot(station, "Timxon", "A0")
    async with central([charger()], store) as rig:
        shown = rig.system.diagnostics()["CP-1"]
        assert shown["quirks"] == [Quirk.NO_TX_PROFILE]
        assert shown["blocks"]["KnownQuirks"] == {"known": [Quirk.NO_TX_PROFILE]}


async def test_a_model_that_takes_no_tx_profile_is_limited_by_its_default() -> None:
    def answer(request: dict[str, dict[str, str]]) -> dict[str, str]:
        purpose = request["csChargingProfiles"]["chargingProfilePurpose"]
        return {"status": "Rejected" if purpose == "TxProfile" else "Accepted"}

    async with central([charger()]) as rig, connected(rig, answers={"SetChargingProfile": answer}) as station:
        await boot(station, "Timxon", "A0")
        await station.prepared()
        start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-11-20T10:00:00Z"}
        await station.call("StartTransaction", start)
        await rig.system.port("left").apply(setpoint(10))
        default = await station.next_profile("TxDefaultProfile")
        period = default["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]
        assert period["limit"] == 10
