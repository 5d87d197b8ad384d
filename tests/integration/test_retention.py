"""Retention: what is unfinished under an old key is sealed again; then the key is destroyed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
from electoral import held, postgres
from electoral.admin import Admin, admin_app
from electoral.health import standard_gauges
from electoral.kafka import Message
from electoral.keys import main, make_keys
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.resealing import UnfinishedRows, keep_retention
from electoral.retention import Retention
from electoral.sealing import (
    DestroyedKey,
    DirectoryKeyring,
    Sealer,
    SealPurpose,
    daily_key_id,
    key_id_of,
)
from electoral.serving import serving
from electoral.today import LONDON
from ems_gateway.postgres.records import SEALED_AND_UNFINISHED as GATEWAY
from verification.postgres.parked import SEALED_AND_UNFINISHED as VERIFICATION

pytestmark = pytest.mark.integration

FreshDatabase = Callable[[str], str]
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=200)
OLD_PERSON = daily_key_id("person", LONG_AGO.astimezone(LONDON).date())
OLD_NINO = daily_key_id("nino-online", LONG_AGO.astimezone(LONDON).date())
TODAYS_PERSON = daily_key_id("person", NOW.astimezone(LONDON).date())
OVER = [OLD_PERSON, OLD_NINO]


@pytest.fixture
def root(keys_root: Path) -> Path:
    """Keys of today and of long ago."""
    make_keys(keys_root, LONG_AGO.astimezone(LONDON).date())
    return keys_root


def a_sealer(root: Path, service: str, now: datetime | None = None) -> Sealer:
    clock = (lambda: now) if now is not None else (lambda: datetime.now(UTC))
    return Sealer(DirectoryKeyring(root / service), clock)


def sealed_long_ago(root: Path, purpose: SealPurpose, application_id: UUID) -> str:
    return a_sealer(root, "verification", LONG_AGO).seal(purpose, application_id, b"of long ago")


@pytest.fixture
async def pools(postgres_dsn: FreshDatabase) -> AsyncIterator[dict[str, Pool]]:
    async with AsyncExitStack() as stack:
        opened = {}
        for service in ("registration", "verification", "ems-gateway"):
            pool = await postgres.open_pool(postgres_dsn(service), service="test", connections=3)
            opened[service] = await stack.enter_async_context(pool)
        yield opened


async def insert_attempt(pool: Pool, root: Path, *, parked: bool) -> UUID:
    """Insert an attempt of long ago into verification's database."""
    one = uuid4()
    await pool.execute(
        "INSERT INTO attempt VALUES ($1, 1, $2, 0, null, 'ordinary', 'web', 'en', 'E08000039',"
        " null, 'postcode', 'form', $3, $3, $3, null, $4, $5)",
        one,
        "waiting" if parked else "decided",
        LONG_AGO,
        sealed_long_ago(root, "person", one),
        sealed_long_ago(root, "nino-online", one),
    )
    if parked:
        await pool.execute("INSERT INTO parked VALUES ($1, 1, 'dwp-down', 1, $2, $2, $2)", one, NOW)
    return one


async def insert_record(pool: Pool, root: Path, *, queued: bool) -> UUID:
    """Insert a record of long ago into the gateway's database."""
    one = uuid4()
    position = await pool.fetchval(
        "INSERT INTO record (record_id, application_id, attempt, revision, gss_code, received_at,"
        " attempt_received_at, size, traceparent, event, person)"
        " VALUES ($1, $2, 1, 1, 'E08000039', $3, $3, 100, '', '{}', $4) RETURNING position",
        one.bytes[:12],
        one,
        LONG_AGO,
        sealed_long_ago(root, "person", one),
    )
    if queued:
        await pool.execute(
            "INSERT INTO queue VALUES ($1, 'sheffield', $2, 'E08000039', 100)", position, LONG_AGO
        )
    return one


# -- columns --------------------------------------------------------------------------------------


async def test_what_waits_is_counted_and_sealed_again_and_what_is_finished_is_left(
    pools: dict[str, Pool], root: Path
) -> None:
    pool = pools["verification"]
    waiting = [await insert_attempt(pool, root, parked=True) for _ in range(3)]
    decided = await insert_attempt(pool, root, parked=False)
    sealer = a_sealer(root, "verification")
    rows = UnfinishedRows(pool, sealer, VERIFICATION)
    assert [await rows.count(key_id) for key_id in OVER] == [3, 3]
    assert await rows.seal_again(OVER) == 6
    assert [await rows.count(key_id) for key_id in OVER] == [0, 0]
    assert await rows.count(TODAYS_PERSON) == 3
    for row in await pool.fetch("SELECT * FROM attempt"):
        one = row["application_id"]
        assert (key_id_of(row["sealed_person"]) == OLD_PERSON) == (one == decided)
        assert sealer.open("person", one, row["sealed_person"]) == b"of long ago"
        assert sealer.open("nino-online", one, row["sealed_nino"]) == b"of long ago"
    assert {row["application_id"] for row in await pool.fetch("SELECT * FROM parked")} == {*waiting}


async def test_more_rows_than_one_step_takes_are_all_sealed_again(
    pools: dict[str, Pool], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("electoral.resealing.ROWS_AT_A_TIME", 2)
    pool = pools["ems-gateway"]
    queued = [await insert_record(pool, root, queued=True) for _ in range(7)]
    await insert_record(pool, root, queued=False)
    rows = UnfinishedRows(pool, a_sealer(root, "ems-gateway"), GATEWAY)
    assert await rows.count(OLD_PERSON) == len(queued)
    assert await rows.seal_again([OLD_PERSON]) == len(queued)
    assert await rows.count(OLD_PERSON) == 0


async def test_a_row_that_does_not_open_stays_counted_and_stops_no_other(
    pools: dict[str, Pool], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("electoral.resealing.ROWS_AT_A_TIME", 2)
    pool = pools["ems-gateway"]
    ids = [await insert_record(pool, root, queued=True) for _ in range(5)]
    for one in ids[:3]:
        other = sealed_long_ago(root, "person", uuid4())
        await pool.execute("UPDATE record SET person = $2 WHERE application_id = $1", one, other)
    rows = UnfinishedRows(pool, a_sealer(root, "ems-gateway"), GATEWAY)
    assert await rows.seal_again([OLD_PERSON]) == 2
    assert await rows.count(OLD_PERSON) == 3


# -- what every service has -----------------------------------------------------------------------


async def hold_message(pool: Pool, sealer: Sealer, value: bytes, application_id: UUID) -> None:
    headers = {
        "applicationid": str(application_id).encode(),
        "attempt": b"1",
        "revision": b"0",
        "gsscode": b"E08000039",
        "attemptreceivedat": b"2026-01-01T00:00:00.000000Z",
    }
    message = Message("applications.received", 0, uuid4().int % (1 << 40), value, headers)
    async with transaction(pool) as connection:
        await held.hold(connection, [held.seal_message(sealer, message, "test")])
    await pool.execute("UPDATE held_message SET application_id = $1", application_id)


async def test_a_held_message_is_sealed_again_with_all_that_is_sealed_inside_it(
    pools: dict[str, Pool], root: Path
) -> None:
    pool, one = pools["registration"], uuid4()
    inside = {
        "applicationId": str(one),
        "person": sealed_long_ago(root, "person", one),
        "nino": sealed_long_ago(root, "nino-online", one),
        "later": a_sealer(root, "verification").seal("person", one, b"of today"),
    }
    sealer = a_sealer(root, "registration")
    await hold_message(pool, a_sealer(root, "registration", LONG_AGO), b"", one)
    sealed = a_sealer(root, "registration", LONG_AGO).seal(
        "person", one, json.dumps(inside).encode()
    )
    await pool.execute("UPDATE held_message SET sealed_value = $1", sealed)
    rows = UnfinishedRows(pool, sealer)
    assert [await rows.count(key_id) for key_id in OVER] == [1, 1]
    assert await rows.seal_again(OVER) == 1
    assert [await rows.count(key_id) for key_id in OVER] == [0, 0]
    [message] = await held.list_held(pool)
    renewed = json.loads(sealer.open("person", one, message.sealed_value))
    assert renewed["later"] == inside["later"]
    assert sealer.open("person", one, renewed["person"]) == b"of long ago"
    assert sealer.open("nino-online", one, renewed["nino"]) == b"of long ago"


async def test_an_event_that_waits_in_the_outbox_keeps_its_keys(
    pools: dict[str, Pool], root: Path
) -> None:
    pool, one = pools["registration"], uuid4()
    value = json.dumps({"person": sealed_long_ago(root, "person", one)}).encode()
    await pool.execute(
        "INSERT INTO outbox (event_id, topic, key, headers, value) VALUES ($1, 't', 'k', '', $2)",
        one,
        value,
    )
    rows = UnfinishedRows(pool, a_sealer(root, "registration"))
    assert await rows.count(OLD_PERSON) == 1
    assert await rows.count(OLD_NINO) == 0


async def test_at_four_in_the_morning_what_is_over_is_sealed_again(
    pools: dict[str, Pool], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("electoral.resealing.LOOK_INTERVAL", 0.01)
    pool = pools["ems-gateway"]
    await insert_record(pool, root, queued=True)
    clock = [datetime(2026, 11, 22, 3, 59, tzinfo=LONDON)]
    sealer = a_sealer(root, "ems-gateway")
    rows = UnfinishedRows(pool, sealer, GATEWAY)
    task = asyncio.create_task(keep_retention(rows, sealer, Retention(), lambda: clock[0]))
    await asyncio.sleep(0.2)
    assert await rows.count(OLD_PERSON) == 1
    clock[0] += timedelta(minutes=2)
    async with asyncio.timeout(10):
        while await rows.count(OLD_PERSON):
            await asyncio.sleep(0.01)
    task.cancel()


# -- destruction ----------------------------------------------------------------------------------


@pytest.fixture
async def admin_urls(pools: dict[str, Pool], root: Path) -> AsyncIterator[list[str]]:
    """Serve the admin ports of all three."""
    columns = {"registration": (), "verification": VERIFICATION, "ems-gateway": GATEWAY}
    async with AsyncExitStack() as stack:
        urls = []
        for service, pool in pools.items():
            unfinished = UnfinishedRows(pool, a_sealer(root, service), columns[service])
            port = await stack.enter_async_context(
                serving(admin_app(an_admin(service, pool, unfinished)), "127.0.0.1", 0)
            )
            urls.append(f"http://127.0.0.1:{port}")
        yield urls


def an_admin(service: str, pool: Pool, unfinished: UnfinishedRows) -> Admin:
    async def no_ledger(*_: object) -> Sequence[object]:
        raise NotImplementedError

    metrics = Metrics()
    return Admin(
        service=service,
        checks={},
        stopping=asyncio.Event(),
        metrics=metrics,
        before_metrics=standard_gauges(pool, metrics),
        ledger=no_ledger,  # type: ignore[arg-type]
        unfinished=unfinished.count,
    )


async def destroy(root: Path, urls: Sequence[str], *what: str) -> int:
    arguments = ["destroy", "--root", str(root), "--ask", ",".join(urls), *what]
    return await asyncio.to_thread(main, arguments)


def files_of(root: Path, key_id: str, suffix: str) -> list[str]:
    return sorted(path.parent.name for path in root.glob(f"*/{key_id}{suffix}"))


async def test_the_admin_port_says_what_is_unfinished_under_a_key(
    pools: dict[str, Pool], root: Path, admin_urls: list[str]
) -> None:
    await insert_attempt(pools["verification"], root, parked=True)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{admin_urls[1]}/keys/{OLD_NINO}") as response:
            expected = {"service": "verification", "keyId": OLD_NINO, "unfinished": 1}
            assert await response.json() == expected
        async with session.get(f"{admin_urls[1]}/keys/passwd") as response:
            assert response.status == 404


async def test_a_key_is_destroyed_once_nobody_needs_it_and_not_before(
    pools: dict[str, Pool],
    root: Path,
    admin_urls: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = await insert_attempt(pools["verification"], root, parked=True)
    sealed = sealed_long_ago(root, "person", one)
    assert await destroy(root, admin_urls, "--key-id", OLD_PERSON) == 1
    assert "unfinished rows under it at verification 1" in capsys.readouterr().err
    sealer = a_sealer(root, "verification")
    assert sealer.open("person", one, sealed) == b"of long ago"

    await UnfinishedRows(pools["verification"], sealer, VERIFICATION).seal_again(OVER)
    assert await destroy(root, admin_urls, "--key-id", OLD_PERSON) == 0
    everyone = ["ems-gateway", "registration", "verification"]
    assert files_of(root, OLD_PERSON, ".key") == []
    assert files_of(root, OLD_PERSON, ".destroyed") == everyone
    sealer.forget_destroyed()  # as keep_retention does every minute
    with pytest.raises(DestroyedKey):
        sealer.open("person", one, sealed)
    row = await pools["verification"].fetchrow("SELECT * FROM attempt")
    assert row is not None
    assert sealer.open("person", one, row["sealed_person"]) == b"of long ago"


async def test_everything_that_is_over_is_destroyed_by_one_command(
    root: Path, admin_urls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["expired", "--root", str(root)]) == 0
    over = capsys.readouterr().out.split()
    assert OLD_PERSON in over
    assert TODAYS_PERSON not in over
    assert await destroy(root, admin_urls, "--expired") == 0
    assert f"{len(over)} of {len(over)} keys destroyed in " in capsys.readouterr().out
    assert main(["expired", "--root", str(root)]) == 0
    assert capsys.readouterr().out == ""


async def test_a_service_that_does_not_answer_or_is_not_asked_keeps_the_key(
    root: Path, admin_urls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    silent = "http://127.0.0.1:1"
    assert await destroy(root, [*admin_urls[:2], silent], "--key-id", OLD_PERSON) == 1
    assert "did not answer" in capsys.readouterr().err
    assert await destroy(root, [admin_urls[0]] * 3, "--key-id", OLD_PERSON) == 1
    assert "ems-gateway, verification was not asked" in capsys.readouterr().err
    assert len(files_of(root, OLD_PERSON, ".key")) == 3


async def test_with_postgres_away_the_key_stays(
    pools: dict[str, Pool], root: Path, admin_urls: list[str]
) -> None:
    await pools["ems-gateway"].close()
    assert await destroy(root, admin_urls, "--key-id", OLD_PERSON) == 1
    assert len(files_of(root, OLD_PERSON, ".key")) == 3
