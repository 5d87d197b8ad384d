"""How far an application is: what the other services' events tell, asked as a citizen asks it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestClient
from builders import an_application
from electoral.consumer import Hold, Received
from electoral.envelope import timestamp
from electoral.events import (
    ApplicationAcknowledged,
    ApplicationDetermined,
    ApplicationReceived,
    ApplicationVerified,
    Event,
)
from electoral.postgres import Pool, transaction
from electoral.sealing import Sealer
from gateway_builders import a_final_outcome, a_pending_outcome, an_outcome
from registration.handlers import Fact, ProgressHandler
from registration_service import authorized, postcode_index, public_port

pytestmark = pytest.mark.integration

Api = TestClient[Any, Any]

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def api(
    registration_pool: Pool, keys_root: Path, tmp_path: Path, postcodes: Path
) -> AsyncIterator[Api]:
    async with public_port(registration_pool, keys_root, tmp_path, postcodes) as client:
        yield client


class Citizen:
    """Someone who has applied, and asks how far it is."""

    def __init__(self, api: Api, receipt: dict[str, Any]) -> None:
        self._api = api
        self._receipt = receipt
        self.application_id = UUID(receipt["applicationId"])

    async def ask(self) -> tuple[str, dict[str, str]]:
        """Return the status, and the steps since the receipt with their times."""
        question = {"reference": self._receipt["reference"], "postcode": "S1 2HH"}
        answer = await (await self._api.post("/v1/status", json=question)).json()
        steps = {step["step"]: step["at"] for step in answer["steps"]}
        assert steps.pop("received") == self._receipt["receivedAt"]
        return answer["status"], steps


@pytest.fixture
async def citizen(api: Api) -> Citizen:
    headers = {**authorized(), "Idempotency-Key": uuid4().hex}
    response = await api.post("/v1/applications", json=an_application(), headers=headers)
    return Citizen(api, await response.json())


async def note(pool: Pool, *events: Event) -> None:
    """Hand events to the handler, as one batch."""
    handler = ProgressHandler()
    prepared = await handler.prepare([Received(event, None) for event in events])
    facts = [fact for fact in prepared if isinstance(fact, Fact)]
    assert len(facts) == len(events)
    async with transaction(pool) as connection:
        await handler.record(connection, facts)


def verified(sealer: Sealer, application_id: UUID, at: datetime) -> ApplicationVerified:
    outcome = a_final_outcome(decidedAt=at)
    return an_outcome(sealer, application_id=application_id, outcome=outcome)


def _attempt(application_id: UUID) -> dict[str, Any]:
    return {
        "application_id": application_id,
        "attempt": 1,
        "gss_code": "E08000039",
        "received_at": NOON,
        "attempt_received_at": NOON,
    }


def acknowledged(
    application_id: UUID, at: datetime, status: str = "success"
) -> ApplicationAcknowledged:
    return ApplicationAcknowledged.model_validate(
        _attempt(application_id)
        | {"revision": 1, "record_id": "0" * 24, "status": status, "acknowledged_at": at}
    )


def determined(
    application_id: UUID, at: datetime, outcome: str = "allowed"
) -> ApplicationDetermined:
    return ApplicationDetermined.model_validate(
        _attempt(application_id)
        | {"outcome": outcome, "identity_verified_by": "nino", "determined_at": at}
    )


async def test_each_event_is_a_step_with_its_time_and_the_furthest_is_the_status(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one = citizen.application_id
    assert await citizen.ask() == ("received", {})
    await note(registration_pool, verified(sealer, one, NOON))
    assert await citizen.ask() == ("checked", {"checked": timestamp(NOON)})
    await note(registration_pool, acknowledged(one, NOON + MINUTE))
    both = {"checked": timestamp(NOON), "with-your-council": timestamp(NOON + MINUTE)}
    assert await citizen.ask() == ("with-your-council", both)
    await note(registration_pool, determined(one, NOON + 2 * MINUTE, "rejected"))
    assert await citizen.ask() == ("decided", both | {"decided": timestamp(NOON + 2 * MINUTE)})


async def test_pending_paper_and_failure_are_no_steps_of_their_own(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one = citizen.application_id
    await note(
        registration_pool,
        an_outcome(sealer, application_id=one, outcome=a_pending_outcome()),
        an_outcome(sealer, application_id=one, source="paper", reference=None),
        acknowledged(one, NOON, status="failure"),
    )
    assert await citizen.ask() == ("received", {})


async def test_what_goes_to_its_council_as_pending_is_noted_as_sent(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    pending = a_pending_outcome() | {"decidedAt": NOON}
    event = an_outcome(sealer, application_id=citizen.application_id, outcome=pending)
    await note(registration_pool, event)
    noted = await registration_pool.fetch("SELECT fact, at FROM progress")
    assert [(row["fact"], row["at"]) for row in noted] == [("sent-to-your-council", NOON)]


async def test_checked_is_the_first_final_outcome_whatever_came_before_and_after_it(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one = citizen.application_id
    pending = a_pending_outcome() | {"decidedAt": NOON}
    revisions = (
        an_outcome(sealer, application_id=one, outcome=pending),
        *(
            verified(sealer, one, NOON + number * MINUTE).model_copy(update={"revision": number})
            for number in (2, 3)
        ),
    )
    for order in permutations(revisions):
        await registration_pool.execute("TRUNCATE progress")
        for event in order:
            await note(registration_pool, event)
        assert await citizen.ask() == ("checked", {"checked": timestamp(NOON + 2 * MINUTE)})


async def test_what_comes_again_keeps_the_earlier_time_and_what_is_new_beside_it_is_noted(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one = citizen.application_id
    await note(registration_pool, verified(sealer, one, NOON))
    await note(
        registration_pool,
        verified(sealer, one, NOON + MINUTE),
        acknowledged(one, NOON + 3 * MINUTE),
        verified(sealer, uuid4(), NOON),
    )
    await note(registration_pool, acknowledged(one, NOON + 2 * MINUTE))
    steps = {"checked": NOON, "with-your-council": NOON + 2 * MINUTE}
    told = {step: timestamp(at) for step, at in steps.items()}
    assert await citizen.ask() == ("with-your-council", told)
    assert await registration_pool.fetchval("SELECT count(*) FROM progress") == 3


async def test_what_happens_to_another_application_changes_nothing(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    another = uuid4()
    await note(registration_pool, verified(sealer, another, NOON), determined(another, NOON))
    assert await citizen.ask() == ("received", {})


async def test_a_step_keeps_its_earliest_time_whatever_is_repeated(
    citizen: Citizen, registration_pool: Pool
) -> None:
    one = citizen.application_id
    await note(registration_pool, acknowledged(one, NOON + MINUTE))
    await note(registration_pool, acknowledged(one, NOON + 2 * MINUTE))
    assert (await citizen.ask())[1] == {"with-your-council": timestamp(NOON + MINUTE)}
    later, earliest = acknowledged(one, NOON + 3 * MINUTE), acknowledged(one, NOON)
    await note(registration_pool, later, earliest, later)
    assert (await citizen.ask())[1] == {"with-your-council": timestamp(NOON)}


async def test_the_order_in_which_topics_are_read_makes_no_difference(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one, seen = citizen.application_id, []
    for order in permutations(
        (
            verified(sealer, one, NOON),
            acknowledged(one, NOON + MINUTE),
            determined(one, NOON + 2 * MINUTE),
        )
    ):
        await registration_pool.execute("TRUNCATE progress")
        for event in order:
            await note(registration_pool, event)
        seen.append(json.dumps(await citizen.ask()))
    assert len(set(seen)) == 1
    assert (await citizen.ask())[0] == "decided"


async def test_what_is_decided_stays_decided_though_earlier_steps_come_later(
    citizen: Citizen, registration_pool: Pool, sealer: Sealer
) -> None:
    one = citizen.application_id
    await note(registration_pool, determined(one, NOON))
    assert await citizen.ask() == ("decided", {"decided": timestamp(NOON)})
    await note(registration_pool, verified(sealer, one, NOON + MINUTE))
    assert (await citizen.ask())[0] == "decided"


async def test_an_event_that_is_not_for_registration_is_held(sealer: Sealer) -> None:
    whole = verified(sealer, uuid4(), NOON)
    stray = ApplicationReceived.model_validate(whole.model_dump())
    [held] = await ProgressHandler().prepare([Received(stray, None)])
    assert isinstance(held, Hold)
    assert "unexpected-event" in held.error_class
