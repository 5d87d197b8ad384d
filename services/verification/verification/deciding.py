"""Deciding: open attempts, ask about them, and conclude; or say why not, one by one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from electoral.blind_index import BlindIndex
from electoral.consumer import Hold
from electoral.events import ApplicationReceived, Levels, NinoAbsence
from electoral.sealing import Sealer, UnknownKey

from verification import matching, rules
from verification.dwp import Answers, NotFound, Unanswered
from verification.errors import HOLD, RETRY, ParkReason
from verification.identity import NO_IDENTITY, Hashing, Identity, hashing
from verification.opening import Opened, open_attempt
from verification.rules import Verdict

VERDICTS_MAX = 1_024  # remembered; most applicants share a few dozen combinations of levels

Ask = Callable[[Sequence[str]], Awaitable[Answers]]
"""Returns an answer for each NINO (eight characters), be it `Unanswered`."""


@dataclass(frozen=True, slots=True)
class Decided:
    """An outcome that is final, and what the applicant is looked for by; nothing in clear."""

    levels: Levels
    verdict: Verdict
    nino_absence: NinoAbsence | None
    identity: Identity = NO_IDENTITY


Conclusion = Decided | ParkReason | Hold


async def decide(
    events: Sequence[ApplicationReceived | Hold], sealer: Sealer, index: BlindIndex, ask: Ask
) -> list[Conclusion]:
    """Decide each event, in order; each NINO is looked up once. What is to be held stays so.

    Without a key to hash under what applicants are looked for by all wait, and nobody is asked.
    """
    opened = [one if isinstance(one, Hold) else _open(sealer, one) for one in events]
    keys = _hashing(index)
    if not isinstance(keys, Hashing):
        return [keys if isinstance(one, Opened) else one for one in opened]
    ninos = {one.nino for one in opened if isinstance(one, Opened) and one.nino is not None}
    answers = await ask(sorted(ninos))
    return [
        _identified(conclude(one, answers), one, keys) if isinstance(one, Opened) else one
        for one in opened
    ]


def _hashing(index: BlindIndex) -> Hashing | ParkReason:
    try:
        return hashing(index)
    except UnknownKey as error:
        return RETRY[type(error)]


def _identified(
    conclusion: Decided | ParkReason, opened: Opened, keys: Hashing
) -> Decided | ParkReason:
    """Say what the applicant is looked for by."""
    if not isinstance(conclusion, Decided):
        return conclusion
    born = opened.applicant.date_of_birth
    identity = keys.identify(opened.used_nino, opened.applicant.names[0], born, opened.postcode)
    return Decided(conclusion.levels, conclusion.verdict, conclusion.nino_absence, identity)


def _open(sealer: Sealer, event: ApplicationReceived) -> Opened | ParkReason | Hold:
    try:
        return open_attempt(sealer, event)
    except tuple(RETRY) as error:
        return RETRY[type(error)]
    except tuple(HOLD) as error:
        return Hold(HOLD[type(error)])


def conclude(opened: Opened, answers: Answers) -> Decided | ParkReason:
    """Decide one, or say what is waited for."""
    if opened.nino is None:
        return _decide(levels_without_look_up(opened), opened)
    answer = answers[opened.nino]
    if isinstance(answer, Unanswered):
        return answer.reason
    record = None if isinstance(answer, NotFound) else answer
    return _decide(matching.compare(opened.applicant, record), opened)


def levels_without_look_up(opened: Opened) -> Levels:
    """A number that nobody was ever given is on no record; nothing else is compared."""
    never_issued = opened.nino_absence == "never-issued"
    return matching.NO_RECORD if never_issued else matching.NOTHING_COMPARED


def _decide(levels: Levels, opened: Opened) -> Decided:
    return Decided(levels, _verdict(levels, opened.nino_absence), opened.nino_absence)


@lru_cache(VERDICTS_MAX)
def _verdict(levels: Levels, nino_absence: NinoAbsence | None) -> Verdict:
    return rules.current().decide(levels, nino_absence)
