"""Passwords that change without locking anybody out (A01), and stations that go to a higher security profile (A05)."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from aiohttp import WSServerHandshakeError
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pki import client_context, new_key, request
from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, RawStation, Rig, central, charger, connected
from tidewatt.drivers.ocpp import Credentials
from tidewatt.site import CommandError, OcppListener, TlsListener

V21 = "ocpp2.1"
VERSIONS = [V16, V201, V21]
OLD = "the-old-password-of-CP-1"
LISTENER = OcppListener(port=0, tls=TlsListener(port=0, names=("127.0.0.1",)))
TAKES: dict[str, Any] = {
    "CertificateSigned": {"status": "Accepted"},
    "ExtendedTriggerMessage": {"status": "Accepted"},
    "GetInstalledCertificateIds": {"status": "NotFound"},
    "InstallCertificate": {"status": "Accepted"},
    "SetNetworkProfile": {"status": "Accepted"},
}


def credentials(rig: Rig) -> Credentials:
    return rig.system.station("left").block(Credentials)


def set_variables(status: str) -> Any:
    """Return a script that answers SetVariables with one status for everything."""

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        rows = [{k: row[k] for k in ("component", "variable")} for row in payload["setVariableData"]]
        return {"setVariableResult": [row | {"attributeStatus": status} for row in rows]}

    return answer


def answering(version: str, status: str) -> dict[str, Any]:
    return TAKES | {"ChangeConfiguration": {"status": status}, "SetVariables": set_variables(status)}


async def password_sent(station: RawStation) -> str:
    """Return the next password that the station is told."""
    while True:
        if station.version == V16:
            change = await station.next_asked("ChangeConfiguration")
            if change["key"] == "AuthorizationKey":
                return str(change["value"])
        else:
            for row in (await station.next_asked("SetVariables"))["setVariableData"]:
                if row["variable"]["name"] == "BasicAuthPassword":
                    return str(row["attributeValue"])


async def is_let_in(rig: Rig, version: str, password: str | bytes) -> bool:
    try:
        async with connected(
            rig, version=version, password=password, answers=answering(version, "Accepted")
        ) as station:
            await station.boot()
    except WSServerHandshakeError as error:
        if error.status != 401:
            raise
        return False
    return True


@shows("A01.FR.07", ocpp="1.6")
@shows("A00.FR.205", ocpp=("1.6", "2.0.1", "2.1"))
@pytest.mark.parametrize("version", VERSIONS)
async def test_old_and_new_count_until_the_new_one_is_used(version: str) -> None:
    store = DictStore()
    async with central([charger(password=OLD)], store) as rig:
        async with connected(rig, version=version, password=OLD, answers=answering(version, "Accepted")) as station:
            await station.boot()
            await credentials(rig).rotate_password()
            new = await password_sent(station)
        assert re.fullmatch(r"[0-9A-F]{40}" if version == V16 else r"[0-9A-Za-z]{40}", new)
        assert await is_let_in(rig, version, OLD)
        assert await is_let_in(rig, version, bytes.fromhex(new) if version == V16 else new)
        assert not await is_let_in(rig, version, OLD)
    async with central([charger(password=OLD)], store) as rig:
        assert await is_let_in(rig, version, new)
        assert not await is_let_in(rig, version, OLD)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_new_password_is_stored_before_it_is_sent(version: str) -> None:
    store = DictStore()
    stored: list[bool] = []

    def look(payload: dict[str, Any]) -> dict[str, Any]:
        sent = re.findall(r'"(?:value|attributeValue)": "([0-9A-Za-z]{40})"', json.dumps(payload))
        if sent:
            stored.append(sent[0] in store.documents["ocpp_passwords"])
        return {"status": "Accepted"} if version == V16 else set_variables("Accepted")(payload)

    answers = TAKES | {"ChangeConfiguration": look, "SetVariables": look}
    async with (
        central([charger(password=OLD)], store) as rig,
        connected(rig, version=version, password=OLD, answers=answers) as station,
    ):
        await station.boot()
        await credentials(rig).rotate_password()
        assert stored == [True]


@shows("A01.FR.05", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_refuses_keeps_its_password(version: str) -> None:
    async with central([charger(password=OLD)]) as rig:
        async with connected(rig, version=version, password=OLD, answers=answering(version, "Rejected")) as station:
            await station.boot()
            with pytest.raises(CommandError, match="changing its password failed: Rejected"):
                await credentials(rig).rotate_password()
            refused = await password_sent(station)
        assert not await is_let_in(rig, version, refused)
        assert await is_let_in(rig, version, OLD)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_goes_away_without_an_answer_may_come_with_either(version: str) -> None:
    silent = answering(version, "Accepted") | {"ChangeConfiguration": None, "SetVariables": None}
    async with central([charger(password=OLD)]) as rig:
        async with connected(rig, version=version, password=OLD, answers=silent) as station:
            await station.boot()
            rotating = asyncio.create_task(credentials(rig).rotate_password())
            new = await password_sent(station)
        with pytest.raises(CommandError, match="Old and new password count"):
            await rotating
        assert await is_let_in(rig, version, OLD)
        assert await is_let_in(rig, version, new)


async def test_a_refusal_that_quotes_the_password_does_not_spread_it(caplog: pytest.LogCaptureFixture) -> None:
    async with central([charger(password=OLD)]) as rig, connected(rig, password=OLD) as station:
        await station.boot()

        async def quoting(message_id: str, action: str, payload: dict[str, Any]) -> None:
            station.asked.append((action, payload))
            station.was_asked.set()
            await station.socket.send_str(json.dumps([4, message_id, "GenericError", json.dumps(payload), payload]))

        station._answer = quoting  # type: ignore[method-assign] # it answers differently this once
        with pytest.raises(CommandError) as caught:
            await credentials(rig).rotate_password()
        secret = await password_sent(station)
        assert secret not in caplog.text + str(caught.value) + repr(caught.value.__cause__) + repr(rig.faults)


async def test_a_password_that_a_person_configures_replaces_a_changed_one() -> None:
    store = DictStore()
    async with central([charger(password=OLD)], store) as rig:
        async with connected(rig, password=OLD) as station:
            await station.boot()
            await credentials(rig).rotate_password()
            changed = await password_sent(station)
        assert await is_let_in(rig, V16, changed)
        rig.system.update_chargers([charger(password="chosen-by-a-person")])  # noqa: S106 - a password of nobody
        assert await is_let_in(rig, V16, "chosen-by-a-person")
        assert not await is_let_in(rig, V16, changed)


async def test_a_station_without_password_gets_its_first_one() -> None:
    async with central([charger()]) as rig:
        async with connected(rig) as station:
            await station.boot()
            await credentials(rig).rotate_password()
            new = await password_sent(station)
        async with connected(rig) as station:
            await station.boot()  # it has not used the new one yet
        assert await is_let_in(rig, V16, new)
        with pytest.raises(WSServerHandshakeError):
            async with connected(rig):
                pass


async def test_a_station_that_is_not_there_is_told_of() -> None:
    async with central([charger(password=OLD)]) as rig:
        with pytest.raises(CommandError, match="it is not connected"):
            await credentials(rig).rotate_password()


@shows("A05.FR.07", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", [V201, V21])
async def test_a_2_x_station_is_moved_by_a_network_profile_that_goes_first(version: str) -> None:
    present = {"getVariableResult": [priority("1,2")]}
    answers = answering(version, "Accepted") | {"GetVariables": present}
    async with central([charger(password=OLD)], listener=LISTENER) as rig:
        async with connected(rig, version=version, password=OLD, answers=answers) as station:
            await station.boot()
            await credentials(rig).raise_profile(2)
            assert station.count("InstallCertificate") == 1
            profile = await station.next_asked("SetNetworkProfile")
            assert profile["configurationSlot"] == 3
            assert profile["connectionData"]["securityProfile"] == 2
            assert profile["connectionData"]["ocppCsmsUrl"] == f"wss://127.0.0.1:{rig.system.security.tls_port}"
            [row] = [
                row
                for action, payload in station.asked
                if action == "SetVariables"
                for row in payload["setVariableData"]
                if row["variable"]["name"] == "NetworkConfigurationPriority"
            ]
            assert row["attributeValue"] == "3,1,2"
            assert await station.next_asked("Reset") == {"type": "OnIdle"}
        # Until it came with the higher one the lower one counts: the station may have to fall back.
        assert await is_let_in(rig, version, OLD)
        tls = client_context(rig.system.security.root_of_server())
        async with connected(rig, version=version, password=OLD, tls=tls) as station:
            await station.boot()
        with pytest.raises(WSServerHandshakeError):
            async with connected(rig, version=version, password=OLD):
                pass


async def test_a_1_6_station_is_moved_by_its_configuration_key() -> None:
    async with (
        central([charger(password=OLD)], listener=LISTENER) as rig,
        connected(rig, password=OLD, answers=TAKES) as station,
    ):
        await station.boot()
        moving = asyncio.create_task(credentials(rig).raise_profile(3))
        await station.next_asked("ExtendedTriggerMessage")
        await station.call("SignCertificate", {"csr": request(new_key(), "CP-1")})
        await moving
        changes = [payload for action, payload in station.asked if action == "ChangeConfiguration"]
        assert changes[-1] == {"key": "SecurityProfile", "value": "3"}


@pytest.mark.parametrize(("profile", "why"), [(1, "it is at 1, and only goes up"), (0, "goes up"), (4, "at most to 3")])
async def test_it_only_goes_up(profile: int, why: str) -> None:
    async with central([charger(password=OLD)], listener=LISTENER) as rig, connected(rig, password=OLD) as station:
        await station.boot()
        with pytest.raises(CommandError, match=why):
            await credentials(rig).raise_profile(profile)


async def test_without_tls_nobody_is_moved_to_it() -> None:
    async with central([charger(password=OLD)]) as rig, connected(rig, password=OLD) as station:
        await station.boot()
        with pytest.raises(CommandError, match=r"describe it under 'ocpp\.tls'"):
            await credentials(rig).raise_profile(2)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_refuses_to_move_is_told_of(version: str) -> None:
    answers = answering(version, "Rejected") | {"GetVariables": {"getVariableResult": [priority("1")]}}
    async with (
        central([charger(password=OLD)], listener=LISTENER) as rig,
        connected(rig, version=version, password=OLD, answers=answers) as station,
    ):
        await station.boot()
        with pytest.raises(CommandError, match="Rejected"):
            await credentials(rig).raise_profile(2)
        assert station.count("Reset") == 0


def priority(value: str) -> dict[str, Any]:
    names = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    return names | {"attributeStatus": "Accepted", "attributeValue": value}
