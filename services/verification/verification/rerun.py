"""Deciding again: stored levels under another rule set, new or old.

An attempt whose result changes gets a new revision, an event and its change of the ledger; a step
of some hundred is one transaction. What a step has committed is no longer different: a run that was
killed is run again, and does nothing twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from electoral.events import Levels, NinoAbsence, Outcome
from electoral.ledger import LedgerDeltas
from electoral.postgres import Connection, Pool, transaction
from pydantic_core import from_json

from verification.outcomes import Verified, counted, publish_outcomes, verified
from verification.postgres import attempts
from verification.postgres import rerun as rerun_rows
from verification.postgres.rerun import Locked, Span, StoredOutcome
from verification.postgres.rows import AttemptKey
from verification.rerun_report import Change, Counts
from verification.rules import RuleSet, Verdict

STEP_OUTCOMES = 500
PROGRESS_STEPS = 20  # from one line of progress to the next
VERDICTS_MAX = 1_024  # remembered; most applicants share a few dozen combinations of levels
# Whoever waits for the outcome of a new application is not to wait behind thousands of old ones.
OUTBOX_ROWS_MAX = 2_000
OUTBOX_PAUSE = 0.2  # seconds

Decide = Callable[[tuple[str, ...], NinoAbsence | None], Verdict]
IsOver = Callable[[str], bool]
"""Says of a key, by its id, whether its time is over: nobody opens what it has sealed."""


class Redecided(NamedTuple):
    """An outcome, and what the rules say of its levels now: another result."""

    before: StoredOutcome
    verdict: Verdict

    @property
    def key(self) -> AttemptKey:
        return self.before.key

    @property
    def change(self) -> Change:
        return Change(self.before.result, self.verdict.result)


@dataclass(frozen=True, slots=True)
class Step:
    """What the rules say of some outcomes."""

    counts: Mapping[str, Counts]  # by GSS code; changes are counted when they are done
    redecided: Sequence[Redecided]


class Rerun:
    """Goes through what was decided, and counts what would change, or changes it."""

    def __init__(
        self,
        *,
        pool: Pool,
        rule_set: RuleSet,
        is_over: IsOver,
        apply: bool,
        say: Callable[[str], None],
    ) -> None:
        self._pool = pool
        self._decide = deciding_by(rule_set)
        self._is_over = is_over
        self._apply = apply
        self._say = say
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)
        self._steps = 0

    async def run(self, span: Span) -> Mapping[str, Counts]:
        """Return the counts of each authority, by GSS code."""
        async for decided in rerun_rows.steps(self._pool, span, STEP_OUTCOMES):
            step = redecide(decided, self._decide, self._is_over)
            done = await self._publish(step.redecided)
            self._count(step, done)
            self._tell_progress()
        return self._counts

    async def _publish(self, redecided: Sequence[Redecided]) -> frozenset[AttemptKey]:
        """Publish new outcomes, or only say which they would be."""
        if not self._apply or not redecided:
            return frozenset(one.key for one in redecided)
        await self._let_relay_catch_up()
        async with transaction(self._pool) as connection:
            return await publish(connection, redecided)

    async def _let_relay_catch_up(self) -> None:
        if await rerun_rows.relay_is_behind(self._pool, OUTBOX_ROWS_MAX):
            self._say("Waiting until the service has published what there is.")
            while await rerun_rows.relay_is_behind(self._pool, OUTBOX_ROWS_MAX):
                await asyncio.sleep(OUTBOX_PAUSE)

    def _count(self, step: Step, done: frozenset[AttemptKey]) -> None:
        for gss_code, counts in step.counts.items():
            self._counts[gss_code].add(counts)
        for one in step.redecided:
            of_authority = self._counts[one.before.gss_code]
            if one.key in done:
                of_authority.changes[one.change] += 1
            else:
                of_authority.overtaken += 1

    def _tell_progress(self) -> None:
        self._steps += 1
        if self._steps % PROGRESS_STEPS == 0:
            read = self._steps * STEP_OUTCOMES
            changed = sum(counts.changed for counts in self._counts.values())
            self._say(f"{read:,} outcomes read, {changed:,} change.")


# -- deciding -------------------------------------------------------------------------------------


def deciding_by(rule_set: RuleSet) -> Decide:
    """Make a function that decides by a rule set, and remembers."""

    @lru_cache(VERDICTS_MAX)
    def decide(levels: tuple[str, ...], nino_absence: NinoAbsence | None) -> Verdict:
        return rule_set.decide(levels_of(levels), nino_absence)

    return decide


def levels_of(levels: tuple[str, ...]) -> Levels:
    return Levels.model_validate(dict(zip(rerun_rows.LEVELS, levels, strict=True)))


def redecide(decided: Sequence[StoredOutcome], decide: Decide, is_over: IsOver) -> Step:
    """Decide each again, and tell apart whose result changes and can be published."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    redecided = []
    for one in decided:
        verdict = decide(one.levels, one.nino_absence)
        of_authority = counts[one.gss_code]
        of_authority.decided += 1
        if verdict.result == one.result:
            of_authority.other_rule += verdict.decided_by != one.decided_by
        elif is_over(one.person_key):
            of_authority.key_over += 1
        else:
            redecided.append(Redecided(one, verdict))
    return Step(counts, redecided)


# -- publishing -----------------------------------------------------------------------------------


async def publish(connection: Connection, redecided: Sequence[Redecided]) -> frozenset[AttemptKey]:
    """Give attempts their new outcome while the one before is the newest; returns those."""
    at = datetime.now(UTC)
    locked = await rerun_rows.lock_attempts(connection, [one.before for one in redecided])
    revisions = {one.key: one.before.revision + 1 for one in redecided if one.key in locked}
    marked = await attempts.mark_decided(connection, revisions)
    new = [one for one in redecided if one.key in marked]
    deltas = LedgerDeltas()
    for one in new:
        deltas.leave("decided", counted(locked[one.key].received, one.before.revision))
    if new:
        again = [verify_again(one, locked[one.key], at) for one in new]
        await publish_outcomes(connection, again, deltas)
    await deltas.write(connection)
    return marked


def verify_again(one: Redecided, attempt: Locked, at: datetime) -> Verified:
    """Make the event: all that the one before said, but for the result and the rule."""
    before, verdict = one
    outcome = Outcome.model_validate(
        {
            **from_json(before.found or "{}"),
            "status": "final",
            "result": verdict.result,
            "levels": levels_of(before.levels),
            "rule_version": verdict.rule_version,
            "decided_by": verdict.decided_by,
            "decided_at": at,
        }
    )
    event = verified(attempt.received, before.revision + 1, before.nino_absence, outcome)
    return Verified(event, attempt.traceparent)
