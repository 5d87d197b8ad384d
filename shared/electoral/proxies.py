"""Proxies: whose request it is when a load balancer of ours hands it on.

A caller may write anything into `X-Forwarded-For`; a trusted proxy appends the address it was
called from. So the header is read from its end, and only as far as trusted proxies wrote it.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORWARDED_MAX = 20  # addresses that are looked at


class TrustedProxies:
    """The networks whose headers about a caller are believed; of none, unless they are named."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def caller_of(self, request: web.Request) -> str:
        """Return the address that a request comes from."""
        return self.caller(request.remote or "", request.headers.getall("X-Forwarded-For", []))

    def sent(self, request: web.Request) -> bool:
        """Say whether a trusted proxy handed a request on."""
        peer = _read(request.remote or "") if self._networks else None
        return peer is not None and self._trusts(peer)

    def caller(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """Go from the peer backwards along the header while the one before is trusted."""
        caller = _read(peer)
        if caller is None:
            return peer
        for text in reversed(",".join(forwarded_for).split(",")[-FORWARDED_MAX:]):
            before = _read(text.strip())
            if before is None or not self._trusts(caller):
                break
            caller = before
        return str(caller)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _read(text: str) -> Address | None:
    """Read an address; one of IPv4 written as IPv6 is the IPv4 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
