"""Stations older than OCPP 2.1 that discharge on negative limits: a quirk, and as safe as the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers_ocpp.ocpp_profile_station import Keeper, limits, obeying
from tests.drivers_ocpp.ocpp_rig import V16, V201, Rig, central, charger, limit_of, profile_of, setpoint
from tests.drivers_ocpp.test_ocpp_v2x_troubles import remembered_with_the_quirk, soc
from tidewatt.ocpp.charging import Abilities, Purpose, Ruleset
from tidewatt.site import CommandError

VERSIONS = [(V16, Ruleset.V16), (V201, Ruleset.V201)]


async def discharging(rig: Rig, keeper: Keeper, version: str, current_a: float) -> None:
    """Bring a session to where it may discharge, and have it do so."""
    assert keeper.station is not None
    await soc(keeper.station, version, 70)
    await rig.until_state(lambda state: state.discharge_maximum_a is not None)
    await rig.system.port("left").apply(setpoint(current_a))


@pytest.mark.parametrize(("version", "rules"), VERSIONS)
async def test_a_negative_setpoint_is_a_negative_limit_that_ends_by_itself(version: str, rules: Ruleset) -> None:
    store = await remembered_with_the_quirk(version)
    keeper = Keeper(rules, Abilities(negative_limits=True))
    chargers = [charger(discharge_maximum_a=8, safe_a=6)]
    async with central(chargers, store) as rig, obeying(rig, keeper) as station:
        await discharging(rig, keeper, version, -5.0)
        request = await station.next_profile("TxProfile")
        while limit_of(request) >= 0:
            request = await station.next_profile("TxProfile")
        assert limit_of(request) == -5.0
        assert keeper.limit().setpoint_a == -5
        for after_s, discharge_a, current_a in ((100, 5, 0), (130, 0, 6), (86_400, 0, 6)):
            assert (keeper.limit(after_s).discharge_a, keeper.limit(after_s).current_a) == (discharge_a, current_a)
            expected = limits(rig).expected(1, after_s=after_s)
            assert expected is not None
            assert (expected.discharge_a, expected.current_a) == (discharge_a, current_a)


@pytest.mark.parametrize(("version", "rules"), VERSIONS)
async def test_no_default_ever_has_a_negative_limit(version: str, rules: Ruleset) -> None:
    store = await remembered_with_the_quirk(version)
    no_tx = frozenset(Purpose) - {Purpose.TX}
    keeper = Keeper(rules, Abilities(negative_limits=True, purposes=no_tx))
    async with central([charger(discharge_maximum_a=8)], store) as rig, obeying(rig, keeper) as station:
        with pytest.raises(CommandError, match="Rejected"):
            await discharging(rig, keeper, version, -5.0)
        sent = [request for action, request in station.asked if action == "SetChargingProfile"]
        purposes = {profile_of(request)["chargingProfilePurpose"] for request in sent if limit_of(request) < 0}
        assert purposes == {"TxProfile"}
        assert keeper.limit().discharge_a == 0


@pytest.mark.parametrize(("version", "rules"), [*VERSIONS, ("ocpp2.1", Ruleset.V21)])
async def test_a_station_that_takes_no_more_txprofiles_does_not_go_on_with_the_last(
    version: str, rules: Ruleset
) -> None:
    keeper = Keeper(rules)
    async with central([charger(safe_a=6)]) as rig, obeying(rig, keeper) as station:
        await rig.system.port("left").apply(setpoint(16))
        assert keeper.limit().current_a == 16
        install = station.answers["SetChargingProfile"]

        def no_tx(request: dict[str, Any]) -> Any:
            is_tx = profile_of(request)["chargingProfilePurpose"] == "TxProfile"
            return {"status": "Rejected"} if is_tx else install(request)

        station.answers["SetChargingProfile"] = no_tx
        await rig.system.port("left").apply(setpoint(8))
        assert keeper.limit().current_a == 8, version


@pytest.mark.parametrize(("version", "rules"), VERSIONS)
async def test_a_station_that_takes_no_more_txprofiles_stops_to_discharge(version: str, rules: Ruleset) -> None:
    store = await remembered_with_the_quirk(version)
    keeper = Keeper(rules, Abilities(negative_limits=True))
    async with central([charger(discharge_maximum_a=8, safe_a=6)], store) as rig, obeying(rig, keeper) as station:
        await discharging(rig, keeper, version, -5.0)
        assert keeper.limit().discharge_a == 5
        install = station.answers["SetChargingProfile"]

        def no_tx(request: dict[str, Any]) -> Any:
            is_tx = profile_of(request)["chargingProfilePurpose"] == "TxProfile"
            return {"status": "Rejected"} if is_tx else install(request)

        station.answers["SetChargingProfile"] = no_tx
        await rig.system.port("left").apply(setpoint(0))
        assert (keeper.limit().discharge_a, keeper.limit().current_a) == (0, 0)
