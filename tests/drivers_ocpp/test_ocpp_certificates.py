"""Certificates over OCPP: signed on request, delivered again after a lost connection, roots installed and deleted."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pki import ForeignAuthority, Key, client_context, new_key, request
from tests.drivers_ocpp.ocpp_rig import V16, V201, RawStation, Rig, central, charger, connected
from tidewatt.drivers.ocpp import Certificates, InstalledCertificate, Roots, RootUse
from tidewatt.ocpp.certificates import hash_data, read_chain
from tidewatt.site import CommandError, FaultCode, OcppListener, TlsListener

V21 = "ocpp2.1"
VERSIONS = [V16, V201, V21]
LISTENER = OcppListener(port=0, tls=TlsListener(port=0, names=("127.0.0.1",)))
TAKES: dict[str, Any] = {
    "CertificateSigned": {"status": "Accepted"},
    "ExtendedTriggerMessage": {"status": "Accepted"},
    "InstallCertificate": {"status": "Accepted"},
    "DeleteCertificate": {"status": "Accepted"},
    "GetInstalledCertificateIds": {"status": "NotFound"},
}


def certificates(rig: Rig) -> Certificates:
    return rig.system.station("left").block(Certificates)


def roots(rig: Rig) -> Roots:
    return rig.system.station("left").block(Roots)


async def asks(station: RawStation, key: Key, common: str = "CP-1", **fields: Any) -> str:
    """Send a signing request and return the status of the answer."""
    return str((await station.call("SignCertificate", {"csr": request(key, common)} | fields))["status"])


@shows("A02.FR.11", "A02.FR.12", "A03.FR.11", "A03.FR.12", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_request_is_signed_and_the_certificate_lets_the_station_in(version: str) -> None:
    key = new_key()
    async with central([charger()], listener=LISTENER) as rig:
        async with connected(rig, version=version, answers=TAKES) as station:
            await station.boot()
            assert await asks(station, key) == "Accepted"
            signed = await station.next_asked("CertificateSigned")
        issued = read_chain(signed["certificateChain"])[0]
        assert issued.public_key() == key.public_key()
        tls = client_context(rig.system.security.root_of_server(), signed["certificateChain"], key)
        async with connected(rig, version=version, tls=tls, answers=TAKES) as station:
            await station.boot()


async def test_what_is_issued_has_the_properties_that_are_demanded() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, version=V201, answers=TAKES) as station:
        await station.boot()
        await asks(station, new_key())
        issued = read_chain((await station.next_asked("CertificateSigned"))["certificateChain"])[0]
        assert issued.subject.rfc4514_string() == "CN=CP-1,O=Tidewatt"
        usage = issued.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert not usage.value.key_cert_sign
        assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        purposes = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [purpose._name for purpose in purposes] == ["clientAuth"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_person_has_the_certificate_renewed(version: str) -> None:
    async with (
        central([charger()], listener=LISTENER) as rig,
        connected(rig, version=version, answers=TAKES) as station,
    ):
        await station.boot()
        renewing = asyncio.create_task(certificates(rig).renew())
        action, word = (
            ("ExtendedTriggerMessage", "SignChargePointCertificate")
            if version == V16
            else ("TriggerMessage", "SignChargingStationCertificate")
        )
        while (await station.next_asked(action))["requestedMessage"] != word:
            pass
        await asks(station, new_key())
        record = await renewing
        assert rig.system.security.of("CP-1").certificate == record
        assert record.taken


async def test_the_operator_is_told_before_the_station_makes_its_request() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, answers=TAKES) as station:
        await station.boot()
        renewing = asyncio.create_task(certificates(rig).renew())
        while (change := await station.next_asked("ChangeConfiguration"))["key"] != "CpoName":
            pass
        assert change["value"] == "Tidewatt"
        await station.next_asked("ExtendedTriggerMessage")
        await asks(station, new_key())
        await renewing


async def test_a_station_that_refuses_to_renew_or_its_certificate_is_told_of() -> None:
    refuses = TAKES | {"ExtendedTriggerMessage": {"status": "NotImplemented"}}
    async with central([charger()], listener=LISTENER) as rig:
        async with connected(rig, answers=refuses) as station:
            await station.boot()
            with pytest.raises(CommandError, match="renewing its certificate failed: NotImplemented"):
                await certificates(rig).renew()
        async with connected(rig, answers=TAKES | {"CertificateSigned": {"status": "Rejected"}}) as station:
            await station.boot()
            await asks(station, new_key())
            await rig.until(lambda: FaultCode.COMMAND_REJECTED in [fault.code for fault in rig.faults])
            assert rig.system.security.of("CP-1").certificate is None


@pytest.mark.parametrize(
    ("common", "operator", "wrong"),
    [("CP-2", "Tidewatt", "Its CN is 'CP-2'"), ("CP-1", "Rivals", "Its O is 'Rivals'")],
)
async def test_a_request_in_another_name_is_refused_with_a_fault(common: str, operator: str, wrong: str) -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, version=V201, answers=TAKES) as station:
        await station.boot()
        csr = request(new_key(), common, operator)
        answer = await station.call("SignCertificate", {"csr": csr, "certificateType": "ChargingStationCertificate"})
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidCSR")
        assert wrong in rig.faults[-1].detail
        assert rig.faults[-1].code is FaultCode.ACCESS_DENIED


@shows("A00.FR.511", ocpp="1.6")
async def test_a_serial_number_is_a_name_too_but_admits_nobody_else() -> None:
    """A certificate in the name of another station's serial number is still only for who asked for it."""
    chargers = [charger(), charger("right", station_id="CP-2", security_profile=3)]
    boot = {"chargePointVendor": "Acme", "chargePointModel": "One", "chargePointSerialNumber": "CP-2"}
    key = new_key()
    async with central(chargers, listener=LISTENER) as rig:
        async with connected(rig, answers=TAKES) as station:
            await station.call("BootNotification", boot)
            assert await asks(station, key, "CP-2") == "Accepted"
            chain = (await station.next_asked("CertificateSigned"))["certificateChain"]
        tls = client_context(rig.system.security.root_of_server(), chain, key)
        with pytest.raises(Exception, match="403"):
            async with connected(rig, "CP-2", tls=tls):
                pass
        assert "issued to station 'CP-1'" in rig.faults[-1].detail
        async with connected(rig, tls=tls) as station:
            await station.boot()


@shows("A00.FR.502", ocpp="1.6")
async def test_a_weak_key_is_refused() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that is the point
    async with central([charger()], listener=LISTENER) as rig, connected(rig, answers=TAKES) as station:
        await station.boot()
        assert await asks(station, weak) == "Rejected"
        assert "too weak" in rig.faults[-1].detail


@pytest.mark.parametrize(
    "csr", ["", "no PEM", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"]
)
async def test_noise_is_refused(csr: str) -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, answers=TAKES) as station:
        await station.boot()
        assert (await station.call("SignCertificate", {"csr": csr}))["status"] == "Rejected"
        assert rig.system.diagnostics()["CP-1"]["counters"]["handler_errors"] == 0


async def test_a_station_cannot_ask_without_end() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, answers=TAKES) as station:
        await station.boot()
        statuses = [await asks(station, new_key()) for _ in range(6)]
        assert statuses == ["Accepted"] * 5 + ["Rejected"]


async def test_a_certificate_is_delivered_again_after_a_lost_connection() -> None:
    async with central([charger()], listener=LISTENER) as rig:
        async with connected(rig, answers=TAKES | {"CertificateSigned": None}) as station:
            await station.boot()
            await asks(station, new_key())
            first = await station.next_asked("CertificateSigned")
        async with connected(rig, answers=TAKES) as station:
            await station.boot()
            assert await station.next_asked("CertificateSigned") == first


async def test_a_request_of_2_1_is_answered_with_its_id() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, version=V21, answers=TAKES) as station:
        await station.boot()
        await asks(station, new_key(), requestId=7)
        assert (await station.next_asked("CertificateSigned"))["requestId"] == 7


@pytest.mark.parametrize("use", ["V2GCertificate", "V2G20Certificate"])
async def test_there_is_no_authority_for_plug_and_charge(use: str) -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, version=V21, answers=TAKES) as station:
        await station.boot()
        assert await asks(station, new_key(), certificateType=use) == "Rejected"
        hashes = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
        ocsp = hashes | {"responderURL": "http://ocsp.example"}
        assert (await station.call("GetCertificateStatus", {"ocspRequestData": ocsp}))["status"] == "Failed"
        exi = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "AA=="}
        assert (await station.call("Get15118EVCertificate", exi))["status"] == "Failed"
        asked = {"certificateHashData": hashes, "source": "OCSP", "urls": ["http://ocsp.example"]}
        answer = await station.call("GetCertificateChainStatus", {"certificateStatusRequests": [asked]})
        assert [row["status"] for row in answer["certificateStatus"]] == ["Failed"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_own_root_is_installed_once(version: str) -> None:
    async with central([charger()], listener=LISTENER) as rig:
        root = read_chain(rig.system.security.root_of_server())[0]
        async with connected(rig, version=version, answers=TAKES) as station:
            await station.boot()
            await roots(rig).install_own()
            wanted = await station.next_asked("InstallCertificate")
            word = "CentralSystemRootCertificate" if version == V16 else "CSMSRootCertificate"
            assert wanted["certificateType"] == word
            assert read_chain(wanted["certificate"]) == [root]
            station.answers["GetInstalledCertificateIds"] = listing(version, hash_data(root, root))
            await roots(rig).install_own()
            assert station.count("InstallCertificate") == 1


@shows("M04.FR.07", ocpp="1.6")
@pytest.mark.parametrize("version", VERSIONS)
async def test_certificates_are_listed_and_deleted_by_their_hashes(version: str) -> None:
    other = ForeignAuthority().root
    hashes = hash_data(other, other, "SHA384")
    async with (
        central([charger()], listener=LISTENER) as rig,
        connected(rig, version=version, answers=TAKES) as station,
    ):
        await station.boot()
        station.answers["GetInstalledCertificateIds"] = listing(version, hashes)
        (found,) = await roots(rig).installed(RootUse.CSMS)
        assert found.hash_data == hashes
        await roots(rig).delete(found)
        assert (await station.next_asked("DeleteCertificate"))["certificateHashData"] == hashes


async def test_the_root_by_which_we_are_known_is_not_deleted() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, version=V201, answers=TAKES) as station:
        await station.boot()
        root = read_chain(rig.system.security.root_of_server())[0]
        hashes = {key: value.upper() for key, value in hash_data(root, root).items()}
        with pytest.raises(CommandError, match="by which the station knows this central system"):
            await roots(rig).delete(InstalledCertificate(use="CSMSRootCertificate", hash_data=hashes))
        assert station.count("DeleteCertificate") == 0


async def test_what_a_version_does_not_have_is_said() -> None:
    async with central([charger()], listener=LISTENER) as rig, connected(rig, answers=TAKES) as station:
        await station.boot()
        with pytest.raises(CommandError, match=r"OCPP 1\.6 has no V2GRootCertificate"):
            await roots(rig).install(RootUse.V2G, ForeignAuthority().pem)
        with pytest.raises(CommandError, match=r"no X\.509 certificate"):
            await roots(rig).install(RootUse.CSMS, "not PEM")


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_hashes_are_of_the_issuers_name_and_of_the_bits_of_its_key(algorithm: str) -> None:
    authority = ForeignAuthority()
    leaf = read_chain(authority.issue(new_key(), "CP-1"))[0]
    point = authority.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert hash_data(leaf, authority.root, algorithm) == {
        "hashAlgorithm": algorithm,
        "issuerNameHash": hashlib.new(algorithm, authority.root.subject.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.new(algorithm, point).hexdigest(),
        "serialNumber": f"{leaf.serial_number:x}",
    }


def listing(version: str, hashes: dict[str, str]) -> dict[str, Any]:
    """Return an answer to GetInstalledCertificateIds that holds one certificate."""
    if version == V16:
        return {"status": "Accepted", "certificateHashData": [hashes]}
    row = {"certificateType": "CSMSRootCertificate", "certificateHashData": hashes}
    return {"status": "Accepted", "certificateHashDataChain": [row]}


HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "1"}
ASKED = {"certificateHashData": HASHES, "source": "OCSP", "urls": ["http://localhost"]}


@pytest.mark.parametrize(
    "asked", [[], [{}], [{"certificateHashData": {"serialNumber": "1"}}], "x", [ASKED | {"source": "?"}]]
)
async def test_a_question_for_the_status_of_no_certificate_is_refused(asked: Any) -> None:
    async with central([charger()]) as rig, connected(rig, version=V21) as station:
        with pytest.raises(AssertionError, match="OccurrenceConstraintViolation"):
            await station.call("GetCertificateChainStatus", {"certificateStatusRequests": asked})
        assert rig.system.diagnostics()["CP-1"]["counters"]["handler_errors"] == 0


async def test_the_status_of_more_certificates_than_one_answer_holds_is_told_for_the_first() -> None:
    async with central([charger()]) as rig, connected(rig, version=V21) as station:
        answer = await station.call("GetCertificateChainStatus", {"certificateStatusRequests": [ASKED] * 5})
        assert [row["certificateHashData"] for row in answer["certificateStatus"]] == [HASHES] * 4
