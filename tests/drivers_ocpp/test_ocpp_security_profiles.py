"""Security profiles 1 to 3 on real TLS sockets: who is let in, who is not, and what is said about it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
import json
from pathlib import Path
import socket
import ssl

from aiohttp import ClientError, ClientSession, WSServerHandshakeError
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pki import (
    ForeignAuthority,
    client_context,
    key_pem,
    new_key,
    request,
    rsa_server,
)
from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, Rig, basic_auth, central, charger, connected
from tidewatt.site import Charger, FaultCode, OcppListener, SiteError, TlsListener

V21 = "ocpp2.1"
PASSWORD = "correct-horse-battery"  # noqa: S105 - a password of nobody
VERSIONS = [V16, V201, V21]


NAMES = ("localhost", "127.0.0.1")


def listener(*, certificate: str | None = None, key: str | None = None, trusted: str | None = None) -> OcppListener:
    """Return a listener on free ports, with a certificate of the local authority unless another is given."""
    names = NAMES if certificate is None else ()
    tls = TlsListener(port=0, names=names, certificate=certificate, key=key, trusted=trusted)
    return OcppListener(port=0, tls=tls)


async def own_context(rig: Rig, station_id: str = "CP-1", *, newest: bool = True) -> ssl.SSLContext:
    """Return the TLS side of a station with a certificate of the local authority."""
    key = new_key()
    certificate, _ = await rig.system.security.of(station_id).sign(request(key, station_id))
    return client_context(rig.system.security.root_of_server(), certificate, key, newest=newest)


def root_context(rig: Rig, *, newest: bool = True) -> ssl.SSLContext:
    return client_context(rig.system.security.root_of_server(), newest=newest)


async def refused(rig: Rig, tls: ssl.SSLContext, password: str | None = None) -> str:
    """Connect in vain, and return the detail of the fault that says why."""
    headers = basic_auth("CP-1", password) if password is not None else {}
    url = f"https://127.0.0.1:{rig.system.security.tls_port}/CP-1"
    async with ClientSession() as client:
        with pytest.raises((ClientError, OSError)):
            await client.ws_connect(url, protocols=[V201], headers=headers, ssl=tls)
    await rig.until(lambda: bool(rig.faults))
    assert {(fault.code, fault.subject_id) for fault in rig.faults} == {(FaultCode.ACCESS_DENIED, "left")}
    return rig.faults[-1].detail


@shows("A00.FR.204", "A00.FR.303", ocpp="1.6")
@shows("A00.FR.204", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("newest", [True, False], ids=["TLS 1.3", "TLS 1.2"])
async def test_profile_2_is_a_password_inside_tls(version: str, newest: bool) -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        tls = root_context(rig, newest=newest)
        async with connected(rig, version=version, password=PASSWORD, tls=tls) as station:
            assert (await station.boot())["status"] == "Accepted"


@shows("A00.FR.401", "A00.FR.402", "A00.FR.403", ocpp=("1.6", "2.0.1", "2.1"))
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("newest", [True, False], ids=["TLS 1.3", "TLS 1.2"])
async def test_profile_3_is_a_certificate_of_the_station(version: str, newest: bool) -> None:
    async with central([charger(security_profile=3)], listener=listener()) as rig:
        tls = await own_context(rig, newest=newest)
        async with connected(rig, version=version, tls=tls) as station:
            assert (await station.boot())["status"] == "Accepted"


async def test_plain_and_encrypted_stations_are_served_side_by_side() -> None:
    chargers = [charger(), charger("right", station_id="CP-2", password=PASSWORD, security_profile=2)]
    async with (
        central(chargers, listener=listener()) as rig,
        connected(rig) as plain,
        connected(rig, "CP-2", password=PASSWORD, tls=root_context(rig)) as encrypted,
    ):
        await plain.boot()
        await encrypted.boot()
        await rig.until_state(lambda state: state.online, "left")
        await rig.until_state(lambda state: state.online, "right")


@shows("A00.FR.312", "A00.FR.313", "A00.FR.314", ocpp="1.6")
@shows("A00.FR.313", "A00.FR.416", ocpp=("2.0.1", "2.1"))
async def test_older_tls_than_1_2_is_refused() -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        tls = root_context(rig)
        tls.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            tls.minimum_version, tls.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        assert "no TLS version from 1.2 on" in await refused(rig, tls, PASSWORD)


@shows("A00.FR.319", ocpp="1.6")
@pytest.mark.parametrize(
    "weak", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA", "AES128-SHA"]
)
async def test_weak_cipher_suites_are_refused(weak: str) -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        tls = root_context(rig, newest=False)
        tls.set_ciphers(f"{weak}:@SECLEVEL=0")
        assert "no TLS cipher suite that is allowed" in await refused(rig, tls, PASSWORD)


@shows("A00.FR.317", ocpp="1.6")
@shows("A00.FR.318", "A00.FR.421", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"])
async def test_the_suites_of_the_specification_are_spoken(suite: str) -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        tls = root_context(rig, newest=False)
        tls.set_ciphers(suite)
        async with connected(rig, password=PASSWORD, tls=tls) as station:
            assert cipher_of(station.socket.get_extra_info("ssl_object")) == suite


@shows("A00.FR.317", ocpp="1.6")
@shows("A00.FR.318", "A00.FR.421", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"])
async def test_the_suites_for_rsa_are_spoken_with_a_certificate_of_ones_own(suite: str, tmp_path: Path) -> None:
    pem, certificate, key = rsa_server(tmp_path)
    own = listener(certificate=certificate, key=key)
    async with central([charger(password=PASSWORD, security_profile=2)], listener=own) as rig:
        tls = client_context(pem, newest=False)
        tls.set_ciphers(suite)
        async with connected(rig, password=PASSWORD, tls=tls) as station:
            assert cipher_of(station.socket.get_extra_info("ssl_object")) == suite


def cipher_of(tls: ssl.SSLObject) -> str:
    used = tls.cipher()
    assert used is not None
    return used[0]


@shows("A00.FR.320", ocpp="1.6")
@shows("A00.FR.321", ocpp=("2.0.1", "2.1"))
async def test_nothing_is_compressed_renegotiated_or_resumed() -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        context = rig.system.security.context
        assert context is not None
        assert context.options & ssl.OP_NO_COMPRESSION
        assert context.options & ssl.OP_NO_RENEGOTIATION
        async with connected(rig, password=PASSWORD, tls=root_context(rig, newest=False)) as station:
            tls = station.socket.get_extra_info("ssl_object")
            assert tls.compression() is None
            assert tls.session is None or not tls.session.has_ticket


async def test_a_password_over_tls_is_still_checked() -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        assert "password is missing or wrong" in await refused(rig, root_context(rig), "guess-guess-guess")


@shows("A00.FR.407", ocpp=("1.6", "2.0.1", "2.1"))
@pytest.mark.parametrize("newest", [True, False], ids=["TLS 1.3", "TLS 1.2"])
async def test_an_expired_certificate_is_refused(tmp_path: Path, newest: bool) -> None:
    field = ForeignAuthority()
    async with trusting(tmp_path, field) as rig:
        key = new_key()
        expired = field.issue(key, "CP-1", life=timedelta(days=-1))
        tls = client_context(rig.system.security.root_of_server(), expired, key, newest=newest)
        assert "certificate has expired" in await refused(rig, tls)


@shows("A00.FR.403", "A00.FR.407", ocpp=("1.6", "2.0.1", "2.1"))
async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    async with central([charger(security_profile=3)], listener=listener()) as rig:
        key = new_key()
        foreign = ForeignAuthority().issue(key, "CP-1")
        tls = client_context(rig.system.security.root_of_server(), foreign, key)
        assert "unable to get local issuer certificate" in await refused(rig, tls)


@shows("A00.FR.403", "A00.FR.407", ocpp=("1.6", "2.0.1", "2.1"))
async def test_a_self_signed_certificate_is_refused() -> None:
    async with central([charger(security_profile=3)], listener=listener()) as rig:
        own = ForeignAuthority("CP-1")
        tls = client_context(rig.system.security.root_of_server(), own.pem, own.key)
        assert "self-signed certificate" in await refused(rig, tls)


@shows("A00.FR.405", ocpp=("1.6", "2.0.1", "2.1"))
async def test_the_certificate_of_another_station_is_refused() -> None:
    chargers = [charger(security_profile=3), charger("right", station_id="CP-2", security_profile=3)]
    async with central(chargers, listener=listener()) as rig:
        detail = await refused(rig, await own_context(rig, "CP-2"))
        assert "issued to station 'CP-2'" in detail


@shows("A00.FR.404", "A00.FR.405", ocpp=("1.6", "2.0.1", "2.1"))
@pytest.mark.parametrize(
    ("common", "operator", "wrong"),
    [("CP-9", "Tidewatt", "that of 'CP-9' (CN)"), ("CP-1", "Rivals", "belongs to 'Rivals' (O)")],
)
async def test_name_and_operator_of_a_field_certificate_must_be_right(
    tmp_path: Path, common: str, operator: str, wrong: str
) -> None:
    field = ForeignAuthority()
    async with trusting(tmp_path, field) as rig:
        key = new_key()
        tls = client_context(rig.system.security.root_of_server(), field.issue(key, common, operator), key)
        assert wrong in await refused(rig, tls)


async def test_a_field_certificate_that_is_right_is_taken(tmp_path: Path) -> None:
    field = ForeignAuthority()
    async with trusting(tmp_path, field) as rig:
        key = new_key()
        tls = client_context(rig.system.security.root_of_server(), field.issue(key, "CP-1"), key)
        async with connected(rig, tls=tls) as station:
            await station.boot()


async def test_a_field_certificate_that_breaks_rfc_5280_is_taken_only_where_that_is_allowed(tmp_path: Path) -> None:
    sloppy = ForeignAuthority(sloppy=True)
    chargers = [
        charger(security_profile=3),
        charger("right", station_id="CP-2", security_profile=3, strict_certificates=False),
    ]
    async with trusting(tmp_path, sloppy, *chargers) as rig:
        key = new_key()
        root = rig.system.security.root_of_server()
        async with connected(rig, "CP-2", tls=client_context(root, sloppy.issue(key, "CP-2"), key)) as station:
            await station.boot()
        assert "RFC 5280" in await refused(rig, client_context(root, sloppy.issue(key, "CP-1"), key))


async def test_where_nobody_may_be_lax_the_handshake_itself_is_strict(tmp_path: Path) -> None:
    sloppy = ForeignAuthority(sloppy=True)
    async with trusting(tmp_path, sloppy) as rig:
        key = new_key()
        tls = client_context(rig.system.security.root_of_server(), sloppy.issue(key, "CP-1"), key)
        assert "its certificate does not pass" in await refused(rig, tls)


async def test_a_revoked_certificate_is_refused() -> None:
    async with central([charger(security_profile=3)], listener=listener()) as rig:
        tls = await own_context(rig)
        async with connected(rig, tls=tls) as station:
            await station.boot()
            assert await rig.system.revoke_certificates("left") == 1
            await station.ended.wait()
        assert "was revoked on" in await refused(rig, tls)


@shows("A05.FR.09", ocpp="1.6")
@shows("A05.FR.07", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_seen_with_more_is_not_let_in_with_less(version: str) -> None:
    store = DictStore()
    async with central([charger(password=PASSWORD)], store, listener=listener()) as rig:
        async with connected(rig, version=version, tls=await own_context(rig)) as station:
            await station.boot()
        detail = await refused(rig, root_context(rig), PASSWORD)
        assert "it came with security profile 2, and it was seen with 3 before" in detail
    async with central([charger(password=PASSWORD)], store, listener=listener()) as rig:
        with pytest.raises(WSServerHandshakeError) as caught:
            async with connected(rig, version=version, password=PASSWORD):
                pass
        assert caught.value.status == 403
        rig.system.allow_lower_profile("left")
        async with connected(rig, version=version, password=PASSWORD) as station:
            await station.boot()


@shows("A00.FR.002", ocpp=("1.6", "2.0.1", "2.1"))
async def test_a_required_profile_is_required() -> None:
    async with central([charger(password=PASSWORD, security_profile=3)], listener=listener()) as rig:
        assert "3 is required of it" in await refused(rig, root_context(rig), PASSWORD)


async def test_a_station_may_only_call_from_where_it_is_allowed_to() -> None:
    chargers = [
        charger(addresses=("192.0.2.0/24", "198.51.100.7")),
        charger("right", station_id="CP-2", addresses=("127.0.0.0/8",)),
    ]
    async with central(chargers) as rig:
        with pytest.raises(WSServerHandshakeError) as caught:
            async with connected(rig):
                pass
        assert caught.value.status == 403
        assert "may not call from 127.0.0.1" in rig.faults[-1].detail
        async with connected(rig, "CP-2") as station:
            await station.boot()


async def test_a_station_that_distrusts_us_is_told_of_with_the_remedy() -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        detail = await refused(rig, client_context(ForeignAuthority().pem), PASSWORD)
        assert "Install the root certificate" in detail


async def test_the_alert_of_a_station_that_distrusts_us_is_understood() -> None:
    def shake_hands(port: int) -> None:
        # Unlike asyncio, a socket of its own sends the alert before it closes.
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
            client_context(ForeignAuthority().pem).wrap_socket(plain, server_hostname="localhost"),
        ):
            pass

    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        await asyncio.to_thread(shake_hands, rig.system.security.tls_port)
        await rig.until(lambda: bool(rig.faults))
        assert "it does not trust the certificate of this central system" in rig.faults[-1].detail
        assert "gave up" not in rig.faults[-1].detail


async def test_the_servers_certificate_is_renewed_without_dropping_anybody() -> None:
    async with central([charger(password=PASSWORD, security_profile=2)], listener=listener()) as rig:
        security = rig.system.security
        async with connected(rig, password=PASSWORD, tls=root_context(rig)) as station:
            before = station.socket.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            await security.authority.renew_server()
            await security.renew()
            await station.boot()
            async with connected(rig, password=PASSWORD, tls=root_context(rig)) as again:
                assert again.socket.get_extra_info("ssl_object").getpeercert()["serialNumber"] != before


async def test_a_new_root_leaves_stations_of_the_old_one_connected() -> None:
    async with central([charger(security_profile=3)], listener=listener()) as rig:
        security = rig.system.security
        old = await own_context(rig)
        new_root = await security.authority.renew_root()
        await security.renew()
        async with connected(rig, tls=old) as station:
            await station.boot()
        await security.authority.renew_server()
        await security.renew()
        assert security.root_of_server() == new_root
        async with connected(rig, tls=await own_context(rig)) as station:
            await station.boot()


async def test_authority_and_certificates_survive_a_restart() -> None:
    store = DictStore()
    async with central([charger(security_profile=3)], store, listener=listener()) as rig:
        tls = await own_context(rig)
        root = rig.system.security.root_of_server()
    async with central([charger(security_profile=3)], store, listener=listener()) as rig:
        assert rig.system.security.root_of_server() == root
        async with connected(rig, tls=tls) as station:
            await station.boot()


async def test_keys_are_only_in_the_documents_that_are_for_them() -> None:
    store = DictStore()
    async with central([charger(security_profile=3)], store, listener=listener()) as rig:
        async with connected(rig, tls=await own_context(rig)) as station:
            await station.boot()
        shown = json.dumps(rig.system.diagnostics()) + repr(rig.faults)
        assert "PRIVATE KEY" not in shown
    assert {name for name, text in store.documents.items() if "PRIVATE KEY" in text} == {"ocpp_authority"}


@pytest.mark.parametrize("content", ["", "no PEM at all", key_pem(new_key())], ids=["empty", "noise", "only a key"])
async def test_files_that_are_no_certificate_are_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "server.pem"
    file.write_text(content)
    with pytest.raises(SiteError, match=r"ocpp\.tls") as caught:
        async with central([charger()], listener=listener(certificate=str(file), key=str(file))):
            pass
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("name", ["ocpp_authority", "ocpp_passwords"])
async def test_documents_that_are_no_use_are_not_silently_begun_anew(name: str) -> None:
    store = DictStore()
    store.documents[name] = json.dumps({"roots": "-----BEGIN PRIVATE KEY-----", "stations": 7})
    with pytest.raises(SiteError, match="Restore them from a backup") as caught:
        async with central([charger()], store, listener=listener()):
            pass
    assert "PRIVATE KEY" not in str(caught.value)


def trusting(folder: Path, authority: ForeignAuthority, *chargers: Charger) -> AbstractAsyncContextManager[Rig]:
    """Run a central system that also trusts another authority."""
    (folder / "field.pem").write_text(authority.pem)
    stations = list(chargers) or [charger(security_profile=3)]
    return central(stations, listener=listener(trusted=str(folder / "field.pem")))
