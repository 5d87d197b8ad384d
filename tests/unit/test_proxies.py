"""Whose request it is, behind proxies and in front of liars."""

from ipaddress import ip_network

import pytest
from electoral.proxies import TrustedProxies

BALANCER, INNER, CALLER, LIE = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.1"
TRUSTED = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])


@pytest.mark.parametrize(
    ("peer", "headers", "caller"),
    [
        (CALLER, [], CALLER),
        (BALANCER, [], BALANCER),
        (BALANCER, [CALLER], CALLER),
        (BALANCER, [f"{CALLER}, {INNER}"], CALLER),
        (BALANCER, [CALLER, INNER], CALLER),
        (BALANCER, [f"{LIE}, {CALLER}"], CALLER),
        (BALANCER, [f"{LIE}, {CALLER},{INNER}"], CALLER),
        (CALLER, [LIE], CALLER),
        (CALLER, [BALANCER], CALLER),
        (BALANCER, [f"{CALLER}, nobody"], BALANCER),
        (BALANCER, [f"nobody, {INNER}"], INNER),
        (BALANCER, [""], BALANCER),
        (BALANCER, [",,"], BALANCER),
        (BALANCER, [", ".join([LIE, *[INNER] * 20])], INNER),
        (f"::ffff:{BALANCER}", [f"::ffff:{CALLER}"], CALLER),
        ("2001:db8::1", ["2001:0DB9::0001"], "2001:db9::1"),
        ("", [CALLER], ""),
    ],
)
def test_the_caller_is_who_the_outermost_trusted_proxy_was_called_by(
    peer: str, headers: list[str], caller: str
) -> None:
    assert TRUSTED.caller(peer, headers) == caller


@pytest.mark.parametrize("peer", [CALLER, BALANCER])
def test_without_trusted_proxies_the_header_says_nothing(peer: str) -> None:
    assert TrustedProxies().caller(peer, [LIE]) == peer
