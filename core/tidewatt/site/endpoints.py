"""Where a meter, charger or vehicle is reached. Plain data; the drivers know how to speak to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ModbusMap(StrEnum):
    """Register layouts a Modbus meter can have."""

    SDM630 = "sdm630"
    SUNSPEC = "sunspec"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusEndpoint:
    """A meter on Modbus TCP, read every `interval_s` seconds."""

    host: str
    port: int = 502
    unit_id: int = 1
    map: ModbusMap = ModbusMap.SDM630
    interval_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMeterEndpoint:
    """A meter made of Home Assistant entities: signed power or signed currents, one per phase or one total.

    Exactly one of the two is set. A single power entity on a three-phase site cannot tell the phases apart,
    so its whole current counts on every phase.
    """

    power_entity_ids: tuple[str, ...] = ()
    current_entity_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppEndpoint:
    """One EVSE (OCPP 1.6: connector) of a station that connects to our central system.

    `password` is that of OCPP security profiles 1 and 2; None accepts the station without one.
    `id_tags` None lets everybody charge who plugs in; a tuple lets only these RFID tags charge.
    `security_profile` is the least that is accepted of the station: 1 password, 2 password over TLS, 3 certificate.
    None takes it as it comes, but never below what it was seen at with TLS. `strict_certificates` False also takes
    certificates that break RFC 5280, as those of some manufacturers do. `addresses` None lets it call from anywhere,
    otherwise only from these addresses and networks (`192.168.1.0/24`).
    """

    station_id: str
    evse_id: int = 1
    password: str | None = field(default=None, repr=False)
    id_tags: tuple[str, ...] | None = None
    security_profile: int | None = None
    strict_certificates: bool = True
    addresses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsListener:
    """The encrypted side of the local OCPP central system, for security profiles 2 and 3.

    `certificate` and `key` are PEM files; without them the local certificate authority issues a certificate for
    `names`, the host names and addresses by which stations reach this machine. `trusted` is a PEM file of further
    authorities whose certificates stations may show. `operator` is the organisation (O) in certificates of stations.
    """

    port: int = 9443
    names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    trusted: str | None = None
    operator: str = "Tidewatt"


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppListener:
    """Address of the local OCPP central system. Loopback unless told otherwise.

    `port` is without encryption; `plain` False closes it. `tls` None offers no encryption.
    """

    host: str = "127.0.0.1"
    port: int = 9000
    plain: bool = True
    tls: TlsListener | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySocEndpoint:
    """A vehicle's state of charge, read from a Home Assistant entity in percent."""

    soc_entity_id: str


type MeterEndpoint = ModbusEndpoint | EntityMeterEndpoint
