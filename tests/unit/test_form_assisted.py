"""Assisted digital: rules of names, passwords, addresses, and of whose form session goes on."""

import asyncio
import time
from hashlib import sha256

import pytest
from registration.form import assisted_pages
from registration.form.assisted import (
    SignedIn,
    caller_of,
    csrf_of,
    is_long_enough,
    is_name,
    may_go_on,
    name_to_try,
    normal_name,
    session_id_of,
)
from registration.form.passwords import Passwords, hash_password

PASSWORD = "three random words"
SIAN, OWEN = SignedIn("sian", "a"), SignedIn("owen", "b")


@pytest.mark.parametrize("name", ["sian", "library-7", "a.b_c", "0x"])
def test_an_account_may_be_called_so(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a", "-sian", "Siân", "two words", "a" * 41, "sian\n"])
def test_an_account_may_not_be_called_so(name: str) -> None:
    assert not is_name(name)


def test_a_name_is_the_same_however_it_is_typed() -> None:
    assert normal_name(" Sian ") == "sian"


def test_a_password_has_12_to_128_characters() -> None:
    assert [is_long_enough("x" * length) for length in (11, 12, 128, 129)] == [
        False,
        True,
        True,
        False,
    ]


def test_an_address_of_ipv6_counts_as_its_network_and_one_of_ipv4_as_itself() -> None:
    assert caller_of("2001:db8::1") == caller_of("2001:db8::ffff:1") != caller_of("2001:db8:0:1::1")
    assert caller_of("192.0.2.1") != caller_of("192.0.2.2")
    assert caller_of("unix") == "unix"


@pytest.mark.parametrize(
    ("begun_by", "signed_in", "goes_on"),
    [
        (None, None, True),
        ("sian", SIAN, True),
        ("sian", None, False),
        ("sian", OWEN, False),
        (None, SIAN, False),
    ],
)
def test_a_form_session_goes_on_with_who_began_it(
    begun_by: str | None, signed_in: SignedIn | None, goes_on: bool
) -> None:
    assert may_go_on(begun_by, signed_in) is goes_on


def test_what_is_derived_of_a_token_does_not_hold_it() -> None:
    token = "a-token-of-43-characters"
    assert token not in csrf_of(token)
    assert token.encode() not in session_id_of(token)
    assert csrf_of(token) != csrf_of(f"{token}x")


def test_whatever_a_cookie_holds_names_a_session_that_nobody_has() -> None:
    broken = "\udcff" * 43  # a byte that is no UTF-8, as the server reads it
    assert session_id_of(broken) == sha256(b"\xff" * 43).digest()
    assert len(csrf_of(broken)) == 64


@pytest.mark.parametrize("typed", ["", "a\0", "sian\0", "Siân", "a" * 30_000])
def test_what_can_be_no_name_is_tried_as_nobodys(typed: str) -> None:
    assert not is_name(name_to_try(typed))
    assert name_to_try(typed) == name_to_try("two words")
    assert name_to_try(" Sian ") == "sian"


async def test_a_password_matches_its_own_hash_alone() -> None:
    compare = Passwords()
    hashed = hash_password(PASSWORD)
    assert await compare.match(hashed, PASSWORD)
    assert not await compare.match(hashed, f"{PASSWORD}x")
    assert not await compare.match(None, PASSWORD)
    assert not await compare.match("no hash", PASSWORD)


async def test_a_password_is_the_same_from_every_keyboard() -> None:
    composed, combining = "Llŷr Siân Nguyễn", "Lly\u0302r Sia\u0302n Nguye\u0302\u0303n"
    assert composed != combining
    assert await Passwords().match(hash_password(composed), combining)


def test_a_hash_names_argon2id_and_the_parameters_of_the_cheat_sheet() -> None:
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash_password(PASSWORD) != hash_password(PASSWORD)


async def test_the_loop_goes_on_while_passwords_are_compared() -> None:
    # A machine that pauses can make it longer, and not thrice; a loop that stands still always.
    assert min([await longest_standstill() for _ in range(3)]) < 0.5


async def longest_standstill() -> float:
    """Return the share of five comparisons' time in which the loop stood still longest."""
    compare, hashed = Passwords(), hash_password(PASSWORD)
    comparing = asyncio.gather(*(compare.match(hashed, PASSWORD) for _ in range(5)))
    longest, last = 0.0, time.perf_counter()
    begin = last
    while not comparing.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert all(await comparing)
    return longest / (last - begin)


def test_every_page_of_helpers_is_shown_and_posted() -> None:
    served = {(route.method, route.path) for route in assisted_pages.ROUTES}
    slugs = ("helper/sign-in", "helper/next-person", "helper/sign-out")
    assert served == {(method, f"/{slug}") for slug in slugs for method in ("GET", "POST")}
