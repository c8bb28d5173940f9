"""Where a request comes from: the peer, unless our own edge says that somebody is before it.

Anybody can write `X-Forwarded-For`. Only the edge knows the secret that it sends along, so
only its word is taken, and only the last entry, which it wrote itself. Of an IPv6 address
the network counts: its holder has all of the 2**64 addresses in it.

Source: RFC 7239, section 8.1 (what forwarded headers are worth); RFC 6177 (sites get /64s).
"""

import hmac
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from litestar import Request

ADDRESS_HEADER: Final = "x-forwarded-for"
EDGE_HEADER: Final = "x-trade2026-edge"
"""The edge sends the secret `EDGE_SECRET` in it, and lets no such header of a sender pass."""
EDGE_SECRET: Final = "edge"  # noqa: S105 - the name of the secret, not the secret

_SITE_BITS: Final = 64


class Senders:
    """Tells where requests come from."""

    def __init__(self, edge_secret: str) -> None:
        """Take the word of whoever sends *edge_secret*."""
        assert edge_secret
        self._edge_secret = edge_secret.encode()

    def address_of(self, request: Request[Any, Any, Any]) -> str:
        """Return the address, or IPv6 network, that attempts are counted by."""
        peer = "" if request.client is None else request.client.host
        given = request.headers.get(EDGE_HEADER, "").encode()
        if hmac.compare_digest(given, self._edge_secret):
            forwarded = request.headers.get(ADDRESS_HEADER, "").rpartition(",")[2].strip()
            return _site(forwarded) or _site(peer) or peer
        return _site(peer) or peer


def _site(text: str) -> str:
    """Return the address in its one spelling, its network if it is of IPv6, or nothing."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _SITE_BITS), strict=False))
