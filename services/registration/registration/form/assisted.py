"""Assisted digital: a helper who has signed in applies for one person after the other.

Values and rules, without I/O. A form session that a helper began is that helper's: it goes on only
while the same helper is signed in, and one that was begun without a helper never becomes one's.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from unicodedata import normalize

from registration.form.session import bytes_of
from registration.partners import Partner

HELPER_COOKIE = "__Host-helper"
ASSISTED = Partner("form-assisted", "assisted")

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
NOBODY = "-"  # no account can be called so
# A password is long rather than odd: NIST SP 800-63B section 5.1.1 asks for no rule but a length.
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 128
# Who has an IPv6 address usually has all of its network of this length.
IPV6_NETWORK_BITS = 64


class HelperSignedOut(Exception):
    """A helper was signed in and is no longer: nothing goes on before they have signed in."""


@dataclass(frozen=True, slots=True)
class LockRule:
    """When wrong passwords lock: so many in so long, for as long."""

    failures_max: int
    failures_per_address_max: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A helper who is signed in."""

    name: str
    csrf: str  # derived of the cookie's token, never stored


def normal_name(typed: str) -> str:
    """Write an account's name as it is stored."""
    return typed.strip().lower()


def name_to_try(typed: str) -> str:
    """Return the name to sign in with. What cannot be one, a NUL in it perhaps, is nobody's: the
    attempt counts and takes as long as one with a name that nobody has.
    """
    name = normal_name(typed)
    return name if is_name(name) else NOBODY


def is_name(name: str) -> bool:
    """Say whether an account may be called so."""
    return NAME.fullmatch(name) is not None


def normal_password(typed: str) -> str:
    """Write a password in one way, whichever keyboard it comes from (NIST SP 800-63B: NFKC)."""
    return normalize("NFKC", typed)


def is_long_enough(password: str) -> bool:
    """Say whether a new password may be used."""
    return PASSWORD_LENGTH_MIN <= len(normal_password(password)) <= PASSWORD_LENGTH_MAX


def session_id_of(token: str) -> bytes:
    """Return what is stored of a cookie's token."""
    return sha256(bytes_of(token)).digest()


def csrf_of(token: str) -> str:
    """Derive what a helper's own forms carry; it tells nothing of the token."""
    return hmac.digest(bytes_of(token), b"helper csrf", "sha256").hex()


def caller_of(address: str) -> str:
    """Name whoever calls from an address, so that one network of IPv6 counts as one caller."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(ip_network((known, IPV6_NETWORK_BITS), strict=False))
    return str(known)


def may_go_on(begun_by: str | None, signed_in: SignedIn | None) -> bool:
    """Say whether a form session may go on: one of a helper with that helper, any other without."""
    return begun_by == (signed_in.name if signed_in else None)
