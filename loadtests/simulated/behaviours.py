"""Six ways in which councils' systems work, modelled on what real clients do.

Each drains its ERO's queue once. Whatever a system does, nothing may be lost, and no other ERO may
notice it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from simulated.council_calls import Json, NotGiven
from simulated.council_desk import SUCCESS, Desk

POLL_INTERVAL = 300.0  # seconds, what the published API asks for
AWAY = 3 * 86_400.0  # seconds
LATENESS_SHARE = 0.5  # of the poll interval
TWICE_SHARE = 0.5  # of late answers, given a second time
FAILURE_SHARE = 0.2  # of records, on their first offer
WRONG_AUTHORITY_SHARE = 0.25  # of failures
RELEASED_SHARE, ABANDONED_SHARE = 0.1, 0.05  # of leases
WORKERS = 3
LEASED_RECORDS = 50
LEASE_SECONDS_MAX = 300
OFFERED_ONE_BY_ONE_MAX = 20
SOMEWHERE = "E06000001"  # suggested where nobody knows another code


@dataclass(frozen=True)
class Habits:
    """What the systems of a process have in common."""

    seed: int = 1
    interval: float = POLL_INTERVAL  # seconds between polls
    away: float = AWAY  # seconds for which a system is off
    time_scale: float = 1.0  # how much faster time goes here
    suggestions: tuple[str, ...] = (SOMEWHERE,)  # GSS codes for a record that came to a wrong ERO
    has_operator: bool = False  # who sends on what came to a wrong ERO: it is not asked for again

    def seconds(self, simulated: float) -> float:
        """What so many seconds of theirs are here."""
        return simulated / self.time_scale

    @property
    def lease_seconds(self) -> int:
        return round(min(max(1.0, self.seconds(self.interval)), LEASE_SECONDS_MAX))

    def draw(self, *subject: object) -> float:
        """From 0 to 1, the same for the same subject whatever happened before."""
        text = " ".join(map(str, (self.seed, *subject)))
        drawn = blake2b(text.encode(), digest_size=6).digest()
        return int.from_bytes(drawn, "big") / 2**48


Drain = Callable[[Desk, Habits], Awaitable[None]]


async def batch(desk: Desk, habits: Habits) -> None:
    """Page after page: journal, acknowledge all of it in one call."""
    await desk.repeat_unanswered(desk.answer_together)
    await _work_on_pages(desk, habits)


async def _work_on_pages(desk: Desk, habits: Habits) -> None:
    more = True
    while more:
        items, more = await desk.page()
        await _finish(desk.answer_together(_successes(items)))


async def one_by_one(desk: Desk, habits: Habits) -> None:
    """As clients of the published interface do: one PUT for each record."""
    await desk.repeat_unanswered(desk.answer_one_by_one)
    more = True
    while more:
        items, more = await desk.page()
        await _finish(desk.answer_one_by_one(_successes(items)))


async def workers(desk: Desk, habits: Habits) -> None:
    """Several at once that know nothing of each other: on leases, or all on the same pages, where
    what one acknowledges the others do, too.
    """
    await desk.repeat_unanswered(desk.answer_together)
    with_leases = habits.draw("leases", desk.council.ero) < 0.5
    work = work_on_leases if with_leases else _work_on_pages
    done = await asyncio.gather(
        *(work(desk, habits) for _ in range(WORKERS)), return_exceptions=True
    )
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome


async def work_on_leases(desk: Desk, habits: Habits) -> None:
    """Some leases are given back, some forgotten: those records are free again when they end."""
    while items := (await desk.lease(habits.lease_seconds, LEASED_RECORDS)).items:
        lease_id = items[0].get("leaseId")
        fate = habits.draw("lease", lease_id)
        if lease_id is not None and fate < RELEASED_SHARE:
            await desk.calls.release(lease_id)
        elif fate >= RELEASED_SHARE + ABANDONED_SHARE:
            success = SUCCESS if lease_id is None else {**SUCCESS, "leaseId": lease_id}
            await _finish(desk.answer_together({item["id"]: success for item in items}))


async def late(desk: Desk, habits: Habits) -> None:
    """Reads all there is, answers much later, and half of the time twice."""
    await desk.repeat_unanswered(desk.answer_together)
    waiting: list[Json] = []
    more = True
    while more:
        items, more = await desk.page(after=waiting[-1]["id"] if waiting else None)
        waiting += items
    if not waiting:
        return
    await asyncio.sleep(LATENESS_SHARE * habits.seconds(habits.interval))
    await _finish(desk.answer_together(_successes(waiting)))
    if habits.draw("twice", waiting[0]["id"]) < TWICE_SHARE:
        await _finish(desk.answer_together(_successes(waiting)))


async def failing(desk: Desk, habits: Habits) -> None:
    """Cannot store some at first; asks for them again at the next poll, and takes them then."""
    await desk.repeat_unanswered(desk.answer_together)
    again = [id_ for id_ in desk.failed if not _is_the_operators(id_, habits)]
    if again:
        is_all = len(again) == len(desk.failed)
        await desk.offer_again(again, together=is_all and len(again) > OFFERED_ONE_BY_ONE_MAX)
    more = True
    while more:
        items, more = await desk.page()
        own = desk.council.gss_codes
        answers = {item["id"]: _first_failure(item, habits, own) or SUCCESS for item in items}
        await _finish(desk.answer_together(answers))


def _first_failure(item: Json, habits: Habits, own: Collection[str]) -> Json | None:
    """The failure that this record meets on its first offer, if it meets one."""
    if item.get("offer", 1) != 1 or habits.draw("failure", item["id"]) >= FAILURE_SHARE:
        return None
    failure = {
        "status": "failure",
        "offer": 1,
        "message": "The record could not be stored",
        "details": "Simulated: the import ended with code 7",
    }
    kind = _kind_of_failure(item["id"], habits)
    if kind >= WRONG_AUTHORITY_SHARE:
        return {**failure, "reason": "import refused"}
    others = [code for code in habits.suggestions if code not in own] or habits.suggestions
    suggested = others[int(kind / WRONG_AUTHORITY_SHARE * len(others))]
    return {**failure, "reason": "wrong-authority", "suggestedGssCode": suggested}


def _kind_of_failure(record_id: str, habits: Habits) -> float:
    return habits.draw("wrong authority", record_id)


def _is_the_operators(record_id: str, habits: Habits) -> bool:
    """Whether a record that failed is another authority's, and somebody is there to send it on."""
    return habits.has_operator and _kind_of_failure(record_id, habits) < WRONG_AUTHORITY_SHARE


def _successes(items: Sequence[Json]) -> dict[str, Json]:
    return {item["id"]: SUCCESS for item in items}


async def _finish(answering: Awaitable[bool]) -> None:
    """Raises NotGiven unless the gateway took every answer: the page would come again at once."""
    if not await answering:
        raise NotGiven


BEHAVIOURS: dict[str, Drain] = {
    "batch": batch,
    "one-by-one": one_by_one,
    "workers": workers,
    "late": late,
    "failing": failing,
    "away": batch,  # once it is back; the fleet keeps it off until then
}
