"""Merging: a resubmission carries corrected answers only; what it leaves out stays as it was.

The base is the newest earlier attempt of the application, which is whole itself. An answer counts
as one: a corrected address replaces the old one, none of whose parts survive. What was merged is
sealed again, under today's keys, and from then on the attempt stands for itself.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from electoral.consumer import Hold
from electoral.events import ApplicationReceived
from electoral.person import UnreadablePerson
from electoral.postgres import Pool
from electoral.sealing import Sealer
from pydantic_core import from_json, to_json

from verification.errors import HOLD, UnknownApplication
from verification.postgres.attempts import Earlier, find_earlier
from verification.postgres.rows import AttemptKey

FIRST_ATTEMPT = 1
UNKNOWN_APPLICATION = Hold(HOLD[UnknownApplication])
# Whoever answers one of a pair takes back the other: both mean the same question.
_INSTEAD = (
    ("dateOfBirth", "noDateOfBirth"),
    ("nationalities", "noNationality"),
)

Answers = Mapping[str, object]


class Merging:
    """Makes attempts whole before they are decided."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def whole(
        self, events: Sequence[ApplicationReceived]
    ) -> list[ApplicationReceived | Hold]:
        """Return each event, in order: a first attempt as it came, a later one merged.

        One whose application nobody knows, or that cannot be opened, is to be held.
        """
        by_key = {(event.application_id, event.attempt): event for event in events}
        later = [key for key in by_key if key[1] > FIRST_ATTEMPT]
        if not later:
            return list(events)
        stored = await find_earlier(self._pool, later)
        in_batch: dict[UUID, Earlier] = {}  # the newest one so far of each application
        whole: dict[AttemptKey, ApplicationReceived | Hold] = {}
        for key in sorted(by_key):
            one = self._whole(by_key[key], _newest(stored.get(key), in_batch.get(key[0])))
            if not isinstance(one, Hold):
                in_batch[key[0]] = Earlier(one.attempt, one.person, one.nino, one.nino_absence)
            whole[key] = one
        return [whole[event.application_id, event.attempt] for event in events]

    def _whole(
        self, event: ApplicationReceived, base: Earlier | None
    ) -> ApplicationReceived | Hold:
        return event if event.attempt == FIRST_ATTEMPT else self._merge(event, base)

    def _merge(
        self, event: ApplicationReceived, base: Earlier | None
    ) -> ApplicationReceived | Hold:
        if base is None:
            return UNKNOWN_APPLICATION
        try:
            return self._merged(event, base)
        except tuple(HOLD) as error:
            return Hold(HOLD[type(error)])  # for want of a key it is tried again for a day

    def _merged(self, event: ApplicationReceived, base: Earlier) -> ApplicationReceived:
        application_id, seal = event.application_id, self._sealer.seal
        answers = merge(
            _answers(self._sealer.open("person", application_id, base.person)),
            _answers(self._sealer.open("person", application_id, event.person)),
            has_nino=event.nino is not None,
        )
        changes: dict[str, object] = {"person": seal("person", application_id, to_json(answers))}
        if event.nino_absence == "not-corrected":
            again = self._sealer.seal_again
            nino = None if base.nino is None else again(application_id, base.nino)
            changes |= {"nino": nino, "nino_absence": base.nino_absence}
        return event.model_copy(update=changes)


def merge(before: Answers, corrected: Answers, *, has_nino: bool) -> dict[str, object]:
    """Put corrected answers in the place of those before; null takes an answer back."""
    merged = {**before, **corrected}
    for pair in _INSTEAD:
        for given, other in (pair, pair[::-1]):
            if corrected.get(given) is not None and corrected.get(other) is None:
                merged.pop(other, None)
    if has_nino:
        merged.pop("noNino", None)
    return {name: answer for name, answer in merged.items() if answer is not None}


def _newest(stored: Earlier | None, in_batch: Earlier | None) -> Earlier | None:
    known = [one for one in (stored, in_batch) if one is not None]
    return max(known, key=lambda one: one.attempt, default=None)


def _answers(opened: bytes) -> Answers:
    try:
        answers: object = from_json(opened, allow_inf_nan=False)
    except ValueError:
        raise UnreadablePerson("not JSON") from None
    if not isinstance(answers, dict):
        raise UnreadablePerson("not an object")
    return answers
