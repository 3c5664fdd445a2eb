"""The roots that a station trusts: listed, deleted and installed (use cases M03 to M05)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography import x509

from tidewatt.ocpp.certificates import CertificateError, hash_data, read_chain, same_hash_data
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import child, rows, text
from tidewatt.site import CommandError

from .block import Plain, StationContext, demand, require, spoken

_V16 = OcppVersion.V16


class RootUse(StrEnum):
    """What a root on a station vouches for."""

    CSMS = "CSMSRootCertificate"
    MANUFACTURER = "ManufacturerRootCertificate"
    V2G = "V2GRootCertificate"
    MOBILITY_OPERATOR = "MORootCertificate"
    OEM = "OEMRootCertificate"


_USES_OF_V16 = {
    RootUse.CSMS: "CentralSystemRootCertificate",
    RootUse.MANUFACTURER: "ManufacturerRootCertificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledCertificate:
    """A certificate that a station says it has: what for, and the hashes that name it (CertificateHashDataType)."""

    use: str
    hash_data: Mapping[str, str]
    children: tuple[Mapping[str, str], ...] = ()


class Roots(Plain):
    """Reads and changes which certificates a station has installed."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    async def install(self, use: RootUse, certificate_pem: str) -> None:
        """Install a root on the station (M05); CommandError when it refuses."""
        command = "installing a root certificate"
        try:
            read_chain(certificate_pem)
        except CertificateError as error:
            raise self._failed(command, str(error)) from error
        payload = {"certificateType": self._word(use, command), "certificate": certificate_pem}
        require(self._context, command, await demand(self._context, command, "InstallCertificate", payload))

    async def install_own(self) -> None:
        """Install the root of this central system, unless the station has it; CommandError when it refuses."""
        root = self._own_root()
        known = hash_data(root, root)
        installed = await self.installed(RootUse.CSMS)
        if not any(same_hash_data(each.hash_data, known) for each in installed):
            await self.install(RootUse.CSMS, self._context.security.root_pem())

    async def installed(self, *uses: RootUse) -> tuple[InstalledCertificate, ...]:
        """Return what the station has for these uses, or for all (M03); CommandError when it will not say."""
        command = "listing its certificates"
        if spoken(self._context, command) is _V16:
            found: list[InstalledCertificate] = []
            for use in uses or tuple(_USES_OF_V16):
                payload = {"certificateType": self._word(use, command)}
                answer = await demand(self._context, command, "GetInstalledCertificateIds", payload)
                found += [_installed(use, row) for row in rows(answer, "certificateHashData")]
            return tuple(found)
        wanted = {"certificateType": [self._word(use, command) for use in uses]} if uses else {}
        answer = await demand(self._context, command, "GetInstalledCertificateIds", wanted)
        return tuple(
            _installed(text(row, "certificateType") or "?", child(row, "certificateHashData"), row)
            for row in rows(answer, "certificateHashDataChain")
        )

    async def delete(self, certificate: InstalledCertificate) -> None:
        """Delete a certificate from the station (M04); CommandError when it refuses.

        The root of this very server is not deleted: without it the station could not come back.
        """
        command = "deleting a certificate"
        if any(same_hash_data(dict(certificate.hash_data), each) for each in self._own_hashes()):
            raise self._failed(command, "it is the root by which the station knows this central system")
        payload = {"certificateHashData": dict(certificate.hash_data)}
        require(self._context, command, await demand(self._context, command, "DeleteCertificate", payload))

    def _own_root(self) -> x509.Certificate:
        try:
            return read_chain(self._context.security.root_pem())[0]
        except CertificateError as error:
            raise self._failed("installing the root certificate", str(error)) from error

    def _own_hashes(self) -> list[dict[str, str]]:
        try:
            root = read_chain(self._context.security.root_pem())[0]
        except CertificateError:
            return []
        return [hash_data(root, root, algorithm) for algorithm in ("SHA256", "SHA384", "SHA512")]

    def _word(self, use: RootUse, command: str) -> str:
        version = spoken(self._context, command)
        if version is not _V16:
            if use is RootUse.OEM and version is not OcppVersion.V21:
                raise self._failed(command, f"OCPP {version} has no {use}")
            return use
        if use not in _USES_OF_V16:
            raise self._failed(command, f"OCPP 1.6 has no {use}")
        return _USES_OF_V16[use]

    def _failed(self, command: str, answer: str) -> CommandError:
        return CommandError(self._context.station_id, command, answer)


def _installed(use: str, hashes: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> InstalledCertificate:
    return InstalledCertificate(
        use=use,
        hash_data={key: value for key, value in hashes.items() if isinstance(value, str)},
        children=tuple(rows(row, "childCertificateHashData")) if row is not None else (),
    )
