"""NINO reuse and possible duplicates on the real Postgres: who names whom, and who sees what."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.events import ApplicationReceived, ApplicationVerified, PossibleDuplicates
from verification_bench import PERSON, Bench, wait_until

pytestmark = pytest.mark.integration

COVENTRY = "E08000026"
HOME = {"street": "Mill Lane", "postcode": "B1 1AA"}
LIVING = {**PERSON, "address": HOME}  # found by name, date of birth and postcode, too


def somebody(number: int) -> dict[str, object]:
    return {**LIVING, "address": {**HOME, "postcode": f"B{number} 1AA"}}


def nino(number: int) -> str:
    return f"AB{number:06}C"


async def verified(bench: Bench, *events: ApplicationReceived) -> list[ApplicationVerified]:
    """Take each by itself, in order; returns what was published of each."""
    for event in events:
        await bench.take(event)
    return await published(bench, *events)


async def verified_together(bench: Bench, count: int) -> list[ApplicationVerified]:
    """Take applications of one person in one batch; returns them in the order of the batch."""
    events = [bench.an_event(person=LIVING) for _ in range(count)]
    await bench.take(*events)
    return sorted(await published(bench, *events), key=lambda one: one.application_id)


async def published(bench: Bench, *events: ApplicationReceived) -> list[ApplicationVerified]:
    newest = {one.application_id: one for one in await bench.published()}
    return [newest[event.application_id] for event in events]


def duplicates(event: ApplicationVerified) -> PossibleDuplicates:
    return event.outcome.possible_duplicates


def named(event: ApplicationVerified) -> list[str | None]:
    return [one.reference for one in duplicates(event).listed]


async def rows(bench: Bench) -> dict[tuple[str, bytes], str]:
    found = await bench.pool.fetch("SELECT key_id, hash, uses FROM identity_index")
    return {(row["key_id"], row["hash"]): row["uses"] for row in found}


# -- who names whom -------------------------------------------------------------------------------


async def test_the_one_verified_later_names_the_one_before(bench: Bench) -> None:
    first, second = bench.an_event(person=LIVING), bench.an_event(person=LIVING)
    before, after = await verified(bench, first, second)
    assert duplicates(before).total == before.outcome.nino_reuse_total == 0
    (listed,) = duplicates(after).listed
    assert (listed.reference, listed.received_at) == (first.reference, first.received_at)
    assert (listed.basis, duplicates(after).total) == ("nino", 1)
    (reuse,) = after.outcome.nino_reuse
    assert (reuse.gss_code, reuse.nino_count, after.outcome.nino_reuse_total) == (
        *(first.gss_code, 1, 1),
    )


async def test_of_two_in_one_batch_exactly_one_names_the_other(bench: Bench) -> None:
    one, other = await verified_together(bench, 2)
    assert [duplicates(one).total, duplicates(other).total] == [0, 1]
    assert [one.outcome.nino_reuse_total, other.outcome.nino_reuse_total] == [0, 1]
    assert named(other) == [one.reference]


async def test_three_in_a_batch_and_one_after_are_one_person(bench: Bench) -> None:
    batch = await verified_together(bench, 3)
    (last,) = await verified(bench, bench.an_event(person=LIVING))
    assert [duplicates(one).total for one in (*batch, last)] == [0, 1, 2, 3]
    assert len({duplicates(one).group for one in (*batch, last)}) == 1


@pytest.mark.parametrize("suffixes", [("", "C"), ("C", ""), ("A", "D")])
async def test_a_nino_is_one_with_any_suffix(bench: Bench, suffixes: tuple[str, str]) -> None:
    first, second = (bench.an_event(f"AB123456{suffix}") for suffix in suffixes)
    _, after = await verified(bench, first, second)
    assert after.outcome.nino_reuse_total == 1


async def test_the_same_person_with_another_nino_is_found_by_name_and_home(bench: Bench) -> None:
    first = bench.an_event(nino(1), LIVING)
    second = bench.an_event(nino(2), {**LIVING, "firstName": "SIAN"})
    _, after = await verified(bench, first, second)
    assert [one.basis for one in duplicates(after).listed] == ["name-date-of-birth-postcode"]
    assert after.outcome.nino_reuse_total == 0


async def test_strangers_do_not_name_each_other(bench: Bench) -> None:
    events = [bench.an_event(nino(n), somebody(n)) for n in range(1, 20)]
    await bench.take(*events)
    assert {duplicates(one).total for one in await published(bench, *events)} == {0}


async def test_another_ero_learns_authority_and_month_and_its_own_group(bench: Bench) -> None:
    first = bench.an_event(person=LIVING)
    second = bench.an_event(person=LIVING, gss_code=COVENTRY)
    before, after = await verified(bench, first, second)
    (listed,) = duplicates(after).listed
    assert listed.model_dump(exclude_none=True) == {
        "gss_code": first.gss_code,
        "month": "2026-11",
        "basis": "nino",
    }
    assert duplicates(after).group not in (None, duplicates(before).group)


async def test_a_group_is_taken_over_from_one_to_the_next(bench: Bench) -> None:
    """The second knows the first by the NINO, the third the second by name and home only."""
    events = [
        bench.an_event(nino(1), somebody(1)),
        bench.an_event(nino(1), somebody(2)),
        bench.an_event(nino(3), somebody(2)),
    ]
    groups = [duplicates(one).group for one in await verified(bench, *events)]
    assert len(set(groups)) == 1
    assert groups[0]


async def test_what_nobody_could_place_is_in_no_group(bench: Bench) -> None:
    events = [bench.an_event(person=LIVING, gss_code=AUTHORITY_UNKNOWN) for _ in range(2)]
    one, other = await verified(bench, *events)
    assert [duplicates(one).group, duplicates(other).group] == [None, None]
    assert [named(one), named(other)] == [[], [None]]


async def test_what_is_found_is_kept_for_later_revisions(bench: Bench) -> None:
    await bench.take(bench.an_event(person=LIVING), bench.an_event(person=LIVING))
    kept = await bench.pool.fetch("SELECT found FROM outcome ORDER BY application_id")
    for row, event in zip(kept, await bench.published(), strict=True):
        found = json.loads(row["found"])
        assert PossibleDuplicates.model_validate(found["possibleDuplicates"]) == duplicates(event)


# -- once for each application --------------------------------------------------------------------


async def test_a_repeat_of_a_message_changes_nothing(bench: Bench) -> None:
    first, second = bench.an_event(person=LIVING), bench.an_event(person=LIVING)
    await bench.take(first, second)
    before = await rows(bench)
    await bench.take(first, second, first)
    assert await rows(bench) == before
    assert len(await bench.published()) == 2


async def test_a_resubmission_does_not_name_its_own_application(bench: Bench) -> None:
    first = bench.an_event(nino(1), LIVING)
    (one,) = await verified(bench, first)
    before = await rows(bench)
    (again,) = await verified(bench, resubmitted(bench, first, nino(1)))
    assert again.attempt == 2
    assert duplicates(again) == duplicates(one)
    assert again.outcome.nino_reuse_total == 0
    assert await rows(bench) == before


async def test_a_corrected_nino_is_another_use(bench: Bench) -> None:
    first = bench.an_event(nino(1), LIVING)
    (one,) = await verified(bench, first)
    (again,) = await verified(bench, resubmitted(bench, first, nino(2)))
    assert duplicates(again).group == duplicates(one).group
    (other,) = await verified(bench, bench.an_event(nino(2), somebody(2)))
    assert (other.outcome.nino_reuse_total, named(other)) == (1, [first.reference])
    (third,) = await verified(bench, bench.an_event(nino(1), somebody(3)))
    assert third.outcome.nino_reuse_total == 1


def resubmitted(bench: Bench, first: ApplicationReceived, corrected: str) -> ApplicationReceived:
    sealed = bench.sealer.seal("nino-council", first.application_id, corrected.encode())
    return first.model_copy(update={"attempt": 2, "nino": sealed})


async def test_what_waits_is_noted_with_its_outcome_and_names_what_came_before_that(
    bench: Bench,
) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    waiting = bench.an_event(person=LIVING, attempt_received_at=an_hour_ago)
    bench.dwp.failing = True
    await bench.take(waiting)
    async with bench.sweeping(after_hours=0.5):
        await wait_until(lambda: bench.has_published(1))
    (pending,) = await published(bench, waiting)
    assert (pending.outcome.status, duplicates(pending)) == ("pending", PossibleDuplicates())
    assert await rows(bench) == {}
    bench.dwp.failing = False
    later = bench.an_event(person=LIVING)
    (first,) = await verified(bench, later)
    assert duplicates(first).total == 0
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(3))
    (after,) = await published(bench, waiting)
    assert (after.revision, named(after)) == (2, [later.reference])


# -- what it reveals ------------------------------------------------------------------------------


async def test_the_index_reveals_nothing_without_its_keys(bench: Bench) -> None:
    await bench.take(bench.an_event("AB123456C", LIVING), bench.an_event("AB123456C", LIVING))
    dump = "".join(
        [row[0] for row in await bench.pool.fetch("SELECT i::text FROM identity_index i")]
    ).lower()
    for clear in ("ab123456", "siân", "sian", "neill", "1987", "b1 1aa", "b11aa", "mill lane"):
        assert clear not in dump
        assert clear.encode().hex() not in dump
    for guess in (b"AB123456", b"AB123456C", b"ab123456"):
        for algorithm in ("sha256", "md5", "blake2b", "sha512"):
            assert hashlib.new(algorithm, guess).hexdigest()[:32] not in dump
