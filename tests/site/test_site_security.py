"""What a site file may say about the security of its stations, and what it may not."""

from __future__ import annotations

import pytest

from tidewatt.site import OcppEndpoint, OcppListener, SiteError, TlsListener
from tidewatt.site.schema import dump_site, load_site

TLS = "tls: {port: 9443, names: [quay.local, 192.0.2.7], operator: Me}"
SECURE = """
site: {name: Quay, main_fuse_a: 25}
chargers:
  - {id: left, circuit: main, ocpp: {station: CP-1, password: secret-of-CP-1, security_profile: 2}}
  - {id: right, circuit: main, ocpp: {station: CP-2, security_profile: 3, strict_certificates: false}}
  - {id: yard, circuit: main, ocpp: {station: CP-3, addresses: [192.168.1.0/24, fd00::7]}}
ocpp: {host: 0.0.0.0, port: 9000, plain: false, tls: {port: 9443, names: [quay.local, 192.0.2.7], operator: Me}}
"""


def test_every_key_reaches_its_field() -> None:
    site = load_site(SECURE)
    tls = TlsListener(port=9443, names=("quay.local", "192.0.2.7"), operator="Me")
    assert site.ocpp == OcppListener(host="0.0.0.0", port=9000, plain=False, tls=tls)  # noqa: S104 - what the file says
    left, right, yard = (charger.endpoint for charger in site.chargers)
    assert (left.security_profile, left.strict_certificates, left.addresses) == (2, True, None)
    assert right == OcppEndpoint(station_id="CP-2", security_profile=3, strict_certificates=False)
    assert yard.addresses == ("192.168.1.0/24", "fd00::7")


def test_what_is_left_out_is_cautious_and_not_written() -> None:
    plain = load_site(SECURE.replace(", security_profile: 2", "").replace(", strict_certificates: false", ""))
    written = dump_site(plain)
    assert written["chargers"][0]["ocpp"] == {"station": "CP-1", "evse": 1, "password": "secret-of-CP-1"}
    assert plain.chargers[1].endpoint.strict_certificates


def test_passwords_are_in_no_representation() -> None:
    assert "secret-of-CP-1" not in repr(load_site(SECURE))


WRONG = [
    ("security_profile: 2", "security_profile: 4", "chargers.left.ocpp.security_profile", "1 (password)"),
    ("password: secret-of-CP-1, ", "", "chargers.left.ocpp.password", "password that the station uses"),
    ("station: CP-1,", "station: 'CP:1',", "chargers.left.ocpp.station", "no colon"),
    ("192.168.1.0/24", "192.168.1.0/33", "chargers.yard.ocpp.addresses", "192.168.1.0/24"),
    (
        "strict_certificates: false",
        "strict_certificates: 0",
        "chargers.right.ocpp.strict_certificates",
        "true or false",
    ),
    ("port: 9443", "port: 9000", "ocpp.tls.port", "another port"),
    ("names: [quay.local, 192.0.2.7], ", "", "ocpp.tls.names", "host names or addresses"),
    ("names: [quay.local, 192.0.2.7]", "certificate: server.pem", "ocpp.tls.key", "together"),
    (f", {TLS}", "", "ocpp.plain", "no station could connect"),
    (
        "plain: false, tls: {port: 9443, names: [quay.local, 192.0.2.7], operator: Me}",
        "plain: true",
        "security_profile",
        "tls",
    ),
    ("names: [quay", "name: [quay", "ocpp.tls.name", "Did you mean names?"),
]


@pytest.mark.parametrize(("before", "after", "field", "remedy"), WRONG)
def test_what_cannot_be_meant_is_explained(before: str, after: str, field: str, remedy: str) -> None:
    wrong = SECURE.replace(before, after)
    if field.startswith("ocpp.tls.port"):
        wrong = wrong.replace("plain: false", "plain: true")
    assert wrong != SECURE
    with pytest.raises(SiteError) as caught:
        load_site(wrong)
    assert field in caught.value.field
    assert remedy in caught.value.remedy
    assert "secret-of-CP-1" not in str(caught.value)
