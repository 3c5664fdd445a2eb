"""Who may connect, in what version, and what happens to those who do not behave."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import ClientSession, WSCloseCode, WSMsgType, WSServerHandshakeError
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from tests.drivers_ocpp.ocpp_rig import V16, V201, Rig, basic_auth, central, charger, connected
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import DiscoveredStation
from tidewatt.site import CommandError, FaultCode

SECRET = "correct horse"  # noqa: S105 - a password of nobody
OTHER_SECRET = "battery staple"  # noqa: S105 - likewise


def url(rig: Rig, station_id: str = "CP-1") -> str:
    return f"http://127.0.0.1:{rig.system.bound_port}/ocpp/{station_id}"


async def refusal(rig: Rig, station_id: str = "CP-1", headers: dict[str, str] | None = None) -> int:
    """Return the HTTP status with which a connection is refused."""
    async with ClientSession() as client:
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect(url(rig, station_id), protocols=[V16], headers=headers)
    return caught.value.status


async def test_an_unknown_station_is_refused_and_discovered_once_in_a_while() -> None:
    now_s = [0.0]
    async with central([charger()], clock=lambda: now_s[0]) as rig:
        for _ in range(3):
            assert await refusal(rig, "CP-9", basic_auth("CP-9", SECRET)) == 404
        assert rig.discovered == [
            DiscoveredStation(station_id="CP-9", remote="127.0.0.1", subprotocols=(V16,), sent_password=True)
        ]
        now_s[0] += 61
        assert await refusal(rig, "CP-9") == 404
        assert [found.sent_password for found in rig.discovered] == [True, False]


@pytest.mark.parametrize("bad_id", ["", "x" * 65, "%00%07", "%0A"])
async def test_a_name_that_cannot_be_a_stations_is_refused_and_not_reported(bad_id: str) -> None:
    async with central([charger()]) as rig:
        async with ClientSession() as client:
            response = await client.get(f"http://127.0.0.1:{rig.system.bound_port}/{bad_id}")
        assert response.status == 404
        assert rig.discovered == []


async def test_the_station_id_is_percent_decoded() -> None:
    async with (
        central([charger(station_id="Bay 1/a")]) as rig,
        ClientSession() as client,
        client.ws_connect(f"http://127.0.0.1:{rig.system.bound_port}/Bay%201%2Fa/", protocols=[V16]),
    ):
        assert rig.system.diagnostics()["Bay 1/a"]["connected"]


@pytest.mark.parametrize(
    "headers",
    [None, basic_auth("CP-1", "wrong"), basic_auth("CP-1", ""), basic_auth("CP-2", SECRET), basic_auth("", SECRET)],
    ids=["none", "wrong", "empty", "other user", "no user"],
)
async def test_a_missing_or_wrong_password_is_refused(headers: dict[str, str] | None) -> None:
    async with central([charger(password=SECRET)]) as rig:
        assert await refusal(rig, headers=headers) == 401
        assert rig.system.diagnostics()["CP-1"]["refused_connections"] == 1
        assert [(fault.code, fault.subject_id) for fault in rig.faults] == [(FaultCode.ACCESS_DENIED, "left")]


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer x", "Basic Og==", "Basic " + "A" * 999])
async def test_a_broken_authorization_header_is_refused(header: str) -> None:
    async with central([charger(password=SECRET)]) as rig, ClientSession() as client:
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect(url(rig), protocols=[V16], headers={"Authorization": header})
        assert caught.value.status == 401


async def test_the_right_password_is_admitted_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with central([charger(password=SECRET)]) as rig:
            await refusal(rig, headers=basic_auth("CP-1", "a wrong one"))
            async with connected(rig, password=SECRET) as station:
                await station.boot()
                shown = json.dumps(rig.system.diagnostics()) + repr(rig.faults) + caplog.text
    assert SECRET not in shown
    assert "a wrong one" not in shown


@pytest.mark.parametrize(
    "lines",
    [
        "Sec-WebSocket-Key: \xe9\xe9\r\nSec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: \xe9",
        "Authorization: Basic\x00c2VjcmV0",
    ],
)
async def test_a_malformed_request_is_refused_and_nothing_of_it_is_logged(
    lines: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = f"GET /CP-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{lines}\r\n\r\n"
    with caplog.at_level(logging.DEBUG):
        async with central([charger()]) as rig:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.system.bound_port)
            writer.write(request.encode("latin-1"))
            assert b" 400 " in await reader.readline()
            writer.close()
    assert "c2VjcmV0" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_key_in_hexadecimal_is_admitted_raw_and_decoded() -> None:
    key = "48656c6c6f20776f726c6421"
    async with central([charger(password=key)]) as rig:
        for sent in (key, bytes.fromhex(key).decode()):
            async with connected(rig, password=sent) as station:
                assert (await station.boot())["status"] == "Accepted"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [([V16, V201], V201), ([V16], V16), (["ocpp2.1", V201], "ocpp2.1"), (["ocpp1.5", V16], V16)],
)
async def test_the_best_common_version_is_chosen(offered: list[str], chosen: str) -> None:
    async with (
        central([charger()]) as rig,
        ClientSession() as client,
        client.ws_connect(url(rig), protocols=offered) as socket,
    ):
        assert socket.protocol == chosen


@pytest.mark.parametrize("offered", [["ocpp1.5"], []])
async def test_without_a_common_version_the_handshake_is_completed_and_the_socket_closed(offered: list[str]) -> None:
    async with central([charger()]) as rig, ClientSession() as client:
        async with client.ws_connect(url(rig), protocols=offered) as socket:
            assert socket.protocol is None
            assert (await socket.receive()).type is WSMsgType.CLOSE
        assert not rig.state().online


async def test_garbage_is_answered_and_counted_and_the_station_stays_connected() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        for garbage in ("", "null", "[2]", '[2,"x"]', '[9,"x"]', "{" * 2000):
            await station.socket.send_str(garbage)
        await station.socket.send_bytes(b"\x00\xff")
        assert "currentTime" in await station.call("Heartbeat", {})
        counters = rig.system.diagnostics()["CP-1"]["counters"]
        assert (counters["malformed"], counters["unknown_types"]) == (6, 1)


async def test_payloads_full_of_nonsense_do_no_harm() -> None:
    nonsense: list[Any] = [None, 0, -1, 2**70, 1e308, "x" * 300, [], {}, [[]], {"x": {}}, True]
    async with central([charger()], frames_burst=5000) as rig:
        for version in (V16, V201):
            async with connected(rig, version=version) as station:
                for action in ("StatusNotification", "MeterValues", "StartTransaction", "TransactionEvent"):
                    for value in nonsense:
                        keys = ("connectorId", "evseId", "evse", "idTag", "meterStart", "timestamp", "transactionInfo")
                        more = ("status", "connectorStatus", "meterValue", "eventType", "idToken", "transactionId")
                        payload = dict.fromkeys((*keys, *more), value)
                        await station.socket.send_str(json.dumps([2, "n", action, payload]))
                assert "currentTime" in await station.call("Heartbeat", {})
                assert rig.system.diagnostics()["CP-1"]["counters"]["handler_errors"] == 0
        assert rig.state().session is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
plausible = {
    "connectorId": st.sampled_from([0, 1, 2]) | json_values,
    "evseId": st.just(1) | json_values,
    "evse": st.fixed_dictionaries({"id": st.just(1) | json_values}) | json_values,
    "status": st.sampled_from(["Preparing", "Charging", "Available"]) | json_values,
    "connectorStatus": st.sampled_from(["Occupied", "Available"]) | json_values,
    "idTag": st.just("CARD") | json_values,
    "idToken": st.fixed_dictionaries({"idToken": json_values}) | json_values,
    "meterStart": st.integers(-10, 10**9) | json_values,
    "meterStop": st.integers(-10, 10**9) | json_values,
    "timestamp": st.sampled_from(["2026-11-20T10:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    | json_values,
    "transactionId": st.integers(0, 3) | json_values,
    "transactionInfo": st.fixed_dictionaries({"transactionId": st.sampled_from("abc"), "chargingState": json_values})
    | json_values,
    "eventType": st.sampled_from(["Started", "Updated", "Ended"]) | json_values,
    "meterValue": st.lists(
        st.fixed_dictionaries(
            {"timestamp": json_values, "sampledValue": st.lists(st.fixed_dictionaries({"value": json_values}))}
        )
    )
    | json_values,
}
actions = st.sampled_from(
    [
        *("Authorize", "BootNotification", "Heartbeat", "MeterValues", "StartTransaction"),
        *("StatusNotification", "StopTransaction", "TransactionEvent"),
    ]
)
hostile_calls = st.lists(st.tuples(actions, st.fixed_dictionaries({}, optional=plausible)), max_size=20)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(version=st.sampled_from([V16, V201]), calls=hostile_calls)
async def test_whatever_a_station_says_breaks_no_handler(version: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    async with central([charger()], meter_interval_s=1) as rig, connected(rig, version=version) as station:
        for number, (action, payload) in enumerate(calls):
            await station.socket.send_str(json.dumps([2, str(number), action, payload]))
        assert "currentTime" in await station.call("Heartbeat", {})
        assert rig.system.diagnostics()["CP-1"]["counters"]["handler_errors"] == 0
        energies = [state.energy_wh for state in rig.states if state.energy_wh is not None]
        assert energies == sorted(energies)


async def test_an_oversize_message_ends_the_connection() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await station.socket.send_str("x" * 300_000)
        async with asyncio.timeout(PATIENCE_S):
            await station.ended.wait()
        assert station.socket.close_code == WSCloseCode.MESSAGE_TOO_BIG


async def test_a_flood_is_cut_off_with_a_fault_and_others_are_served() -> None:
    chargers = [charger("left"), charger("right", station_id="CP-2")]
    async with (
        central(chargers, frames_burst=50, frames_per_s=300) as rig,
        connected(rig, "CP-2") as calm,
        connected(rig) as loud,
    ):
        for number in range(3000):
            if loud.socket.closed:
                break
            await loud.socket.send_str(json.dumps([2, str(number), "Heartbeat", {}]))
        await rig.until(lambda: FaultCode.PAYLOAD_INVALID in {fault.code for fault in rig.faults})
        assert {fault.subject_id for fault in rig.faults} == {"left"}
        assert "currentTime" in await calm.call("Heartbeat", {})


async def test_stopping_tells_the_stations_that_we_go_away() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await rig.system.stop()
        assert station.socket.close_code == WSCloseCode.GOING_AWAY
        await rig.system.stop()


async def test_chargers_are_added_changed_and_removed_without_disturbing_others() -> None:
    stays, added = charger("left"), charger("third", station_id="CP-3")
    async with (
        central([stays, charger("right", station_id="CP-2", password=SECRET)]) as rig,
        connected(rig) as left,
        connected(rig, "CP-2", password=SECRET) as right,
    ):
        await left.boot()
        rig.system.update_chargers([stays, charger("right", station_id="CP-2", password=OTHER_SECRET), added])
        async with asyncio.timeout(PATIENCE_S):
            await right.ended.wait()
        assert await refusal(rig, "CP-2", basic_auth("CP-2", SECRET)) == 401
        async with connected(rig, "CP-2", password=OTHER_SECRET), connected(rig, "CP-3"):
            rig.system.update_chargers([stays])
        assert await refusal(rig, "CP-3") == 404
        assert "currentTime" in await left.call("Heartbeat", {})
        with pytest.raises(CommandError, match="not configured"):
            await rig.system.port("third").start()


async def test_a_station_that_answers_no_ping_is_offline() -> None:
    async with central([charger()], ping_interval_s=0.1) as rig:
        _, writer = await asyncio.open_connection("127.0.0.1", rig.system.bound_port)
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        upgrade = f"Connection: Upgrade\r\nUpgrade: websocket\r\n{key}Sec-WebSocket-Protocol: {V16}\r\n"
        writer.write(f"GET /CP-1 HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
        await rig.until_state(lambda state: state.online)
        await rig.until_state(lambda state: not state.online)
        writer.close()


async def test_it_can_be_configured_before_and_started_again_after() -> None:
    async with central([charger()]) as rig:
        await rig.system.stop()
        rig.system.update_chargers([charger(), charger("right", station_id="CP-2")])
        await rig.system.start()
        async with connected(rig, "CP-2") as station:
            await station.boot()
            assert rig.state("right").online


async def test_a_new_safe_current_is_installed_at_once() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        rig.system.update_chargers([charger(safe_a=0)])
        request = await station.next_profile("TxDefaultProfile")
        schedule = request["csChargingProfiles"]["chargingSchedule"]
        assert schedule["chargingSchedulePeriod"][0]["limit"] == 0


async def test_a_port_that_is_taken_is_an_error() -> None:
    async with central([charger()]) as rig:
        with pytest.raises(OSError, match="address already in use"):
            async with central([charger()], port=rig.system.bound_port):
                pass
