"""No personal data in clear at rest or in passing (promise 6 of ARCHITECTURE).

Canary applicants go through the whole system, its errors and retries included; then everything
that the system shows, publishes, stores or writes is scanned for them in every form. The same
scan has to find what was planted in each kind of place.
"""

import asyncio
import base64
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from electoral.sealing import NONCE_BYTES, DirectoryKeyring, Sealer, key_id_of
from electoral_local.blueprint import StackOptions
from electoral_local.stack import Stack

from acceptance import evidence
from acceptance.callers import Caller, Relay
from acceptance.canaries import (
    APPLICANTS,
    SIMULATED_COUNCILS,
    UNDECODABLE,
    UNPLACEABLE,
    hidden_from_councils,
    sent_canaries,
    write_records,
)
from acceptance.evidence import IN_KAFKA, SERVICES, Place, SealedNino, Where
from acceptance.leak_scan import Leak, Scanner
from acceptance.plants import PLANTED, a_leaky_service, plant, plant_in_files
from acceptance.stray_messages import send_stray_messages
from acceptance.traffic import Traffic

pytestmark = pytest.mark.integration

ANSWERED_WITHIN_SECONDS = 30.0  # whatever dies meanwhile
LOGGED_WHEN_POSTGRES_RECOVERS = b"was not properly shut down"


@dataclass
class Findings:
    """What was scanned, and what the scan found."""

    leaks: dict[Where, list[Leak]] = field(default_factory=lambda: defaultdict(list))
    bytes_scanned: Counter[Where] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    held: dict[str, set[str]] = field(default_factory=dict)  # service -> error classes
    parked: int = 0
    log_of_postgres: bytes = b""
    sealed_ninos: set[SealedNino] = field(default_factory=set)
    keys: dict[str, dict[str, bytes]] = field(default_factory=dict)  # service -> file -> key
    opened: set[str] = field(default_factory=set)  # by the key ring of verification


@pytest.fixture(scope="module")
def findings() -> Iterator[Findings]:
    with tempfile.TemporaryDirectory(prefix="leaks-") as directory:
        Path(directory).chmod(0o755)  # Postgres runs as nobody
        yield asyncio.run(_rehearse(Path(directory) / "state"))


async def _rehearse(state: Path) -> Findings:
    findings = Findings()
    canaries = [*sent_canaries(), *UNDECODABLE.canaries(), *PLANTED.values()]
    scanner = Scanner(canaries)
    patience = aiohttp.ClientTimeout(total=ANSWERED_WITHIN_SECONDS)
    async with Relay().listening() as relay, aiohttp.ClientSession(timeout=patience) as session:
        caller = Caller(session)
        async with _running(state, relay) as stack:
            await _play(stack, caller, findings)
            places = await _look(stack, session, caller, relay)
        _scan(scanner, [*places, *caller.places, *relay.places], findings)
        _read_keys(stack, evidence.sealed_ninos(places), findings)
        plant_in_files(stack)
        _scan(scanner, evidence.of_files(stack), findings)
        findings.statuses = caller.statuses
        findings.log_of_postgres = (stack.logs / "postgres.log").read_bytes()
    return findings


@asynccontextmanager
async def _running(state: Path, relay: Relay) -> AsyncIterator[Stack]:
    state.mkdir()
    state.chmod(0o755)
    records = state.parent / "records.json"
    write_records(records)
    options = StackOptions(
        state,
        free_ports=True,
        environment={
            "verification": {"VERIFICATION_DWP_URL": relay.url, "VERIFICATION_LOG_LEVEL": "DEBUG"},
            "registration": {"REGISTRATION_LOG_LEVEL": "DEBUG"},
            "ems-gateway": {"EMS_GATEWAY_LOG_LEVEL": "DEBUG"},
        },
        arguments={
            "dwp": (f"--also={records}",),
            "councils": ("--interval=1", f"--only={','.join(SIMULATED_COUNCILS)}"),
        },
    )
    stack = Stack(options)
    relay.target = stack.blueprint.dwp_url
    async with stack:
        yield stack


async def _play(stack: Stack, caller: Caller, findings: Findings) -> None:
    traffic = Traffic(stack, caller)
    await traffic.send_everyone("first")
    await traffic.repeat_and_ask()
    await traffic.send_batch()
    await traffic.send_what_is_refused()
    await _kill_postgres(stack, traffic)
    await send_stray_messages(stack)
    await _trouble_dwp(stack, traffic, findings)
    await traffic.wait_until(decided=True)
    await traffic.refuse_as_council()
    for service in SERVICES:
        findings.held[service] = await _held(stack, service)


async def _trouble_dwp(stack: Stack, traffic: Traffic, findings: Findings) -> None:
    """Everyone applies while DWP answers with errors, with garbage, and not at all."""
    for name, control in (
        ("errors", {"itemErrorRate": 1.0}),
        ("garbage", {"itemErrorRate": 0.0, "garbageRate": 1.0}),
        ("down", {"garbageRate": 0.0, "down": True}),
    ):
        await traffic.behave(**control)
        await traffic.send_everyone(name)
        await traffic.wait_until(decided=False)
    findings.parked = await _value(stack, "verification", "SELECT count(*) FROM parked")
    await traffic.behave(down=False)


async def _kill_postgres(stack: Stack, traffic: Traffic) -> None:
    """`kill -9` while applications come in; they are sent again until they are taken."""
    sending = [asyncio.create_task(traffic.send_everyone(f"killed-{n}")) for n in range(4)]
    await asyncio.sleep(0.02)
    postgres = stack.process("postgres")
    postgres.kill()
    await traffic.send_everyone("dead")
    await asyncio.gather(*sending)
    await postgres.wait_ready()


async def _look(
    stack: Stack, session: aiohttp.ClientSession, caller: Caller, relay: Relay
) -> list[Place]:
    await plant(stack, relay.url, caller)
    async with a_leaky_service(caller) as leaky:
        urls = [*(stack.blueprint.admin_url(service) for service in SERVICES), leaky]
        return [
            *await evidence.of_admin_ports(session, urls),
            *await evidence.of_topics(stack.kafka.bootstrap_servers),
            *await evidence.of_dumps(stack),
            *await evidence.of_commands(stack),
        ]


def _scan(scanner: Scanner, places: Iterable[Place], findings: Findings) -> None:
    for place in places:
        findings.bytes_scanned[place.where] += len(place.data)
        findings.leaks[place.where] += scanner.scan(place.name, place.data)


async def _value(stack: Stack, database: str, query: str) -> int:
    connection = await asyncpg.connect(stack.postgres.dsn(database))
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def _held(stack: Stack, service: str) -> set[str]:
    connection = await asyncpg.connect(stack.postgres.dsn(service.replace("-", "_")))
    try:
        rows = await connection.fetch("SELECT error_class FROM held_message")
        return {row["error_class"] for row in rows}
    finally:
        await connection.close()


def _read_keys(stack: Stack, sealed: set[SealedNino], findings: Findings) -> None:
    keys = stack.blueprint.keys
    for service in SERVICES:
        files = (keys / service).glob("*.key")
        findings.keys[service] = {path.stem: path.read_bytes() for path in files}
    findings.sealed_ninos = sealed
    sealer = Sealer(DirectoryKeyring(keys / "verification"))
    for application_id, nino in sealed:
        opened = sealer.open("nino-online", UUID(application_id), nino)
        findings.opened.add(opened.decode()[:8])


# -- nothing leaks --------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [where for where in Where if where is not Where.DELIVERY])
def test_nothing_of_an_applicant_a_council_or_dwp_is_in_any(
    where: Where, findings: Findings
) -> None:
    forbidden = set(sent_canaries())
    if where not in IN_KAFKA:  # there the test itself put it
        forbidden.update(UNDECODABLE.canaries())
    leaks = [leak for leak in findings.leaks[where] if leak.canary in forbidden]
    assert "\n".join(sorted(map(str, leaks))) == ""


def test_no_online_nino_and_nothing_of_dwps_records_is_delivered(findings: Findings) -> None:
    hidden = set(hidden_from_councils())
    leaks = [leak for leak in findings.leaks[Where.DELIVERY] if leak.canary in hidden]
    assert "\n".join(map(str, leaks)) == ""
    delivered = {leak.canary for leak in findings.leaks[Where.DELIVERY]}
    placed = {c for one in APPLICANTS if one is not UNPLACEABLE for c in one.canaries()}
    assert placed - hidden <= delivered


# -- and would be found ---------------------------------------------------------------------------


@pytest.mark.parametrize("where", list(Where))
def test_the_scan_finds_what_was_planted_in_a(where: Where, findings: Findings) -> None:
    found = {leak.canary for leak in findings.leaks[where]}
    assert PLANTED[where] in found


def test_everything_that_can_fail_has_failed(findings: Findings) -> None:
    assert {200, 201, 400, 401, 404, 405, 413, 415, 422, 503} <= findings.statuses.keys()
    assert 500 not in findings.statuses
    assert findings.parked > 0
    assert LOGGED_WHEN_POSTGRES_RECOVERS in findings.log_of_postgres


def test_postgres_logs_errors_without_statement_and_row(findings: Findings) -> None:
    assert b"ERROR:  invalid byte sequence" in findings.log_of_postgres
    for line in (b"STATEMENT:", b"DETAIL:", b"CONTEXT:"):
        assert line not in findings.log_of_postgres


def test_every_stray_message_was_held(findings: Findings) -> None:
    assert {"unknown-event-type", "unreadable-person", "nino-malformed"} <= findings.held[
        "verification"
    ]
    assert {"unknown-event-type"} <= findings.held["ems-gateway"]
    for service in ("verification", "ems-gateway"):  # an error that nobody expects
        assert any(re.search("Error$", name) for name in findings.held[service])


# -- keys -----------------------------------------------------------------------------------------


def test_no_key_of_the_gateway_opens_the_nino_of_an_online_application(findings: Findings) -> None:
    ninos = {applicant.nino for applicant in APPLICANTS if applicant.nino}
    assert ninos <= findings.opened  # with verification's keys: these are what was sent
    assert findings.keys["ems-gateway"]
    for application_id, sealed in findings.sealed_ninos:
        for key in findings.keys["ems-gateway"].values():
            with pytest.raises(InvalidTag):
                _open(key, application_id, sealed)


def _open(key: bytes, application_id: str, sealed: str) -> bytes:
    """As `electoral.sealing` does, but with any key."""
    key_id, _, text = sealed.partition(".")
    assert key_id == key_id_of(sealed)
    raw = base64.urlsafe_b64decode(text)
    bound_to = UUID(application_id).bytes + f"nino-online:{key_id}".encode()
    return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to)


def test_the_gateway_has_no_key_for_online_ninos(findings: Findings) -> None:
    purposes = {name.split("-20")[0] for name in findings.keys["ems-gateway"]}
    assert "nino-online" not in purposes
    assert "nino-online" in {name.split("-20")[0] for name in findings.keys["verification"]}
