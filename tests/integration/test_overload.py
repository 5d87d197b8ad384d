"""Too much at intake: a real process says so at once, keeps what it took, and recovers."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import pytest
from builders import an_application
from electoral_local.kafka import EmbeddedKafka
from positions import make_topics
from registration.admission import IN_HAND_BURST, IN_HAND_MIN
from registration_service import (
    Service,
    authorized,
    count_applications,
    postcode_index,
    running,
    settings_of,
)
from simulated.http_client import Answer, Connection, Server

pytestmark = pytest.mark.integration

BODY = json.dumps(an_application()).encode()
CALLERS = 600


@dataclass(frozen=True)
class Intake:
    """A process of registration, and the database behind it."""

    service: Service
    dsn: str

    def caller(self) -> Connection:
        headers = {**authorized(), "Content-Type": "application/json"}
        return Connection(Server.of_url(self.service.url), headers)

    @asynccontextmanager
    async def stuck(self) -> AsyncIterator[None]:
        """Keep every commit waiting."""
        connection = await asyncpg.connect(self.dsn)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE application IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()

    def metric(self, name: str) -> float:
        with urlopen(f"{self.service.admin}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        [value] = [line.split()[-1] for line in lines if line.startswith(f"{name} ")]
        return float(value)


@pytest.fixture
def intake(
    postgres_dsn: Callable[[str], str],
    embedded_kafka: EmbeddedKafka,
    keys_root: Path,
    tmp_path: Path,
) -> Iterator[Intake]:
    asyncio.run(make_topics(embedded_kafka.bootstrap_servers))
    dsn = postgres_dsn("registration")
    postcodes = postcode_index(tmp_path)
    settings = settings_of(dsn, embedded_kafka.bootstrap_servers, keys_root, tmp_path, postcodes)
    with running(settings) as service:
        yield Intake(service, dsn)


async def apply(caller: Connection, number: int) -> Answer:
    key = f"Idempotency-Key: caller-{number:06}\r\n".encode()
    return await caller.request("POST", "/v1/applications", BODY, key)


def test_what_is_too_much_is_refused_at_once_and_what_was_taken_is_kept(intake: Intake) -> None:
    asyncio.run(_too_much(intake))


async def _too_much(intake: Intake) -> None:
    callers = [intake.caller() for _ in range(CALLERS)]
    assert (await apply(callers[0], CALLERS)).status == 201
    async with intake.stuck():
        asking = [asyncio.create_task(apply(one, n)) for n, one in enumerate(callers)]
        await asyncio.sleep(2.0)
        refused = [task.result() for task in asking if task.done()]
        in_hand = CALLERS - len(refused)
        assert Counter(answer.status for answer in refused) == {503: len(refused)}
        assert IN_HAND_MIN <= in_hand <= 1.5 * IN_HAND_BURST
        _check_refusal(refused[0])
        begin = time.monotonic()
        # The connections of those who were refused are still good.
        again = [n for n, task in enumerate(asking) if task.done()]
        answers = [await apply(callers[n], n) for n in again[:100]]
        assert Counter(answer.status for answer in answers) == {503: 100}
        assert time.monotonic() - begin < 2.0
        assert intake.metric("admission_in_hand") == in_hand
        assert intake.metric("admission_limit") == IN_HAND_MIN
        assert intake.metric('admission_refused_total{kind="new"}') >= len(refused)
        assert (await callers[again[0]].request("GET", "/register-to-vote/about")).status == 200
    accepted = [one for one in await asyncio.gather(*asking) if one.status == 201]
    assert len(accepted) == in_hand
    await _recovers(intake, callers, again)
    for caller in callers:
        caller.close()
    assert await count_applications(intake.dsn) == CALLERS + 1


async def _recovers(intake: Intake, callers: list[Connection], again: list[int]) -> None:
    """Nobody is refused any more soon after: not a burst, nor what comes behind it."""
    ends = time.monotonic() + 10.0
    while intake.metric("admission_limit") < IN_HAND_BURST:
        assert time.monotonic() < ends
        await asyncio.sleep(0.1)
    few = range(IN_HAND_BURST, len(again), IN_HAND_MIN)
    for some in (again[:IN_HAND_BURST], *(again[n : n + IN_HAND_MIN] for n in few)):
        answers = await asyncio.gather(*(apply(callers[n], n) for n in some))
        assert Counter(answer.status for answer in answers) == {201: len(some)}


def _check_refusal(answer: Answer) -> None:
    document = json.loads(answer.body)
    assert answer.header(b"content-type") == b"application/problem+json"
    assert (document["status"], document["code"]) == (503, "unavailable")
    assert 1 <= int(answer.header(b"retry-after")) <= 120
    assert answer.header(b"connection") != b"close"
