"""Emulated stations and Tidewatt's central system: passwords, certificates and profiles over real TLS sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pki import ForeignAuthority, key_pem, new_key, request
from tests.drivers_ocpp.ocpp_rig import Rig, central, charger
from tests.emulators.site_of import document, emulation_of
from tests.emulators.station_bench import Bench, ScriptedCentral
from tidewatt.drivers.ocpp import Certificates, Credentials, Roots, RootUse, SecurityEvent
from tidewatt.emulators.station.access import StationAccess
from tidewatt.ocpp.certificates import hash_data, read_chain
from tidewatt.site import CommandError, FaultCode, OcppListener, TlsListener

PASSWORD = "first-password-of-all"  # noqa: S105 - a password of nobody
VERSIONS = ["1.6", "2.0.1", "2.1"]
LISTENER = OcppListener(port=0, tls=TlsListener(port=0, names=("127.0.0.1",)))


@dataclass
class Scene:
    """A central system and one emulated station that calls it."""

    rig: Rig
    bench: Bench
    events: list[SecurityEvent]

    @property
    def access(self) -> StationAccess:
        """How the station connects now."""
        return self.bench.station("CP-1").access

    @property
    def profile(self) -> int | None:
        """The security profile with which the station was last let in."""
        return self.rig.system.security.profile_of("CP-1")

    async def until_let_in_with(self, profile: int) -> None:
        """Wait until the station is connected with a security profile, and has booted."""
        await self.bench.until(lambda: self.profile == profile and self.bench.station("CP-1").ready)

    def block[T](self, kind: type[T]) -> T:
        """Return a block of the central system's station."""
        return self.rig.system.station("left").block(kind)


@asynccontextmanager
async def scene(
    version: str, *, folder: Path | None = None, tls: bool = False, rig: Rig | None = None, **security: Any
) -> AsyncIterator[Scene]:
    """Run a station with a password that calls without TLS, or with it; `security` is its section."""
    async with _central(rig) as running:
        keeper = running.system.security
        events: list[SecurityEvent] = []
        keeper.on_event = events.append
        tls_url = f"wss://127.0.0.1:{keeper.tls_port}"
        if folder is not None:
            (folder / "root.pem").write_text(keeper.root_of_server())
            security.setdefault("ca", str(folder / "root.pem"))
        station = {
            "station": "CP-1",
            "version": version,
            "url": tls_url if tls else f"ws://127.0.0.1:{running.system.bound_port}",
            "password": PASSWORD,
            "boot_s": 0.5,
            "security": {"tls_url": tls_url} | security,
            "connectors": [{"charger": "spare", "circuit": "main"}],
        }
        emulation = emulation_of(document(stations=[station]))
        async with Bench(emulation, ScriptedCentral()).running() as bench:
            yield Scene(running, bench, events)


@asynccontextmanager
async def _central(rig: Rig | None) -> AsyncIterator[Rig]:
    if rig is not None:
        yield rig
        return
    async with central([charger(password=PASSWORD)], listener=LISTENER) as running:
        yield running


@shows("A00.FR.301", "A00.FR.307", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_connects_with_tls_and_password(version: str, tmp_path: Path) -> None:
    async with scene(version, folder=tmp_path, tls=True) as stage:
        await stage.until_let_in_with(2)


@shows("A02.FR.02", "A02.FR.03", "A02.FR.13", "A05.FR.05", "A05.FR.06", "A05.FR.07", "A05.FR.09", ocpp="1.6")
@shows("A05.FR.04", "A05.FR.05", "A05.FR.07", ocpp=("2.0.1", "2.1"))
@shows("M05.FR.01", "M05.FR.02", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_goes_from_a_password_to_a_certificate_of_its_own(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Credentials).raise_profile(2)
        await stage.until_let_in_with(2)
        await stage.block(Credentials).raise_profile(3)
        await stage.until_let_in_with(3)
        issued = stage.rig.system.security.of("CP-1").certificate
        assert issued is not None
        assert f"{stage.access.chain[0].serial_number:x}" == issued.serial
        # And never down again: neither on request, nor by coming with less.
        for profile in (1, 2, 3):
            with pytest.raises(CommandError, match="only goes up"):
                await stage.block(Credentials).raise_profile(profile)
        assert stage.rig.system.security.required("CP-1") == 3


@shows("A01.FR.02", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_password_is_changed_and_used(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Credentials).rotate_password()
        await stage.block(Credentials).until_password_used()
        assert stage.access.password not in (None, PASSWORD)
        wanted = "ReconfigurationOfSecurityParameters"
        await stage.bench.until(lambda: wanted in [event.kind for event in stage.events])


@shows("A02.FR.06", "A02.FR.08", "A02.FR.09", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_certificate_is_renewed_while_the_station_uses_one(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Credentials).raise_profile(3)
        await stage.until_let_in_with(3)
        first = stage.access.chain[0]
        record = await stage.block(Certificates).renew()
        assert f"{stage.access.chain[0].serial_number:x}" == record.serial
        assert stage.access.chain[0].public_key() != first.public_key()
        await stage.until_let_in_with(3)


@shows("A03.FR.02", "A03.FR.03", ocpp="1.6")
@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_a_station_asks_by_itself_before_its_certificate_expires(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Credentials).raise_profile(3)
        await stage.until_let_in_with(3)
        first = stage.access.chain[0].serial_number
        stage.bench.station("CP-1").faults.clock_offset_s = 2 * 365 * 86400 - 20 * 86400
        await stage.bench.until(lambda: stage.access.chain[0].serial_number != first)


@shows("A02.FR.07", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_certificate_of_another_authority_is_discarded_and_reported(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Roots).install_own()
        chain = ForeignAuthority().issue(new_key(), "CP-1")
        payload = {"certificateChain": chain}
        answer = await stage.rig.system.station("left")._call("CertificateSigned", payload)
        assert answer["status"] == "Rejected"
        await stage.bench.until(lambda: bool(stage.events))
        word = "InvalidChargePointCertificate" if version == "1.6" else "InvalidChargingStationCertificate"
        assert (stage.events[0].kind, stage.events[0].is_critical) == (word, True)
        assert stage.access.chain == []


@shows("A05.FR.08", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_cannot_connect_with_more_goes_back(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        await stage.block(Roots).install(RootUse.CSMS, ForeignAuthority().pem)
        wrong = stage.access.roots[stage.access.root_use]
        await stage.block(Credentials).raise_profile(2)
        # It was given the right root as well; take that away again, as a mistake in the field would.
        del wrong[1:]
        word = "InvalidCentralSystemCertificate" if version == "1.6" else "InvalidCsmsCertificate"
        await stage.bench.until(lambda: word in [event.kind for event in stage.events])
        await stage.until_let_in_with(1)
        assert stage.access.connection.profile == 1
        assert stage.rig.system.security.required("CP-1") == 0


@shows("M03.FR.01", "M03.FR.02", "M03.FR.03", "M03.FR.04", "M04.FR.02", "M04.FR.04", "M05.FR.06", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_roots_are_installed_listed_and_deleted(version: str) -> None:
    other = ForeignAuthority()
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        roots = stage.block(Roots)
        assert await roots.installed(RootUse.MANUFACTURER) == ()
        await roots.install(RootUse.MANUFACTURER, other.pem)
        (found,) = await roots.installed(RootUse.MANUFACTURER)
        assert found.hash_data == hash_data(other.root, other.root)
        await roots.delete(found)
        assert await roots.installed(RootUse.MANUFACTURER) == ()
        with pytest.raises(CommandError, match="NotFound"):
            await roots.delete(found)
        with pytest.raises(CommandError, match="Rejected"):
            await roots.install(RootUse.MANUFACTURER, other.issue(new_key(), "no root"))


@shows("M04.FR.06", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_root_in_use_cannot_be_deleted(version: str, tmp_path: Path) -> None:
    async with scene(version, folder=tmp_path, tls=True) as stage:
        await stage.until_let_in_with(2)
        root = read_chain(stage.rig.system.security.root_of_server())[0]
        station = stage.rig.system.station("left")
        answer = await station._call("DeleteCertificate", {"certificateHashData": hash_data(root, root)})
        assert answer["status"] == "Failed"


@shows("A05.FR.01", "A05.FR.02", "A05.FR.03", "A05.FR.04", ocpp="1.6")
async def test_a_1_6_station_refuses_what_it_cannot_or_must_not_do() -> None:
    async with scene("1.6") as stage:
        await stage.until_let_in_with(1)
        call = stage.rig.system.station("left")._call
        for profile in ("0", "1", "2", "3"):
            answer = await call("ChangeConfiguration", {"key": "SecurityProfile", "value": profile})
            assert answer["status"] == "Rejected", profile
        for key in ("short", "zz" * 16, "ab" * 21):
            answer = await call("ChangeConfiguration", {"key": "AuthorizationKey", "value": key})
            assert answer["status"] == "Rejected", key
        told = await call("GetConfiguration", {"key": ["AuthorizationKey"]})
        assert "value" not in told["configurationKey"][0]


@shows("A05.FR.02", "A05.FR.03", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_a_2_x_station_refuses_what_it_cannot_or_must_not_do(version: str) -> None:
    async with scene(version) as stage:
        await stage.until_let_in_with(1)
        call = stage.rig.system.station("left")._call

        async def prioritised(profile: int, slot: int) -> str:
            data = {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": "wss://127.0.0.1",
                "messageTimeout": 30,
                "securityProfile": profile,
                "ocppInterface": "Wired0",
            }
            answer = await call("SetNetworkProfile", {"configurationSlot": slot, "connectionData": data})
            if answer["status"] != "Accepted":
                return "no slot"
            return await set_variable("OCPPCommCtrlr", "NetworkConfigurationPriority", f"{slot},1")

        async def set_variable(component: str, name: str, value: str) -> str:
            row = {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
            answer = await call("SetVariables", {"setVariableData": [row]})
            return str(answer["setVariableResult"][0]["attributeStatus"])

        assert await prioritised(0, 2) == "no slot"
        assert await prioritised(2, 3) == "Rejected"
        assert await prioritised(3, 4) == "Rejected"
        assert await set_variable("SecurityCtrlr", "BasicAuthPassword", "too short") == "Rejected"
        assert await set_variable("SecurityCtrlr", "SecurityProfile", "0") == "Rejected"
        row = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        told = await call("GetVariables", {"getVariableData": [row]})
        assert "attributeValue" not in told["getVariableResult"][0]


@pytest.mark.parametrize("wrong", ["foreign", "self-signed", "of another", "with another key"])
async def test_a_station_with_a_wrong_certificate_is_kept_out(wrong: str, tmp_path: Path) -> None:
    async with central([charger(security_profile=3)], listener=LISTENER) as rig:
        key, other = new_key(), ForeignAuthority("CP-1")
        if wrong == "of another":
            certificate, _ = await rig.system.security.of("CP-2").sign(request(key, "CP-2"))
        elif wrong == "with another key":
            certificate, _ = await rig.system.security.of("CP-1").sign(request(new_key(), "CP-1"))
        else:
            certificate = other.pem if wrong == "self-signed" else other.issue(key, "CP-1")
        (tmp_path / "own.pem").write_text(certificate)
        (tmp_path / "own.key").write_text(key_pem(other.key if wrong == "self-signed" else key))
        files = {"certificate": str(tmp_path / "own.pem"), "key": str(tmp_path / "own.key"), "profile": 3}
        async with scene("2.0.1", folder=tmp_path, tls=True, rig=rig, **files) as stage:
            await stage.bench.until(lambda: stage.bench.station("CP-1").link.refusal is not None)
            await stage.bench.until(lambda: bool(rig.faults))
            assert rig.faults[-1].code is FaultCode.ACCESS_DENIED
            assert stage.profile is None
