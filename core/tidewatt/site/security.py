"""What of a site's OCPP security cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network

from .endpoints import OcppEndpoint, OcppListener, TlsListener
from .errors import SiteError

_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


def check_security(listener: OcppListener, endpoints: Mapping[str, OcppEndpoint]) -> None:
    """Raise SiteError for what no station could fulfil. `endpoints` is by charger."""
    _check_listener(listener)
    for charger_id, endpoint in endpoints.items():
        field = f"chargers.{charger_id}.ocpp"
        _check_addresses(f"{field}.addresses", endpoint.addresses or ())
        profile = endpoint.security_profile
        if profile is None:
            continue
        _require(profile in (1, 2, 3), f"{field}.security_profile", profile, "Give 1, 2 or 3, or leave it out.")
        _require(
            profile < 2 or listener.tls is not None,
            f"{field}.security_profile",
            profile,
            "It needs encryption: describe it under 'ocpp.tls'.",
        )
        if profile < 3:
            _check_password(field, endpoint, endpoints)


def server_names(listener: OcppListener, tls: TlsListener) -> tuple[str, ...]:
    """Return the names for which the local certificate authority issues the server's certificate."""
    return tls.names or (listener.host,)


def _check_listener(listener: OcppListener) -> None:
    tls = listener.tls
    _require(listener.plain or tls is not None, "ocpp.plain", False, "Without a tls section no station could connect.")
    if tls is None:
        return
    _require(
        not listener.plain or tls.port == 0 or tls.port != listener.port,
        "ocpp.tls.port",
        tls.port,
        "Give it another port than the one without encryption.",
    )
    _require(
        (tls.certificate is None) == (tls.key is None),
        "ocpp.tls.key",
        tls.key,
        "Give certificate and key together, or neither to have one issued.",
    )
    _require(
        tls.certificate is not None or bool(tls.names) or listener.host not in _EVERYWHERE,
        "ocpp.tls.names",
        tls.names,
        "Give the host names or addresses by which stations reach this machine.",
    )


def _check_password(field: str, endpoint: OcppEndpoint, endpoints: Mapping[str, OcppEndpoint]) -> None:
    station_id = endpoint.station_id
    # HTTP Basic authentication ends the user name at the first colon (RFC 7617).
    _require(":" not in station_id, f"{field}.station", station_id, "A station with a password has no colon in its id.")
    has_password = any(each.password for each in endpoints.values() if each.station_id == station_id)
    _require(has_password, f"{field}.password", None, "Give the password that the station uses.")


def _check_addresses(field: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        try:
            ip_network(address, strict=False)
        except ValueError:
            raise SiteError(field, address, "Give addresses or networks, for example 192.168.1.0/24.") from None


def _require(condition: bool, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise SiteError(field, value, remedy)
