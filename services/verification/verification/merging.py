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
        """Return each event, in order: what is whole as it came, a resubmission merged.

        One whose application nobody knows, or that cannot be opened, is to be held.
        """
        later = {(e.application_id, e.attempt) for e in events if e.attempt > FIRST_ATTEMPT}
        if not later:
            return list(events)
        stored = await find_earlier(self._pool, sorted(later))
        known: dict[UUID, list[Earlier]] = {key[0]: [] for key in later}
        for key, earlier in stored.items():
            known[key[0]].append(earlier)
        whole: list[ApplicationReceived | Hold] = list(events)
        for place, event in sorted(enumerate(events), key=_by_attempt):
            of_application = known.get(event.application_id, [])
            whole[place] = one = self._whole(event, _newest_before(event, of_application))
            if not isinstance(one, Hold):
                of_application.append(Earlier(one.attempt, one.person, one.nino, one.nino_absence))
        return whole

    def _whole(
        self, event: ApplicationReceived, base: Earlier | None
    ) -> ApplicationReceived | Hold:
        if event.attempt == FIRST_ATTEMPT:
            return event
        if base is None:
            return UNKNOWN_APPLICATION
        return event if event.is_whole else self._merge(event, base)

    def _merge(self, event: ApplicationReceived, base: Earlier) -> ApplicationReceived | Hold:
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


def _by_attempt(entry: tuple[int, ApplicationReceived]) -> tuple[UUID, int, int]:
    place, event = entry
    return event.application_id, event.attempt, place


def _newest_before(event: ApplicationReceived, known: Sequence[Earlier]) -> Earlier | None:
    before = (one for one in known if one.attempt < event.attempt)
    return max(before, key=lambda one: one.attempt, default=None)


def _answers(opened: bytes) -> Answers:
    try:
        answers: object = from_json(opened, allow_inf_nan=False)
    except ValueError:
        raise UnreadablePerson("not JSON") from None
    if not isinstance(answers, dict):
        raise UnreadablePerson("not an object")
    return answers
