"""Resubmissions on the real Postgres: merged with what was sealed before."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from electoral import held, postgres
from electoral.calendar import london_date
from electoral.consumer import Hold, Received
from electoral.envelope import wrap
from electoral.events import ApplicationReceived, NinoAbsence
from electoral.kafka import Message
from electoral.person import Name
from electoral.sealing import daily_key_id, key_id_of
from electoral.tracing import new_traceparent
from verification.dwp import NOT_FOUND
from verification.handlers import Prepared
from verification.matching import Record
from verification.parking import LOST_CLAIMS_MAX
from verification_bench import BORN, PERSON, Bench, at, wait_until

pytestmark = pytest.mark.integration

CORRECTED = "CE112233A"


@dataclass(frozen=True)
class Council:
    """Makes resubmissions as the gateway does: corrected answers only, sealed with its own keys."""

    bench: Bench
    first: ApplicationReceived

    def resubmits(
        self,
        attempt: int = 2,
        *,
        nino: str | None = None,
        absence: NinoAbsence | None = "not-corrected",
        **corrected: object,
    ) -> ApplicationReceived:
        application_id, seal = self.first.application_id, self.bench.sealer.seal
        return self.first.model_copy(
            update={
                "attempt": attempt,
                "attempt_received_at": at(12) + timedelta(minutes=attempt),
                "person": seal("person", application_id, json.dumps(corrected).encode()),
                "nino": nino and seal("nino-council", application_id, nino.encode()),
                "nino_absence": None if nino else absence,
                "idempotency": None,
            }
        )


@pytest.fixture
async def council(bench: Bench) -> Council:
    """Of an applicant whose first attempt was red: nobody has that number."""
    bench.dwp.answers["AB123456"] = NOT_FOUND
    first = bench.an_event()
    await bench.take(first)
    return Council(bench, first)


async def answers_published(bench: Bench, attempt: int) -> dict[str, object]:
    (event,) = [one for one in await bench.published() if one.attempt == attempt]
    opened = bench.sealer.open("person", event.application_id, event.person)
    answers: dict[str, object] = json.loads(opened)
    return answers


async def results(bench: Bench) -> dict[tuple[int, int], str | None]:
    events = await bench.published()
    return {(one.attempt, one.revision): one.outcome.result for one in events}


async def test_a_corrected_number_is_asked_about_and_all_else_is_as_it_was(
    bench: Bench, council: Council
) -> None:
    await bench.take(council.resubmits(nino=CORRECTED))
    assert bench.dwp.asked[-1] == "CE112233"
    assert await results(bench) == {(1, 1): "red", (2, 1): "green"}
    assert await answers_published(bench, 2) == await answers_published(bench, 1)
    assert await bench.counts() == {"decided": 2}


async def test_a_corrected_name_is_compared_under_the_number_of_before(
    bench: Bench, council: Council
) -> None:
    bench.dwp.answers["AB123456"] = Record((Name("Jane", "", "Smith"),), BORN, None)
    await bench.take(council.resubmits(firstName="Jane", lastName="Smith"))
    assert bench.dwp.asked[-1] == "AB123456"
    assert await results(bench) == {(1, 1): "red", (2, 1): "green"}
    assert (await answers_published(bench, 2))["firstName"] == "Jane"


async def test_what_is_merged_is_sealed_as_a_whole_under_the_key_of_today(
    bench: Bench, council: Council
) -> None:
    await bench.take(council.resubmits(firstName="Jane"))
    row = await bench.pool.fetchrow("SELECT * FROM attempt WHERE attempt = 2")
    assert row is not None
    today = london_date(await bench.pool.fetchval("SELECT now()"))
    assert key_id_of(row["sealed_person"]) == daily_key_id("person", today)
    # The number came online, and no council's key may open it.
    assert key_id_of(row["sealed_nino"]) == daily_key_id("nino-online", today)


async def test_a_third_attempt_builds_on_the_second(bench: Bench, council: Council) -> None:
    await bench.take(council.resubmits(2, nino=CORRECTED, middleNames="Mair"))
    await bench.take(council.resubmits(3, firstName="Sian"))
    answers = await answers_published(bench, 3)
    assert (answers["firstName"], answers["middleNames"]) == ("Sian", "Mair")
    assert bench.dwp.asked[-1] == "CE112233"
    assert await results(bench) == {(1, 1): "red", (2, 1): "green", (3, 1): "green"}


async def test_attempts_in_one_batch_build_on_each_other(bench: Bench) -> None:
    first = bench.an_event()
    council = Council(bench, first)
    third = council.resubmits(3, firstName="Sian")
    await bench.take(third, council.resubmits(2, middleNames="Mair"), first)
    answers = await answers_published(bench, 3)
    assert (answers["firstName"], answers["middleNames"]) == ("Sian", "Mair")


async def test_an_attempt_that_comes_late_overwrites_nothing(
    bench: Bench, council: Council
) -> None:
    await bench.take(council.resubmits(3, nino=CORRECTED))
    newest = await bench.pool.fetchrow("SELECT * FROM attempt WHERE attempt = 3")
    await bench.take(council.resubmits(2, firstName="Nobody"))
    assert await results(bench) == {(1, 1): "red", (3, 1): "green", (2, 1): "red"}
    assert await bench.pool.fetchrow("SELECT * FROM attempt WHERE attempt = 3") == newest
    assert "Nobody" not in (await answers_published(bench, 3)).values()


async def test_a_number_given_after_all_takes_back_that_there_was_none(bench: Bench) -> None:
    first = bench.an_event(None, PERSON | {"noNino": {"reason": "lost"}})
    await bench.take(first)
    await bench.take(Council(bench, first).resubmits(nino=CORRECTED))
    assert await results(bench) == {(1, 1): "not-applicable", (2, 1): "green"}
    assert "noNino" not in await answers_published(bench, 2)


async def test_a_corrected_number_that_was_never_issued_is_not_asked_about(
    bench: Bench, council: Council
) -> None:
    asked = list(bench.dwp.asked)
    await bench.take(council.resubmits(absence="never-issued", noNino=None))
    assert bench.dwp.asked == asked
    event = (await bench.published())[-1]
    assert (event.nino_absence, event.outcome.decided_by) == ("never-issued", "nino-never-issued")


async def test_a_repeated_resubmission_has_one_effect(bench: Bench, council: Council) -> None:
    again = council.resubmits(nino=CORRECTED)
    await bench.take(again)
    await bench.take(again)
    assert len(await bench.published()) == 2


async def test_a_resubmission_waits_for_dwp_as_a_whole(bench: Bench, council: Council) -> None:
    bench.dwp.failing = True
    await bench.take(council.resubmits(nino=CORRECTED, firstName="Sian"))
    assert await bench.counts() == {"decided": 1, "waiting": 1}
    bench.dwp.failing = False
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(2))
    answers = await answers_published(bench, 2)
    assert (answers["firstName"], answers["lastName"]) == ("Sian", "O'Neill")
    assert (await results(bench))[2, 1] == "green"


async def test_one_held_while_it_waited_is_not_merged_again_when_it_is_released(
    bench: Bench,
) -> None:
    before = {"firstName": "Ann", "lastName": "Lee"}
    first = bench.an_event(person=PERSON | {"previousName": before})
    await bench.take(first)
    bench.dwp.failing = True
    await bench.take(Council(bench, first).resubmits(nino=CORRECTED, previousName=None))
    bench.dwp.failing = False
    await bench.pool.execute("UPDATE parked SET lost_claims = $1", LOST_CLAIMS_MAX)
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: is_held(bench))
    await held.release(bench.pool, None)
    async with bench.releasing():
        await wait_until(lambda: bench.has_published(2))
    assert "previousName" not in await answers_published(bench, 2)
    assert (await results(bench))[2, 1] == "green"


async def is_held(bench: Bench) -> bool:
    return await held.count(bench.pool) == 1


async def test_a_resubmission_in_full_needs_nothing_of_what_was_before(
    bench: Bench, council: Council
) -> None:
    await bench.pool.execute("UPDATE attempt SET sealed_person = 'person-2026-01-01.AAAA'")
    sent = council.resubmits(nino=CORRECTED)
    sealed = bench.sealer.seal("person", sent.application_id, json.dumps(PERSON).encode())
    await bench.take(sent.model_copy(update={"is_whole": True, "person": sealed}))
    assert (await results(bench))[2, 1] == "green"


async def test_a_resubmission_is_taken_when_its_first_attempt_comes_after_all(
    bench: Bench,
) -> None:
    first = bench.an_event()
    stranger = Council(bench, first).resubmits(nino=CORRECTED)
    (hold,) = await bench.prepare(stranger)
    assert isinstance(hold, Hold)
    message = an_offset_of(stranger)
    async with postgres.transaction(bench.pool) as connection:
        await held.hold(connection, [held.seal_message(bench.sealer, message, hold.error_class)])
    await bench.take(first)
    await held.release_what_was_late(bench.pool)
    async with bench.releasing():
        await wait_until(lambda: bench.has_published(2))
    assert await bench.counts() == {"decided": 2}


def an_offset_of(event: ApplicationReceived) -> Message:
    envelope = wrap(event, source="ems-gateway", at=at(12), traceparent=new_traceparent())
    headers = {name: text.encode() for name, text in envelope.headers.items()}
    return Message(envelope.topic, 0, 7, envelope.value, headers)


async def test_a_resubmission_of_nobody_known_is_held_and_told_why(bench: Bench) -> None:
    stranger = Council(bench, bench.an_event()).resubmits(nino=CORRECTED)
    (hold,) = await bench.prepare(stranger)
    assert isinstance(hold, Hold)
    assert hold.error_class == "unknown-application"


async def test_a_resubmission_that_does_not_open_harms_no_other(
    bench: Bench, council: Council
) -> None:
    good = council.resubmits(2, nino=CORRECTED)
    foreign = council.resubmits(3).model_copy(update={"person": bench.an_event().person})
    not_answers = council.resubmits(4)
    sealed = bench.sealer.seal("person", council.first.application_id, b'["a list"]')
    not_answers = not_answers.model_copy(update={"person": sealed})
    outcomes = await bench.handler().prepare(
        [Received(event, None) for event in (good, foreign, not_answers)]
    )
    assert isinstance(outcomes[0], Prepared)
    assert [one.error_class for one in outcomes if isinstance(one, Hold)] == [
        "does-not-open",
        "unreadable-person",
    ]


async def test_past_its_retention_an_application_is_not_merged(
    bench: Bench, council: Council
) -> None:
    gone = "person-2026-01-01.AAAA"
    await bench.pool.execute("UPDATE attempt SET sealed_person = $1", gone)
    (hold,) = await bench.prepare(council.resubmits(nino=CORRECTED))
    assert isinstance(hold, Hold)
    assert hold.error_class == "unknown-key"  # tried for a day: it may be restored
