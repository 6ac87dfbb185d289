"""Where a request comes from, as far as that can be believed."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from litestar.types import HTTPScope

from attendance.adapters.http.server.wire import header_values

TrustedProxies: TypeAlias = tuple[IPv4Network | IPv6Network, ...]
"""Networks of proxies whose `X-Forwarded-For` is believed."""

# what a provider gives to one customer: whoever has it may use all its addresses
_CUSTOMERS_PREFIX = 64


def client_address(peer: str | None, forwarded: Sequence[str], trusted: TrustedProxies) -> str | None:
    """The address nearest to us that is none of our proxies', an IPv6 one by its /64; None where unknown.

    `forwarded` are the `X-Forwarded-For` headers. What stands left of the first address that is not a trusted
    proxy's was written by a stranger, and counts for nothing.
    """
    if not (forwarded and trusted):
        return _shown(peer or "")
    address = _parsed(peer or "")
    hops = ",".join(forwarded).split(",") if forwarded else []
    while address is not None and hops and _is_among(address, trusted):
        nearer = _parsed(hops.pop().strip())
        if nearer is None:
            break
        address = nearer
    return None if address is None else _text(address)


def address_of(scope: HTTPScope, trusted: TrustedProxies) -> str | None:
    """Where a request came from; None where that is not known."""
    client = scope.get("client")
    # what nobody believes is not looked for
    forwarded = header_values(scope["headers"], b"x-forwarded-for") if trusted else ()
    return client_address(client[0] if client else None, forwarded, trusted)


@lru_cache(maxsize=1024)
def _shown(peer: str) -> str | None:
    address = _parsed(peer)
    return None if address is None else _text(address)


def _text(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _CUSTOMERS_PREFIX), strict=False))
    return str(address)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_among(address: IPv4Address | IPv6Address, networks: TrustedProxies) -> bool:
    return any(address in network for network in networks)
