"""Where a meter, charger or vehicle is reached. Plain data; the drivers know how to speak to it."""

from __future__ import annotations

from dataclasses import dataclass
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

    `password` is that of OCPP security profile 1; None accepts the station without one.
    `id_tags` None lets everybody charge who plugs in; a tuple lets only these RFID tags charge.
    """

    station_id: str
    evse_id: int = 1
    password: str | None = None
    id_tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppListener:
    """Address of the local OCPP central system. Loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: int = 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySocEndpoint:
    """A vehicle's state of charge, read from a Home Assistant entity in percent."""

    soc_entity_id: str


type MeterEndpoint = ModbusEndpoint | EntityMeterEndpoint
