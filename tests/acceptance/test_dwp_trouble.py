"""DWP hangs, is away for a minute, is away for good: the whole system while it does, and after.

The times are those of Kafka's messages and of the citizens' own receipts. `-s` shows the figures.
While a backlog drains, the whole system works at what two cores can do, citizens included: a slow
machine's limit is near 600 a second. So 200 arrive a second, which leaves the limits below to DWP
and not to the machine; `make dwp-trouble` sends the 300 that one machine of its own can carry.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

import pytest
from electoral_local.rehearsal import Progress, Script
from simulated.councils import JOURNAL_FILE
from simulated.deliveries import Delivery, read_journals
from simulated.judged_records import PENDING_ENDED
from simulated.places import UNKNOWN_AUTHORITY
from simulated.population import Population
from simulated.receipts import Receipt
from tasks import alongside

from acceptance.outage import Outage, Waits, live_through_outage, waits_of
from acceptance.timing import journeys, percentile, receipts_of, since_consumption, spread
from acceptance.troubled_stack import Trouble, show, trouble
from acceptance.verdicts import judge
from acceptance.watching import (
    LOOK_SECONDS,
    Page,
    Verification,
    watch_gateway,
    watch_who_waits,
)

pytestmark = pytest.mark.integration

RATE = int(os.environ.get("DWP_TROUBLE_RATE", "200"))  # applications a second
CEILING = 1_000  # look-ups a second that DWP allows

HANGING_SECONDS = 25
ANSWERED_SECONDS_MAX = 3.0  # p99 from consumption of those whose first call is answered
KEEPS_UP_SECONDS_MAX = 6.0  # the same with the wait in Kafka, where nothing may pile up

BEFORE_SECONDS, OUTAGE_SECONDS, AFTER_SECONDS = 10, 60, 70
CLOSES_WITHIN_SECONDS = 6.0  # the breaker, after DWP's return
DRAINED_WITHIN_SECONDS = 60.0
NEW_WORK_SECONDS_MAX = 5.0  # p99 while the backlog drains
ACCEPT_SECONDS_MAX = 1.0  # p99 of intake
ACCEPT_WHILE_DRAINING_SECONDS_MAX = 2.0  # the same; everything here shares two cores, all busy
PAGE_SECONDS_MAX = 1.0  # p99 of a page of the gateway

PENDING_AFTER_SECONDS = 5.0  # hours in earnest
SOON_SECONDS = 60.0


# -- one call in ten hangs ------------------------------------------------------------------------


@pytest.mark.long
async def test_one_call_in_ten_hangs_and_who_is_answered_does_not_wait_for_it(
    tmp_path: Path,
) -> None:
    script = Script(applications=RATE * HANGING_SECONDS, rate=RATE)
    async with trouble(tmp_path, script, dwp='{"hangRate": 0.1}') as t:
        parked: set[UUID] = set()
        async with alongside(watch_who_waits(t.verification, parked)):
            await t.rehearsal.play()
        counted = await t.dwp.figures()
        made = await journeys(t.stack.kafka.bootstrap_servers)
        batches = await t.verification.batches()
        verdict = await judge(t.stack, t.rehearsal.receipts)
    answered = [one for one in made if one.application_id not in parked]
    consumed = since_consumption(answered, batches)
    from_kafka = [one.seconds for one in answered]
    share = counted["hangs"] / (counted["hangs"] + counted["calls"])
    show(
        calls_that_hung=f"{counted['hangs']:,} ({share:.0%})",
        batches=f"{len(set(batches.values())):,}",
        answered_from_consumption=spread(consumed),
        answered_from_kafka=spread(from_kafka),
        parked_for_a_while=spread([o.seconds for o in made if o.application_id in parked]),
        all_together=spread([one.seconds for one in made]),
    )
    assert 0.05 < share < 0.2
    assert 0 < len(parked) < len(made) / 2
    assert percentile(consumed, 99) < ANSWERED_SECONDS_MAX
    assert percentile(from_kafka, 99) < KEEPS_UP_SECONDS_MAX
    assert verdict.failed == {}


# -- away for a minute ----------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.timeout(500)
async def test_dwp_away_for_a_minute_harms_nobody_and_the_backlog_is_gone_within_another(
    tmp_path: Path,
) -> None:
    seconds = BEFORE_SECONDS + OUTAGE_SECONDS + AFTER_SECONDS
    script = Script(applications=RATE * seconds, rate=RATE)
    ceiling = f'{{"ceilingLookupsPerSecond": {CEILING}}}'
    async with trouble(tmp_path, script, dwp=ceiling, dwp_lookups_per_second_max=CEILING) as t:
        pages: list[Page] = []
        async with (
            alongside(watch_gateway(t.stack, t.session, pages)),
            asyncio.TaskGroup() as group,
        ):
            playing = group.create_task(t.rehearsal.play())
            await asyncio.sleep(BEFORE_SECONDS)
            outage = await live_through_outage(t, OUTAGE_SECONDS)
        counted = await t.dwp.figures()
        made = await journeys(t.stack.kafka.bootstrap_servers)
        verdict = await judge(t.stack, t.rehearsal.receipts)
        receipts = receipts_of(t.rehearsal.receipts)
    waits = waits_of(outage, receipts, pages, made)
    show(
        **{name: spread(seconds) for name, seconds in waits._asdict().items()},
        backlog=f"{outage.backlog:,}, gone {outage.draining_seconds:.1f} s after DWP's return",
        breaker_closed=f"{outage.closing_seconds:.1f} s after DWP's return",
        busiest_second=f"{counted['busiestSecond']:,} look-ups of {CEILING:,} allowed",
    )
    _judge_intake_and_gateway(waits, playing.result(), pages)
    _judge_backlog(outage, waits, counted)
    assert verdict.failed == {}


def _judge_intake_and_gateway(waits: Waits, progress: Progress, pages: list[Page]) -> None:
    """Citizens and councils must not have noticed; a busy machine is as slow before as after."""
    usual = percentile(waits.accepted_before, 99)
    assert (progress.refused, progress.unanswered, progress.retries) == (0, 0, 0)
    assert len(waits.accepted_in_outage) > 0.95 * RATE * OUTAGE_SECONDS, "slower than it was sent"
    assert percentile(waits.accepted_in_outage, 99) < max(ACCEPT_SECONDS_MAX, 1.5 * usual)
    assert percentile(waits.accepted_while_draining, 99) < ACCEPT_WHILE_DRAINING_SECONDS_MAX
    assert {page.status for page in pages} == {200}
    assert percentile(waits.pages, 99) < PAGE_SECONDS_MAX


def _judge_backlog(outage: Outage, waits: Waits, counted: Mapping[str, int]) -> None:
    assert outage.backlog > 0.85 * RATE * OUTAGE_SECONDS, "not much of an outage"
    assert outage.closing_seconds < CLOSES_WITHIN_SECONDS
    assert outage.draining_seconds < DRAINED_WITHIN_SECONDS
    assert len(waits.new_work) > RATE
    assert percentile(waits.new_work, 99) < NEW_WORK_SECONDS_MAX
    assert (counted["offeredAboveCeiling"], counted["throttled"]) == (0, 0)


# -- away for good --------------------------------------------------------------------------------


@pytest.mark.long
async def test_dwp_away_for_good_leaves_everyone_pending_at_their_ero_until_it_returns(
    tmp_path: Path,
) -> None:
    script = Script(applications=600, rate=200)
    after = PENDING_AFTER_SECONDS / 3600
    async with trouble(tmp_path, script, dwp='{"down": true}', pending_after_hours=after) as t:
        await t.rehearsal.play()
        between = await judge(t.stack, t.rehearsal.receipts)
        pending = _expected_pending(receipts_of(t.rehearsal.receipts))
        waited = _statuses(t)
        await t.dwp.behave(down=False)
        await _until_nobody_waits(t.verification)
        verdict = await judge(t.stack, t.rehearsal.receipts)
        ended = _statuses(t)
        made = await journeys(t.stack.kafka.bootstrap_servers)
    told = [one.seconds for one in made if str(one.application_id) in pending]
    show(
        pending_with_their_ero=f"{len(pending):,} of {script.applications:,}",
        until_it_was_published=spread(told),
        ledger_between=between.counts,
        ledger_after=verdict.counts,
    )
    assert pending
    assert {one for one, said in waited.items() if said == {1: "pending"}} == pending
    assert between.failed == {PENDING_ENDED: {"pending": len(pending), "offences": len(pending)}}
    followed = {one for one, said in ended.items() if said == {1: "pending", 2: "final"}}
    assert followed == pending
    assert verdict.failed == {}


def _expected_pending(receipts: Iterable[Receipt]) -> set[str]:
    """The applications about which DWP must be asked, and which some council must get."""
    population = Population(Script().seed)
    asked = (r for r in receipts if r.gss_code != UNKNOWN_AUTHORITY)
    people = ((r.application_id, population.person(r.number).truth.result) for r in asked)
    return {application_id for application_id, result in people if result != "not-applicable"}


def _statuses(t: Trouble) -> dict[str, dict[int, str]]:
    """By application and revision, what its ERO was told."""
    told: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in read_journals([t.stack.blueprint.journals / JOURNAL_FILE]):
        if isinstance(entry, Delivery):
            item = entry.item
            told[item["applicationId"]][item["revision"]] = item["verification"]["status"]
    return dict(told)


async def _until_nobody_waits(verification: Verification) -> None:
    async with asyncio.timeout(SOON_SECONDS):
        while await verification.waiting():
            await asyncio.sleep(LOOK_SECONDS)
