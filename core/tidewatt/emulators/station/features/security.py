"""Passwords, certificates and security profiles of a station (A01 to A05, M03 to M05, OCPP 1.6 security whitepaper)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
import re
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tidewatt.emulators.station.access import Connection, StationAccess, make_request
from tidewatt.emulators.station.answers import ACCEPTED, REJECTED, Payload
from tidewatt.emulators.station.outbox import Letter
from tidewatt.emulators.station.variables import Variable, whole_number
from tidewatt.ocpp.certificates import CertificateError, find_root, hash_data, read_chain, same_hash_data
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .feature import Host

_MOST_CERTIFICATES = 8
_STATION_CERTIFICATE = "ChargingStationCertificate"
_RENEW_BEFORE = timedelta(days=30)
_EXPIRY_CHECK_S = 60.0
_ASK_AGAIN_S = 3600.0
_PASSWORDS = {
    OcppVersion.V16: re.compile(r"(?:[0-9A-Fa-f]{2}){16,20}"),
    OcppVersion.V201: re.compile(r"[A-Za-z0-9*\-_=:+|@.]{16,40}"),
    OcppVersion.V21: re.compile(r"[A-Za-z0-9*\-_=:+|@.]{16,64}"),
}


class Security:
    """Keeps the station's keys, and changes how it connects."""

    def __init__(self, host: Host, access: StationAccess) -> None:
        self._host = host
        self._access = access
        self._pending_key: str | None = None
        self._next_check_s = 0.0
        self._slots: dict[int, Connection] = {1: access.connection}
        self._is_v16 = host.version is OcppVersion.V16
        self._add_variables()
        access.on_distrust = self._distrust
        host.on_reboot.append(self._rebooted)
        host.triggers["SignChargePointCertificate" if self._is_v16 else "SignChargingStationCertificate"] = self._sign

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        common: dict[str, Handler] = {
            "CertificateSigned": self._certificate_signed,
            "InstallCertificate": self._install,
            "GetInstalledCertificateIds": self._installed,
            "DeleteCertificate": self._delete,
        }
        return common if self._is_v16 else common | {"SetNetworkProfile": self._set_network_profile}

    def observe(self) -> None:
        """Ask for a new certificate when the present one will expire within a month (A03.FR.02)."""
        profile = str(self._access.connection.profile)
        self._host.variables.set("SecurityProfile", profile, "" if self._is_v16 else "SecurityCtrlr")
        if not self._access.chain or self._pending_key is not None:
            return
        now_s = self._host.time.now_s
        if now_s < self._next_check_s:
            return
        is_due = self._access.chain[0].not_valid_after_utc - self._now() < _RENEW_BEFORE
        self._next_check_s = now_s + (_ASK_AGAIN_S if is_due else _EXPIRY_CHECK_S)
        if is_due:
            self._sign()

    def _rebooted(self) -> None:
        """Begin with the network profile that goes first (A05.FR.05 of 2.x)."""
        if not self._is_v16:
            first = self._host.variables.names("NetworkConfigurationPriority", "OCPPCommCtrlr")[0]
            self._access.switch(self._slots[int(first)])

    # Passwords and profiles.

    def _add_variables(self) -> None:
        operator = self._access.settings.operator
        profile = str(self._access.connection.profile)
        if self._is_v16:
            rows = [
                Variable(name="CpoName", value=operator, accepts=bool),
                Variable(name="SecurityProfile", value=profile, accepts=self._may_raise, changed=self._raise),
                Variable(
                    name="AuthorizationKey",
                    value="",
                    accepts=self._is_password,
                    changed=self._new_password,
                    write_only=True,
                ),
            ]
        else:
            rows = [
                Variable(component="SecurityCtrlr", name="OrganizationName", value=operator, accepts=bool),
                Variable(component="SecurityCtrlr", name="SecurityProfile", value=profile),
                Variable(component="SecurityCtrlr", name="CertSigningWaitMinimum", value="30", accepts=whole_number(1)),
                Variable(component="SecurityCtrlr", name="CertSigningRepeatTimes", value="3", accepts=whole_number()),
                Variable(
                    component="SecurityCtrlr",
                    name="BasicAuthPassword",
                    value="",
                    accepts=self._is_password,
                    changed=self._new_password,
                    write_only=True,
                ),
                Variable(
                    component="OCPPCommCtrlr",
                    name="NetworkConfigurationPriority",
                    value="1",
                    accepts=self._is_priority,
                ),
            ]
        for row in rows:
            self._host.variables.add(row)

    def _is_password(self, text: str) -> bool:
        return _PASSWORDS[self._host.version].fullmatch(text) is not None

    def _new_password(self, password: str) -> None:
        self._access.password = password
        self._event("ReconfigurationOfSecurityParameters")
        if self._access.connection.profile in (1, 2):
            self._host.soon(self._host.reconnect)

    def _may_raise(self, text: str) -> bool:
        """Tell whether OCPP 1.6 lets the profile be raised to this (A05.FR.01 to A05.FR.05)."""
        if text not in {"1", "2", "3"} or int(text) <= self._access.connection.profile:
            return False
        return not self._access.lacks(int(text)) and (int(text) < 2 or self._tls_url() is not None)

    def _raise(self, text: str) -> None:
        url = self._tls_url() if int(text) >= 2 else None
        self._access.switch(Connection(url=url or self._access.connection.url, profile=int(text)))
        self._event("ReconfigurationOfSecurityParameters")
        self._host.soon(self._host.reconnect)

    def _tls_url(self) -> str | None:
        url = self._access.connection.url
        return url if url.startswith("wss") else self._access.settings.tls_url

    async def _set_network_profile(self, payload: Payload) -> Payload:
        data = payload["connectionData"]
        if data["ocppTransport"] != "JSON" or data["securityProfile"] < self._access.connection.profile:
            return REJECTED
        self._slots[payload["configurationSlot"]] = Connection(url=data["ocppCsmsUrl"], profile=data["securityProfile"])
        return ACCEPTED

    def _is_priority(self, text: str) -> bool:
        """Tell whether the station can connect by every slot, the first above all (A05.FR.02 to A05.FR.04)."""
        slots = [part.strip() for part in text.split(",")]
        if not all(slot.isdecimal() and int(slot) in self._slots for slot in slots):
            return False
        first = self._slots[int(slots[0])]
        return first.profile >= self._access.connection.profile and not self._access.lacks(first.profile)

    # Certificates.

    def _sign(self) -> None:
        self._host.spawn(self._request_certificate())

    async def _request_certificate(self) -> None:
        """Make a key and ask for its certificate; ask again, waiting longer each time, until one comes (A02.FR.17)."""
        name = "CpoName" if self._is_v16 else "OrganizationName"
        operator = self._host.variables.text(name, "" if self._is_v16 else "SecurityCtrlr")
        key, csr = await asyncio.to_thread(make_request, self._host.station_id, operator)
        self._pending_key = key
        payload: dict[str, Any] = {"csr": csr}
        if not self._is_v16:
            payload["certificateType"] = _STATION_CERTIFICATE
        repeats, wait_s = self._repetitions()
        for number in range(repeats + 1):
            if self._pending_key != key:
                return
            try:
                answer = await self._host.call("SignCertificate", payload)
            except OcppError:
                pass
            else:
                if answer.get("status") != "Accepted":
                    break
            await self._host.time.sleep(wait_s * 2**number)
        if self._pending_key == key:
            self._pending_key = None

    def _repetitions(self) -> tuple[int, int]:
        """Return how often a request is repeated, and after how many seconds first; OCPP 1.6 does not repeat."""
        if self._is_v16:
            return 0, 60
        variables = self._host.variables
        return (
            variables.number("CertSigningRepeatTimes", "SecurityCtrlr"),
            variables.number("CertSigningWaitMinimum", "SecurityCtrlr"),
        )

    async def _certificate_signed(self, payload: Payload) -> Payload:
        key = self._pending_key
        try:
            chain = read_chain(payload["certificateChain"])
            find_root(chain, self._access.trusted, self._now())
        except CertificateError as error:
            return self._bad_certificate(str(error))
        if key is None or not _belong_together(chain[0], key):
            return self._bad_certificate("It is not for the key of the request.")
        self._pending_key = None
        self._access.take_certificate(chain, key)
        if self._access.connection.profile == 3:
            self._host.soon(self._host.reconnect)
        return ACCEPTED

    def _bad_certificate(self, why: str) -> Payload:
        """Discard a certificate and report it (A02.FR.07)."""
        self._event("InvalidChargePointCertificate" if self._is_v16 else "InvalidChargingStationCertificate", why)
        return REJECTED

    async def _install(self, payload: Payload) -> Payload:
        try:
            (certificate,) = read_chain(payload["certificate"])
            find_root([certificate], [certificate], self._now())
        except ValueError:
            return REJECTED
        roots = self._access.roots.setdefault(payload["certificateType"], [])
        if certificate in roots:
            return ACCEPTED
        if sum(map(len, self._access.roots.values())) >= _MOST_CERTIFICATES:
            return REJECTED
        roots.append(certificate)
        return ACCEPTED

    async def _installed(self, payload: Payload) -> Payload:
        uses = payload.get("certificateType", list(self._access.roots))
        wanted = [uses] if isinstance(uses, str) else uses
        found = [(use, hash_data(each, each)) for use in wanted for each in self._access.roots.get(use, [])]
        if not found:
            return {"status": "NotFound"}
        if self._is_v16:
            return ACCEPTED | {"certificateHashData": [hashes for _, hashes in found]}
        rows = [{"certificateType": use, "certificateHashData": hashes} for use, hashes in found]
        return ACCEPTED | {"certificateHashDataChain": rows}

    async def _delete(self, payload: Payload) -> Payload:
        wanted = payload["certificateHashData"]
        for use, roots in self._access.roots.items():
            for root in roots:
                if same_hash_data(hash_data(root, root, wanted["hashAlgorithm"]), wanted):
                    return self._delete_root(use, root)
        # The station's own certificate cannot be deleted (M04.FR.05): it is not looked for.
        return {"status": "NotFound"}

    def _delete_root(self, use: str, root: x509.Certificate) -> Payload:
        in_use = use == self._access.root_use and self._access.connection.profile >= 2
        if in_use and len(self._access.trusted) == 1:
            return {"status": "Failed"}
        self._access.roots[use].remove(root)
        return ACCEPTED

    # Events.

    def _distrust(self, why: str) -> None:
        self._event("InvalidCentralSystemCertificate" if self._is_v16 else "InvalidCsmsCertificate", why)

    def _event(self, kind: str, info: str | None = None) -> None:
        """Report a security event, now or when there is a connection again (A04.FR.02)."""
        payload = {"type": kind, "timestamp": self._host.time.timestamp()}
        if info is not None:
            payload["techInfo"] = info[:255]
        self._host.post(Letter(action="SecurityEventNotification", payload=partial(dict, payload)))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._host.time.utc_s, UTC)


def _belong_together(certificate: x509.Certificate, key_pem: str) -> bool:
    return load_pem_private_key(key_pem.encode(), password=None).public_key() == certificate.public_key()
