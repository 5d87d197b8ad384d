"""Tokens and certificates by command, and how soon the running gateway knows of them."""

import asyncio
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from electoral import postgres
from electoral.postgres import Pool
from electoral_local.ports import free_ports
from ems_gateway.__main__ import main
from ems_gateway.calling import issuing
from ems_gateway.calling.credentials import Filed
from ems_gateway.calling.issued import BELIEVED_SECONDS, Issued
from ems_gateway.errors import CannotIssue
from gateway_calls import NOBODY, PROXY, Clock, Tls, an_entry, issuer_of, serial_of
from gateway_world import World, authorized
from postgres_proxy import PostgresProxy
from pydantic_core import to_json

NOTHING_FILED = Filed((), {})
BY = ["--by", "A. Operator"]
SEEN_SECONDS_MAX = 20.0  # far below the minute that is promised

Command = Callable[..., "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def environment(
    postgres_dsn: Callable[[str], str], keys_root: Path, tmp_path: Path
) -> dict[str, str]:
    """All that a gateway is told; there is no Kafka, and none is needed."""
    file = tmp_path / "eros.json"
    file.write_bytes(to_json([an_entry("hartlepool", "filed")]))
    return {
        "EMS_GATEWAY_DATABASE_URL": postgres_dsn("ems-gateway"),
        "EMS_GATEWAY_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "EMS_GATEWAY_KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EMS_GATEWAY_EROS_FILE": str(file),
    }


@pytest.fixture
def command(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Said:
        status = main(list(arguments))
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


def name_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()[:8]


# -- commands -------------------------------------------------------------------------------------


def test_a_token_is_printed_once_and_listed_by_its_name(command: Command) -> None:
    issued = command("tokens", "issue", "--ero", "hartlepool", *BY)
    token = issued.out.strip()
    assert (issued.status, len(token)) == (0, 43)
    listed = command("tokens", "list").out
    assert re.search(
        rf"hartlepool  token {name_of(token)}  valid  added .*Z by A\. Operator", listed
    )
    assert f"hartlepool  token {name_of('filed')}  valid  in the EROs' file" in listed
    assert "2 of 2 are valid." in listed
    assert token not in listed


def test_a_third_token_is_refused_and_the_oldest_named(command: Command) -> None:
    command("tokens", "issue", "--ero", "hartlepool", *BY)
    third = command("tokens", "issue", "--ero", "hartlepool", *BY)
    assert (third.status, third.out) == (1, "")
    oldest = f"tokens revoke --ero hartlepool --token {name_of('filed')} --by NAME"
    assert oldest in third.err
    assert command(*oldest.replace("NAME", "A").split()).status == 0
    assert command("tokens", "issue", "--ero", "hartlepool", *BY).status == 0
    assert command("tokens", "issue", "--ero", "lothian", *BY).status == 0


def test_what_is_over_makes_room(command: Command, environment: dict[str, str]) -> None:
    entry = an_entry("hartlepool", "filed", "another", validTo="2026-01-01")
    Path(environment["EMS_GATEWAY_EROS_FILE"]).write_bytes(to_json([entry]))
    assert command("tokens", "issue", "--ero", "hartlepool", *BY).status == 0
    listed = command("tokens", "list", "--ero", "hartlepool").out
    assert listed.count("expired 2026-01-02T00:00:00.000000Z") == 2
    assert "1 of 3 are valid." in listed
    assert command("tokens", "list", "--ero", "lothian").out == "0 of 0 are valid.\n"


def test_a_token_ends_with_its_last_day(command: Command) -> None:
    command("tokens", "issue", "--ero", "lothian", "--valid-to", "2199-06-30", *BY)
    assert "valid until 2199-06-30T23:00:00.000000Z" in command("tokens", "list").out
    over = command("tokens", "issue", "--ero", "lothian", "--valid-to", "2026-01-01", *BY)
    assert (over.status, over.err) == (1, "The last day is over; give a later one.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokens", "issue", "--ero", "atlantis", *BY],
        ["tokens", "revoke", "--ero", "hartlepool", "--token", "00000000", *BY],
        ["tokens", "revoke", "--ero", "lothian", "--token", sha256(b"filed").hexdigest()[:8], *BY],
        ["certificates", "add", "--ero", "lothian", *BY],
        ["certificates", "add", "--ero", "lothian", "--serial", "0a", *BY],
        ["certificates", "add", "--ero", "lothian", "--fingerprint", "0a", *BY],
        ["certificates", "add", "--ero", "lothian", "--file", "nowhere.pem", *BY],
    ],
)
def test_what_cannot_be_done_is_one_sentence(command: Command, arguments: list[str]) -> None:
    said = command(*arguments)
    assert (said.status, said.out, said.err.count("\n")) == (1, "", 1)


def test_a_certificate_is_added_from_its_file_and_revoked_for_good(
    command: Command, tmp_path: Path
) -> None:
    leaf = Tls(tmp_path).issue("ems")
    file = tmp_path / "ems.pem"
    leaf.cert_chain_pems[0].write_to_path(str(file))
    add = ("certificates", "add", "--ero", "lothian", "--file", str(file), *BY)
    name = serial_of(leaf)[-8:]
    assert command(*add).out == f"certificate {name} is lothian's.\n"
    assert "already" in command(*add).err
    assert f"lothian  certificate {name}  valid until 3000-" in command("certificates", "list").out
    colons = re.sub("(..)(?=.)", r"\1:", serial_of(leaf).upper().rjust(40, "0")).lstrip("0:")
    revoke = ("certificates", "revoke", "--ero", "lothian", *BY, "--certificate")
    assert command(*revoke, colons).out == f"certificate {name} of lothian is revoked.\n"
    assert "revoked" in command("certificates", "list").out
    assert "for good" in command(*add).err


async def test_two_operators_at_once_cannot_issue_a_third_token(world: World) -> None:
    results = await asyncio.gather(
        *(issuing.issue_token(world.pool, NOTHING_FILED, "lothian", "A") for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(one) for one in results if not isinstance(one, str)] == [CannotIssue] * 3
    assert await _count(world.pool) == 2


async def _count(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM credential")
    return count


async def test_no_token_is_stored(world: World) -> None:
    token = await issuing.issue_token(world.pool, NOTHING_FILED, "lothian", "A")
    rows = await world.pool.fetch("SELECT credential::text AS row FROM credential")
    assert token not in rows[0]["row"]


async def test_an_issued_token_ends_at_its_time_though_nothing_is_read_anew(world: World) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1.5)
    token = await issuing.issue_token(world.pool, NOTHING_FILED, "lothian", "A", end)
    await world.issued.read()
    headers = {"Authorization": f"Bearer {token}"}
    assert (await world.client.get("/registrations", headers=headers)).status == 200
    await asyncio.sleep((end - datetime.now(UTC)).total_seconds() + 0.05)
    assert (await world.client.get("/registrations", headers=headers)).status == 401


async def test_a_table_that_cannot_be_read_changes_nothing_at_first(world: World) -> None:
    await world.pool.execute("ALTER TABLE credential RENAME TO gone")
    await world.issued.try_to_read()
    response = await world.client.get("/registrations", headers=authorized("hartlepool"))
    assert response.status == 200


async def test_with_postgres_gone_what_was_read_is_believed_for_a_minute(
    postgres_dsn: Callable[[str], str],
) -> None:
    clock = Clock()
    async with PostgresProxy(postgres_dsn("ems-gateway")).listening() as proxy:
        pool = await postgres.open_pool(proxy.dsn, service="test", connections=1)
        issued = Issued(pool, clock)
        fresh = [issued.is_fresh]
        await issuing.issue_token(pool, NOTHING_FILED, "lothian", "A")
        await issued.try_to_read()
        proxy.be_gone()
        clock.now += BELIEVED_SECONDS - 1
        await issued.try_to_read()
        fresh.append(issued.is_fresh)
        assert [one.ero for one in issued.credentials] == ["lothian"]
        clock.now += 1
        fresh.append(issued.is_fresh)
        assert fresh == [False, True, False]
        pool.terminate()


# -- the running gateway --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that speaks TLS, and connections to it."""

    port: int
    tls: Tls

    @asynccontextmanager
    async def session(
        self, context: ssl.SSLContext | None = None, came_from: str = "127.0.0.1"
    ) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(
            ssl=context or self.tls.of_client(None), local_addr=(came_from, 0)
        )
        base = f"https://127.0.0.1:{self.port}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield session


@asynccontextmanager
async def running(environment: dict[str, str], tls: Tls) -> AsyncIterator[Running]:
    port, admin_port = free_ports(2)
    certificate, key, authorities = tls.settings()
    own = {
        "EMS_GATEWAY_HTTP_PORT": str(port),
        "EMS_GATEWAY_ADMIN_PORT": str(admin_port),
        "EMS_GATEWAY_TLS_CERTIFICATE": str(certificate),
        "EMS_GATEWAY_TLS_KEY": str(key),
        "EMS_GATEWAY_TLS_CLIENT_CA": str(authorities),
        "EMS_GATEWAY_PROXY_ADDRESSES": f"{PROXY}/32",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ems_gateway", "serve"], env=os.environ | environment | own
    )
    try:
        await _ready(process, f"http://127.0.0.1:{admin_port}/readyz")
        yield Running(port, tls)
    finally:
        process.kill()
        process.wait()


async def _ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while process.poll() is None:
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("the gateway ended")


async def status_of(session: aiohttp.ClientSession, token: str | None, **headers: str) -> int:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with session.get("/registrations", headers=headers) as response:
        return response.status


async def until(wanted: int, session: aiohttp.ClientSession, token: str | None) -> None:
    async with asyncio.timeout(SEEN_SECONDS_MAX):
        while await status_of(session, token) != wanted:
            await asyncio.sleep(0.2)


async def test_tokens_are_exchanged_without_a_gap_and_a_revoked_one_ends_within_seconds(
    environment: dict[str, str], command: Command, tmp_path: Path
) -> None:
    async with running(environment, Tls(tmp_path)) as gateway, gateway.session() as session:
        assert await status_of(session, "filed") == 200
        issued = await asyncio.to_thread(command, "tokens", "issue", "--ero", "hartlepool", *BY)
        new = issued.out.strip()
        await until(200, session, new)
        assert await status_of(session, "filed") == 200
        revoke = ("tokens", "revoke", "--ero", "hartlepool", "--token", name_of("filed"), *BY)
        assert (await asyncio.to_thread(command, *revoke)).status == 0
        seen: list[int] = []
        revoked_at = time.monotonic()
        while await status_of(session, "filed") != 401:
            seen.append(await status_of(session, new))
            assert time.monotonic() - revoked_at < SEEN_SECONDS_MAX
            await asyncio.sleep(0.1)
        assert set(seen) <= {200}
        assert await status_of(session, new) == 200


async def test_certificates_are_shown_here_or_named_by_a_listed_proxy_alone(
    environment: dict[str, str], command: Command, tmp_path: Path
) -> None:
    tls = Tls(tmp_path)
    leaf = tls.issue("ems")
    add = ("--issuer", issuer_of(leaf), "--serial", serial_of(leaf), *BY)
    added = await asyncio.to_thread(command, "certificates", "add", "--ero", "lothian", *add)
    assert added.status == 0
    revoke = ("--ero", "lothian", "--certificate", serial_of(leaf)[-8:], *BY)
    named = {"X-Client-Certificate-Serial": serial_of(leaf)}
    async with (
        running(environment, tls) as gateway,
        gateway.session(tls.of_client(leaf)) as council,
        gateway.session(came_from=PROXY) as proxy,
        gateway.session(came_from=NOBODY) as nobody,
    ):
        assert await status_of(council, None) == 200
        assert await status_of(proxy, None, **named) == 200
        assert await status_of(nobody, None, **named) == 401
        assert await status_of(nobody, "filed", **named) == 401
        assert await status_of(nobody, "filed") == 200
        await asyncio.to_thread(command, "certificates", "revoke", *revoke)
        await until(401, council, None)
