"""Names that more than one file of the integration uses."""

from __future__ import annotations

from homeassistant.const import Platform

DOMAIN = "tidewatt"

PLATFORMS = [Platform.BINARY_SENSOR, Platform.NUMBER, Platform.SELECT, Platform.SENSOR]

SUBENTRY_CIRCUIT = "circuit"
SUBENTRY_METER = "meter"
SUBENTRY_CHARGER = "charger"
SUBENTRY_VEHICLE = "vehicle"

# The keys of entries and subentries are those of the site file (`tidewatt.site.schema`).
CONF_SITE = "site"
CONF_OCPP = "ocpp"
CONF_CIRCUIT = "circuit"
CONF_PARENT = "parent"
CONF_CHARGER = "charger"
CONF_STATION = "station"
CONF_EVSE = "evse"
CONF_MODBUS = "modbus"
CONF_ENTITY = "entity"
CONF_POWER = "power"
CONF_CURRENT = "current"
CONF_ID_TAGS = "id_tags"
CONF_SECURITY_PROFILE = "security_profile"
CONF_STRICT = "strict_certificates"
CONF_TLS = "tls"
CONF_TLS_NAMES = "tls_names"
CONF_TLS_PORT = "tls_port"
CONF_PHASES = "phases"
CONF_LIMIT = "limit_a"
CONF_EXPORT_LIMIT = "export_limit_a"
CONF_TOTAL_LIMIT = "total_limit_w"
CONF_MAIN_FUSE = "main_fuse_a"
CONF_TOLERANCE = "tolerance_s"
CONF_SOC_ENTITY = "soc_entity"
CONF_UNIT = "unit"
CONF_MAP = "map"
CONF_INTERVAL = "interval_s"

EVENT_SECURITY = "tidewatt_security_event"
"""Fired on the bus when a station reports a security event."""
