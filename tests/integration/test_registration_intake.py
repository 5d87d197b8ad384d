"""Registration's public port in this process: with another clock, look-up, limit or key ring."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from builders import ABSENT, an_address, an_application
from electoral.address_lookup import Address, uprn_of
from electoral.identifiers import draw_reference, new_application_id
from electoral.keys import make_keys
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.sealing import daily_key_id
from electoral.today import LONDON
from registration.postgres.progress import advance
from registration.postgres.unchecked import find_unchecked
from registration.watch import PATIENCE, UncheckedWatch, first_id_of
from registration_service import authorized, postcode_index, public_port

pytestmark = pytest.mark.integration

Api = TestClient[Any, Any]
Serve = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
def serve(registration_pool: Pool, keys_root: Path, tmp_path: Path, postcodes: Path) -> Serve:
    def with_changes(**changes: Any) -> AbstractAsyncContextManager[Api]:
        return public_port(registration_pool, keys_root, tmp_path, postcodes, **changes)

    return with_changes


@pytest.fixture
async def api(serve: Serve) -> AsyncIterator[Api]:
    async with serve() as client:
        yield client


async def apply(api: Api, body: object, key: str | None = None) -> ClientResponse:
    headers = {**authorized(), "Idempotency-Key": key or uuid4().hex}
    response = await api.post("/v1/applications", json=body, headers=headers)
    assert isinstance(response, ClientResponse)
    await response.read()
    return response


async def ask(api: Api, reference: str) -> ClientResponse:
    body = {"reference": reference, "postcode": "S1 2HH"}
    response = await api.post("/v1/status", json=body)
    assert isinstance(response, ClientResponse)
    await response.read()
    return response


# -- the clock ------------------------------------------------------------------------------------


async def test_a_repeat_after_midnight_finds_its_receipt_though_a_rule_has_changed(
    api: Api, keys_root: Path
) -> None:
    oldest = an_application(dateOfBirth="1911-11-23")
    make_keys(keys_root, date(2026, 11, 22))
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=True):
        first = await apply(api, oldest, key := uuid4().hex)
    with time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=True):
        again = await apply(api, oldest, key)
        assert (first.status, again.status) == (201, 200)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert await again.json() == await first.json()
        new = await apply(api, oldest)
        assert (await new.json())["errors"][0]["code"] == "too-long-ago"
        other = await apply(api, oldest | {"firstName": "Another"}, key)
        assert (await other.json())["code"] == "idempotency-key-reused"


@pytest.mark.parametrize(
    ("arrived_at", "status"),
    [
        (datetime(2026, 6, 7, 22, 59, 59, tzinfo=UTC), 422),
        (datetime(2026, 6, 7, 23, 0, tzinfo=UTC), 201),  # midnight in London, in summer
    ],
)
async def test_age_is_counted_on_the_london_date_of_arrival(
    api: Api, keys_root: Path, arrived_at: datetime, status: int
) -> None:
    make_keys(keys_root, arrived_at.astimezone(LONDON).date())
    with time_machine.travel(arrived_at, tick=False):
        answer = await apply(api, an_application(dateOfBirth="2010-06-08"))
    assert answer.status == status
    if status == 422:
        assert (await answer.json())["errors"][0]["code"] == "too-young-england"


# -- the address look-up --------------------------------------------------------------------------


class NeverAnswers:
    """An address look-up that hangs."""

    async def by_uprn(self, uprn: str) -> Address | None:
        await asyncio.sleep(60)
        return None

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        await asyncio.sleep(60)
        return ()


async def test_a_slow_address_look_up_leaves_it_to_the_postcode_within_a_second(
    serve: Serve,
) -> None:
    body = an_application(address=an_address(uprn=uprn_of("S1 2HH", 1)))
    async with serve(addresses=NeverAnswers()) as api:
        begin = time.monotonic()
        response = await apply(api, body)
        assert time.monotonic() - begin < 2
    assert response.status == 201
    assert (await response.json())["authority"]["gssCode"] == "E08000039"


# -- limits ---------------------------------------------------------------------------------------


async def test_questions_beyond_the_limit_are_told_when_to_come_back(serve: Serve) -> None:
    async with serve(status_per_minute=3) as api:
        answers = [await ask(api, draw_reference()) for _ in range(4)]
    assert [answer.status for answer in answers] == [404, 404, 404, 429]
    assert (await answers[3].json())["code"] == "too-many-requests"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 20


async def test_the_limit_of_a_reference_is_one_however_it_is_written(serve: Serve) -> None:
    reference = draw_reference()
    written = [reference, reference.lower(), f"{reference[:5]} {reference[5:]}", f"-{reference}"]
    async with serve(status_per_minute=100_000, status_per_minute_reference=3) as api:
        answers = [await ask(api, one) for one in written]
    assert [answer.status for answer in answers] == [404, 404, 404, 429]


# -- keys -----------------------------------------------------------------------------------------


async def test_without_todays_keys_it_is_503_and_nothing_is_stored(
    api: Api, keys_root: Path, registration_pool: Pool
) -> None:
    today = datetime.now(LONDON).date()
    key = keys_root / "registration" / f"{daily_key_id('person', today)}.key"
    aside = key.rename(key.with_suffix(".aside"))
    refused = await apply(api, an_application(), one_key := uuid4().hex)
    assert refused.status == 503
    assert refused.headers["Retry-After"]
    assert await registration_pool.fetchval("SELECT count(*) FROM application") == 0
    aside.rename(key)
    assert (await apply(api, an_application(), one_key)).status == 201


async def test_after_its_keys_end_a_repeat_is_known_by_its_idempotency_key_alone(
    serve: Serve, keys_root: Path
) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=500), tick=True):
        make_keys(keys_root, datetime.now(LONDON).date())
        async with serve() as api:
            first = await apply(api, an_application(), key := uuid4().hex)
            receipt = await first.json()
    for old in (keys_root / "registration").glob("*q*.key"):
        if old.stem.endswith(quarter(days_ago=500)):
            old.rename(old.with_suffix(".destroyed"))
    async with serve() as api:
        again = await apply(api, an_application(firstName="Another"), key)
        assert (again.status, await again.json()) == (200, receipt)
        assert (await ask(api, receipt["reference"])).status == 404


async def test_while_its_key_is_missing_a_repeat_is_503_and_not_taken_for_another_body(
    serve: Serve, keys_root: Path
) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=500), tick=True):
        make_keys(keys_root, datetime.now(LONDON).date())
        async with serve() as api:
            first = await apply(api, an_application(), key := uuid4().hex)
    assert first.status == 201
    body_key = keys_root / "registration" / f"body-{quarter(days_ago=500)}.key"
    aside = body_key.rename(body_key.with_suffix(".aside"))
    another = an_application(firstName="Another")
    async with serve() as api:
        for body in (another, another | {"declaration": False}):
            assert (await apply(api, body, key)).status == 503
        assert (await apply(api, another)).status == 201
        aside.rename(body_key)
        refused = await apply(api, another, key)
        assert (await refused.json())["code"] == "idempotency-key-reused"
        assert (await apply(api, an_application(), key)).status == 200


def quarter(days_ago: int) -> str:
    day = datetime.now(LONDON).date() - timedelta(days=days_ago)
    return f"{day.year}q{(day.month + 2) // 3}"


# -- what is stored -------------------------------------------------------------------------------


async def test_nothing_that_was_typed_is_stored_in_clear(api: Api, registration_pool: Pool) -> None:
    body = an_application(lastName="Zyxwvutsrq", nino="AB 12 34 56 C")
    await apply(api, body, key := uuid4().hex)
    for table in ("application", "outbox"):
        rows = await registration_pool.fetch(f"SELECT * FROM {table}")
        stored = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for row in rows
            for value in row.values()
        )
        assert rows
        for typed in ("Zyxwvutsrq", "AB123456C", "AB 12", "S1 2HH", "1987-03-31", key):
            assert typed.encode() not in stored


async def test_under_16s_are_not_asked_for_a_nino_and_given_it_goes_nowhere(
    api: Api, registration_pool: Pool
) -> None:
    born = (datetime.now(LONDON).date() - timedelta(days=15 * 365 + 30)).isoformat()
    welsh = an_address(postcode="CF10 1EP", uprn=ABSENT)
    body = an_application(dateOfBirth=born, address=welsh, country="wales")
    assert (await apply(api, body)).status == 201
    event = json.loads(await registration_pool.fetchval("SELECT value FROM outbox"))
    assert event["ninoAbsence"] == "under-16"
    assert event.get("nino") is None


# -- the alarm on what has no outcome -------------------------------------------------------------


async def insert_application(pool: Pool, minutes_ago: float) -> UUID:
    received_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    application_id = UUID(int=first_id_of(received_at).int | new_application_id().int % (1 << 60))
    await pool.execute(
        "INSERT INTO application SELECT $1, 'form', $2, '', '', $3, '', '', 'E08000039', 'web',"
        " 'ordinary', 'en', 40, $4, $4",
        application_id,
        application_id.bytes,
        draw_reference(),
        received_at,
    )
    return application_id


async def check(pool: Pool, *application_ids: UUID) -> None:
    async with transaction(pool) as connection:
        facts = {(one, "checked"): datetime.now(UTC) for one in application_ids}
        await advance(connection, facts)


def shown(metrics: Metrics) -> float:
    name = b"accepted_unverified_oldest_seconds "
    line = next(x for x in metrics.exposition().splitlines() if x.startswith(name))
    return float(line.rpartition(b" ")[2])


@pytest.fixture
def watch(registration_pool: Pool, metrics: Metrics) -> UncheckedWatch:
    return UncheckedWatch(registration_pool, metrics)


async def test_what_waits_for_less_than_five_minutes_alarms_nobody(
    watch: UncheckedWatch, registration_pool: Pool, metrics: Metrics
) -> None:
    await insert_application(registration_pool, minutes_ago=4.9)
    await watch.look()
    assert shown(metrics) == 0


async def test_the_oldest_without_an_outcome_is_shown_by_its_age(
    watch: UncheckedWatch, registration_pool: Pool, metrics: Metrics
) -> None:
    ids = [await insert_application(registration_pool, minutes) for minutes in (90, 60, 30, 1)]
    await check(registration_pool, ids[0], ids[2])
    await watch.look()
    assert shown(metrics) == pytest.approx(3600, abs=10)
    await check(registration_pool, ids[1])
    await watch.look()
    assert shown(metrics) == 0


async def test_what_is_checked_is_never_looked_at_again(
    watch: UncheckedWatch,
    registration_pool: Pool,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("registration.watch.STEP_ROWS", 2)
    ids = [await insert_application(registration_pool, 100 - n) for n in range(7)]
    await check(registration_pool, *ids[:5], ids[6])
    await watch.look()
    assert shown(metrics) == pytest.approx(95 * 60, abs=10)
    before = first_id_of(datetime.now(UTC) - PATIENCE)
    step = await find_unchecked(registration_pool, before, 100)
    assert step.rows == 2
    late = await insert_application(registration_pool, minutes_ago=50)
    await check(registration_pool, ids[5])
    await watch.look()
    assert shown(metrics) == pytest.approx(50 * 60, abs=10)
    await check(registration_pool, late)
    await watch.look()
    assert shown(metrics) == 0
