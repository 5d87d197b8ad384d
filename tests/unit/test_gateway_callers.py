"""Who may call the gateway, over real connections: tokens, certificates, proxies, addresses."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from electoral.tls import server_context
from ems_gateway.calling.credentials import token_proof
from ems_gateway.calling.issued import BELIEVED_SECONDS
from ems_gateway.postgres.credentials import CredentialRow
from gateway_calls import (
    EMS,
    NOBODY,
    PROXY,
    Answer,
    Tls,
    a_certificate,
    an_entry,
    issuer_of,
    open_door,
    serial_of,
)

SERIAL, ISSUER = "X-Client-Certificate-Serial", "X-Client-Certificate-Issuer"
BY_SERIAL = {"issuer": "CN=Councils,O=Hub", "serial": "0a:bc:de:f0:12:34"}
OTHERS_SAME_SERIAL = {"issuer": "CN=Others", "serial": "abcdef01234"}
ONE = f"token {sha256(b'one').hexdigest()[:8]}"


def a_row(token: str, ero: str, *, revoked: bool = False, ended: bool = False) -> CredentialRow:
    now = datetime.now(UTC)
    return CredentialRow(
        token_proof(token), ero, now if ended else None, "A", now, "A", now if revoked else None
    )


def a_header(serial: str, *more: tuple[str, str]) -> Sequence[tuple[str, str]]:
    return [(SERIAL, serial), *more]


# -- tokens ---------------------------------------------------------------------------------------


async def test_unknown_expired_revoked_and_strayed_callers_are_told_the_same(
    tmp_path: Path,
) -> None:
    entries = (
        an_entry("hartlepool", "over", validTo="2026-01-01"),
        an_entry("hartlepool", "yet-to-come", validFrom="2199-01-01"),
        an_entry("hartlepool", "taken-back"),
        an_entry("lothian", "elsewhere", addresses=["192.0.2.0/24"]),
    )
    async with open_door(tmp_path, *entries) as door:
        rows = [
            a_row("taken-back", "hartlepool", revoked=True),
            a_row("ended", "hartlepool", ended=True),
        ]
        door.issued.learn(rows, door.clock())
        tokens = (None, "", "unknown", "over", "yet-to-come", "taken-back", "ended", "elsewhere")
        refusals: list[Answer] = [await door.call(token) for token in tokens]
    assert refusals[0].status == 401
    assert all(one.of_problem == refusals[0].of_problem for one in refusals)


async def test_two_tokens_are_valid_at_once_and_the_history_can_tell_them_apart(
    tmp_path: Path,
) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", "one")) as door:
        door.issued.learn([a_row("two", "hartlepool")], door.clock())
        assert await door.who("one") == ("hartlepool", ONE)
        assert await door.who("two") == (
            "hartlepool",
            f"token {sha256(b'two').hexdigest()[:8]}",
        )


async def test_while_nobody_knows_who_was_revoked_callers_are_asked_to_come_again(
    tmp_path: Path,
) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", "one")) as door:
        door.clock.now += BELIEVED_SECONDS - 0.1
        assert await door.who("one") == ("hartlepool", ONE)
        door.clock.now += 0.1
        for token in ("one", "unknown"):
            answer = await door.call(token)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        door.issued.learn([], door.clock())
        assert await door.who("one") == ("hartlepool", ONE)


# -- addresses ------------------------------------------------------------------------------------


async def test_an_ero_with_a_list_of_addresses_calls_from_these_alone(tmp_path: Path) -> None:
    entries = (
        an_entry("hartlepool", "one", addresses=[f"{EMS}/32"]),
        an_entry("lothian", "three"),
    )
    async with open_door(tmp_path, *entries) as door:
        assert await door.who("one", came_from=EMS) == ("hartlepool", ONE)
        assert await door.who("one", came_from=NOBODY) == 401
        assert (await door.call("three", came_from=NOBODY)).status == 200
        said = [("X-Forwarded-For", EMS)]
        assert await door.who("one", came_from=NOBODY, headers=said) == 401
        assert await door.who("one", came_from=PROXY, headers=said) == ("hartlepool", ONE)
        assert await door.who("one", came_from=PROXY) == 401


# -- certificates that a proxy names --------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        a_header("0A:BC:DE:F0:12:34"),
        a_header("abcdef01234"),
        a_header("000ABCDEF01234", (ISSUER, "cn=councils, o=hub".replace(", ", ","))),
    ],
)
async def test_a_listed_proxy_names_the_certificate(
    tmp_path: Path, headers: Sequence[tuple[str, str]]
) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", certificates=[BY_SERIAL])) as door:
        found = await door.who(came_from=PROXY, headers=headers)
        assert found == ("hartlepool", "certificate def01234")


@pytest.mark.parametrize(
    "headers",
    [
        a_header("abcdef01234"),
        a_header(""),
        a_header("unknown"),
        [(ISSUER, "CN=Councils,O=Hub")],
        [(SERIAL.lower(), "abcdef01234")],
    ],
)
async def test_whoever_else_names_one_is_refused_whatever_they_send_beside_it(
    tmp_path: Path, headers: Sequence[tuple[str, str]]
) -> None:
    entry = an_entry("hartlepool", "one", certificates=[BY_SERIAL])
    async with open_door(tmp_path, entry) as door:
        assert await door.who("one", came_from=NOBODY) == ("hartlepool", ONE)
        for token in (None, "one"):
            assert await door.who(token, came_from=NOBODY, headers=headers) == 401
            forwarded = [*headers, ("X-Forwarded-For", PROXY)]
            assert await door.who(token, came_from=NOBODY, headers=forwarded) == 401


@pytest.mark.parametrize(
    "headers",
    [
        a_header("abcdef01235"),
        a_header("xyz"),
        a_header("abcdef01234", (SERIAL, "abcdef01234")),
        a_header("abcdef01234", (ISSUER, "CN=Councils")),
        a_header("abcdef01234", (ISSUER, "no name")),
        a_header("abcdef01234", (ISSUER, "CN=Councils,O=Hub"), (ISSUER, "CN=Councils,O=Hub")),
        [(ISSUER, "CN=Councils,O=Hub")],
    ],
)
async def test_a_certificate_that_a_proxy_does_not_name_rightly_is_nobodys(
    tmp_path: Path, headers: Sequence[tuple[str, str]]
) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", certificates=[BY_SERIAL])) as door:
        assert await door.who(came_from=PROXY, headers=headers) == 401


async def test_a_serial_of_two_issuers_needs_the_issuer(tmp_path: Path) -> None:
    entries = (
        an_entry("hartlepool", certificates=[BY_SERIAL]),
        an_entry("lothian", certificates=[OTHERS_SAME_SERIAL]),
    )
    async with open_door(tmp_path, *entries) as door:
        assert await door.who(came_from=PROXY, headers=a_header("abcdef01234")) == 401
        headers = a_header("abcdef01234", (ISSUER, "CN=Others"))
        found = await door.who(came_from=PROXY, headers=headers)
        assert found == ("lothian", "certificate def01234")


async def test_a_proxy_that_was_shown_none_leaves_it_to_the_token(tmp_path: Path) -> None:
    entry = an_entry("hartlepool", "one", certificates=[BY_SERIAL])
    async with open_door(tmp_path, entry) as door:
        for headers in ((), a_header("")):
            assert await door.who("one", came_from=PROXY, headers=headers) == ("hartlepool", ONE)
            assert await door.who(came_from=PROXY, headers=headers) == 401


async def test_a_token_counts_unless_it_is_wrong_or_the_certificate_is_anothers(
    tmp_path: Path,
) -> None:
    entries = (
        an_entry("hartlepool", "one", certificates=[BY_SERIAL]),
        an_entry("lothian", "three"),
    )
    async with open_door(tmp_path, *entries) as door:
        ours, unknown = a_header("abcdef01234"), a_header("77")
        assert await door.who("one", came_from=PROXY, headers=ours) == ("hartlepool", ONE)
        assert await door.who("one", came_from=PROXY, headers=unknown) == ("hartlepool", ONE)
        assert await door.who("wrong", came_from=PROXY, headers=ours) == 401
        assert await door.who("three", came_from=PROXY, headers=ours) == 401


# -- certificates shown here ----------------------------------------------------------------------


async def test_a_certificate_shown_here_is_known_by_its_serial_or_its_fingerprint(
    tmp_path: Path,
) -> None:
    tls = Tls(tmp_path)
    first, second, unknown = (tls.issue(name) for name in ("first", "second", "unknown"))
    fingerprint = sha256(a_certificate(second).public_bytes(Encoding.DER)).hexdigest()
    entries = (
        an_entry(
            "hartlepool", certificates=[{"issuer": issuer_of(first), "serial": serial_of(first)}]
        ),
        an_entry("lothian", certificates=[{"fingerprint": fingerprint}]),
    )
    async with open_door(tmp_path, *entries, tls=tls) as door:
        by_serial = f"certificate {serial_of(first)[-8:]}"
        assert await door.who(certificate=first) == ("hartlepool", by_serial)
        by_fingerprint = f"fingerprint {fingerprint[:8]}"
        assert await door.who(certificate=second) == ("lothian", by_fingerprint)
        assert await door.who(certificate=unknown) == 401
        assert await door.who() == 401


async def test_with_tls_a_token_is_enough(tmp_path: Path) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", "one"), tls=Tls(tmp_path)) as door:
        assert await door.who("one") == ("hartlepool", ONE)


async def test_a_certificate_of_another_authority_ends_the_handshake(tmp_path: Path) -> None:
    tls, others = Tls(tmp_path), Tls(tmp_path)
    stranger = others.issue("stranger")
    entry = an_entry(
        "hartlepool",
        "one",
        certificates=[{"issuer": issuer_of(stranger), "serial": serial_of(stranger)}],
    )
    async with open_door(tmp_path, entry, tls=tls) as door:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await door.call("one", certificate=stranger)
        assert await door.who("one") == ("hartlepool", ONE)


def test_tls_before_1_2_is_not_spoken(tmp_path: Path) -> None:
    context = server_context(*Tls(tmp_path).settings())
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_whoever_speaks_no_tls_gets_no_answer_and_harms_nobody(tmp_path: Path) -> None:
    tls = Tls(tmp_path)
    async with open_door(tmp_path, an_entry("hartlepool", "one"), tls=tls) as door:
        async with aiohttp.ClientSession() as session:
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await session.get(f"http://127.0.0.1:{door.port}/who")
        assert await door.who("one") == ("hartlepool", ONE)


async def test_a_proxys_own_certificate_is_not_the_callers(tmp_path: Path) -> None:
    tls = Tls(tmp_path)
    of_proxy = tls.issue("proxy")
    entry = an_entry(
        "hartlepool", certificates=[{"issuer": issuer_of(of_proxy), "serial": serial_of(of_proxy)}]
    )
    async with open_door(tmp_path, entry, tls=tls) as door:
        assert await door.who(certificate=of_proxy, came_from=PROXY) == 401
        assert (await door.call(certificate=of_proxy, came_from=EMS)).status == 200


async def test_a_certificate_that_is_over_ends_the_handshake(tmp_path: Path) -> None:
    tls = Tls(tmp_path)
    over = tls.ca.issue_cert("over.example", not_after=datetime.now(UTC) - timedelta(days=1))
    async with open_door(tmp_path, an_entry("hartlepool", "one"), tls=tls) as door:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await door.call("one", certificate=over)


# -- how fast -------------------------------------------------------------------------------------


async def test_an_ero_that_calls_too_fast_is_told_when_to_come_again_and_no_other_is(
    tmp_path: Path,
) -> None:
    entries = (an_entry("hartlepool", "one"), an_entry("lothian", "three"))
    async with open_door(tmp_path, *entries, limit=5) as door:
        door.issued.learn([a_row("two", "hartlepool")], door.clock())
        tokens = ["one", "two", "one", "two", "one", "two"]
        answers = [await door.call(token) for token in tokens]
        assert [one.status for one in answers] == [200] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "1"
        assert answers[-1].headers["Content-Type"].startswith("application/problem+json")
        assert (await door.call("three")).status == 200
        assert await door.who("unknown") == 401
        door.clock.now += 1
        assert (await door.call("one")).status == 200


async def test_another_scheme_or_an_empty_token_is_counted_and_told_how_to_call(
    tmp_path: Path,
) -> None:
    async with open_door(tmp_path, an_entry("hartlepool", "one")) as door:
        for number, sent in enumerate(("Basic b25lOm9uZQ==", "Bearer ", "one"), start=1):
            answer = await door.call(None, headers=[("Authorization", sent)])
            assert answer.status == 401
            assert b"client certificate" in answer.body
            refused = f'gateway_refused_total{{reason="unknown"}} {number}.0'
            assert refused.encode() in door.metrics.exposition()
