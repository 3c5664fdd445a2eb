"""Whether a station may connect, at which security profile, and what was wrong when it may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address, ip_network

from cryptography import x509

from tidewatt.drivers.ocpp.access import matching_password
from tidewatt.ocpp.certificates import common_name, organisation

from .strictness import strict_flaw

type Verdict = Callable[[str, x509.Certificate], str | None]
"""Says why a certificate of the local authority does not admit a station, None when it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A connection as it came. `chain` is its verified certificate chain in DER, leaf first, root last."""

    remote: str
    authorization: str | None = field(default=None, repr=False)
    encrypted: bool = False
    chain: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a station must bring. `required` is the lowest security profile, `names` the CNs it may have.

    `verdict` judges certificates of the local authority; None for one of another authority, of which CN and O count.
    """

    station_id: str
    required: int = 0
    seen: int = 0
    passwords: tuple[str, ...] = field(default=(), repr=False)
    password_optional: bool = True
    strict: bool = True
    addresses: tuple[str, ...] | None = None
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """A station may connect. `password` is the one that it gave."""

    profile: int
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A station may not connect: HTTP status and what was wrong, in words that follow "It was refused:"."""

    status: HTTPStatus
    reason: str


def judge(peer: Peer, policy: Policy, *, is_ours: Callable[[bytes], bool], verdict: Verdict) -> Admission | Refusal:
    """Decide about a connection (A00.FR.204, A00.FR.403 to A00.FR.407, A05.FR.09 of 1.6)."""
    if policy.addresses is not None and not _is_within(peer.remote, policy.addresses):
        return Refusal(HTTPStatus.FORBIDDEN, f"it may not call from {peer.remote}.")
    if peer.chain:
        flaw = _certificate_flaw(peer, policy, is_ours, verdict)
        if flaw is not None:
            return Refusal(HTTPStatus.FORBIDDEN, f"{flaw}.")
        return Admission(3)
    password = matching_password(policy.station_id, policy.passwords, peer.authorization)
    if password is None and not policy.password_optional and policy.required < 3:
        return Refusal(HTTPStatus.UNAUTHORIZED, "its password is missing or wrong.")
    profile = 0 if password is None else 2 if peer.encrypted else 1
    least = max(policy.required, policy.seen)
    if profile < least:
        return Refusal(HTTPStatus.FORBIDDEN, _downgrade(profile, policy))
    return Admission(profile, password)


def _downgrade(profile: int, policy: Policy) -> str:
    came = f"it came with security profile {profile}"
    if policy.required >= policy.seen:
        return f"{came}, and {policy.required} is required of it."
    return f"{came}, and it was seen with {policy.seen} before. Going back takes a person's consent."


def _certificate_flaw(peer: Peer, policy: Policy, is_ours: Callable[[bytes], bool], verdict: Verdict) -> str | None:
    chain = [x509.load_der_x509_certificate(der) for der in peer.chain]
    leaf = chain[0]
    if policy.strict and (flaw := strict_flaw(chain)) is not None:
        return flaw
    if is_ours(peer.chain[-1]):
        return verdict(policy.station_id, leaf)
    name = common_name(leaf.subject)
    if name != policy.station_id:
        return f"its certificate is that of {name!r} (CN)"
    if organisation(leaf.subject) != policy.operator:
        return f"its certificate belongs to {organisation(leaf.subject)!r} (O), not to {policy.operator!r}"
    return None


def _is_within(remote: str, addresses: tuple[str, ...]) -> bool:
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(each, strict=False) for each in addresses)
