"""Answers that councils send: of a whole application, or corrected ones; read strictly.

The rules are of what verification and an ERO need. Who may vote, and from what age, is for the ERO
to decide: paper is not refused for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, NamedTuple

from electoral import fields, franchise
from electoral import nino as ninos
from electoral.answers import Answers
from electoral.events import NinoAbsence
from electoral.problems import FieldError
from pydantic import Field, ValidationError
from pydantic_core import to_json

from ems_gateway.councils.messages import code_of, sentence

AGE_MAX = 114  # years; nobody older ever registered
NINO_AGE = 16  # under-16s are asked for no NINO, and theirs goes nowhere
ERRORS_MAX = 20  # told at once

_REQUIRED = ("firstName", "lastName", "address")
_EITHER_OR = (("dateOfBirth", "noDateOfBirth"), ("nino", "noNino"))
_NOT_BOTH = (*_EITHER_OR, ("nationalities", "noNationality"))
# What an application was accepted with is not corrected: it is the application's for good.
_NEVER_CORRECTED = ("type", "source", "language", "gssCode")
_APART = {"type", "language", "gss_code"}  # are not part of a person's corrected answers

Sent = Mapping[str, object]


class InvalidAnswers(ValueError):
    """Some answers need to be corrected; `errors` says which, never what they hold."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{len(errors)} answers need to be corrected")
        self.errors = tuple(errors[:ERRORS_MAX])


class Identifier(NamedTuple):
    """The NINO that is to be looked up, or why there is none."""

    nino: str | None
    absence: NinoAbsence | None


class CouncilAnswers(Answers):
    """An application's answers as a council sends them: a NINO may be one that was never issued."""

    nino: Annotated[fields.CouncilNino | None, Field(exclude=True)] = None  # sealed by itself

    def is_under_16(self, on: date) -> bool:
        """Say whether the applicant is known to be too young to be asked for a NINO."""
        born = self.date_of_birth
        return born is not None and born < on and franchise.age_on(born, on) < NINO_AGE

    def person_json(self, *, application_type: str, language: str) -> bytes:
        """Write what is sealed as the person of a whole application."""
        answers = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"gss_code"}
        )
        return to_json({"type": application_type, "language": language} | answers)

    def correction_json(self) -> bytes:
        """Write what is sealed as a correction: what was sent only; null takes an answer back."""
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_APART)
        if self.nino is not None:
            given["noNino"] = None
        return to_json(dict.fromkeys(self._taken_back()) | given)

    def corrected(self) -> list[str]:
        """Name the answers that were sent."""
        return sorted(_alias(name) for name in self.model_fields_set)

    def identifier(self, on: date) -> Identifier:
        """Say of a whole application what is looked up; nothing of an under-16 is."""
        if self.is_under_16(on):
            return Identifier(None, "under-16")
        return _identifier(self.nino) if self.nino is not None else Identifier(None, "no-nino")

    def corrected_identifier(self, on: date) -> Identifier:
        """Say of corrected answers what is looked up now; nothing of an under-16 is."""
        if self.nino is not None and self.is_under_16(on):
            return Identifier(None, "under-16")
        if self.nino is not None:
            return _identifier(self.nino)
        return Identifier(None, "not-corrected" if self.no_nino is None else "no-nino")

    def _taken_back(self) -> Iterator[str]:
        for name in self.model_fields_set - {"nino"}:
            if getattr(self, name) is None:
                yield _alias(name)


def _identifier(nino: str) -> Identifier:
    """Nobody is asked about a number that was never issued: what is not sent cannot leak."""
    return (
        Identifier(None, "never-issued") if ninos.is_never_issued(nino) else Identifier(nino, None)
    )


def _alias(name: str) -> str:
    return CouncilAnswers.model_fields[name].alias or name


def read_whole(sent: Sent, on: date, at: str = "") -> CouncilAnswers:
    """Read a whole application as of a London day; `at` is where it stands in the body.

    Raises InvalidAnswers.
    """
    answers = _read(sent, at)
    missing = [(name, "missing") for name in _REQUIRED if sent.get(name) is None]
    _refuse([*missing, *_either_or(answers, sent, on), *_not_both(sent), *_rules(answers, on)], at)
    return answers


def read_resubmitted(sent: Sent, on: date, at: str, *, is_whole: bool) -> CouncilAnswers:
    """Read what an application is corrected with, answers of it or all of them.

    Raises InvalidAnswers.
    """
    _refuse([(name, "never-corrected") for name in _NEVER_CORRECTED if name in sent], at)
    return read_whole(sent, on, at) if is_whole else _read_corrections(sent, on, at)


def _read_corrections(sent: Sent, on: date, at: str) -> CouncilAnswers:
    answers = _read(sent, at)
    nothing = [] if sent else [("", "missing")]
    taken_back = [(name, "missing") for name in _REQUIRED if name in sent and sent[name] is None]
    left_open = [*_left_open(sent), *_not_both(sent)]
    _refuse([*nothing, *taken_back, *left_open, *_rules(answers, on)], at)
    return answers


Found = tuple[str, str]
"""A field and the code of what is wrong with it."""


def _read(sent: Sent, at: str) -> CouncilAnswers:
    try:
        return CouncilAnswers.model_validate(sent)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidAnswers([_structural(d["loc"], d["type"], at) for d in details]) from None


def _structural(location: tuple[int | str, ...], kind: str, at: str) -> FieldError:
    """A field's name that we do not know may hold anything: the pointer names the object around."""
    code = code_of(kind)
    known = location[:-1] if code == "unknown-field" else location
    pointer = at + "".join(f"/{part}" for part in known)
    return FieldError(pointer, code, sentence(code))


def _refuse(found: Sequence[Found], at: str) -> None:
    if found:
        pointers = [(f"{at}/{field}" if field else at, code) for field, code in found]
        raise InvalidAnswers([FieldError(p, code, sentence(code)) for p, code in pointers])


def _either_or(answers: CouncilAnswers, sent: Sent, on: date) -> Iterator[Found]:
    for name, instead in _EITHER_OR:
        is_given = sent.get(name) is not None or sent.get(instead) is not None
        if not is_given and not (name == "nino" and answers.is_under_16(on)):
            yield name, "missing"


def _left_open(sent: Sent) -> Iterator[Found]:
    """One of a pair is only taken back by answering the other."""
    for pair in _EITHER_OR:
        sent_ones = [name for name in pair if name in sent]
        if sent_ones and all(sent[name] is None for name in sent_ones):
            yield sent_ones[0], "missing"


def _not_both(sent: Sent) -> Iterator[Found]:
    for name, instead in _NOT_BOTH:
        if sent.get(name) is not None and sent.get(instead) is not None:
            yield instead, "give-one-only"


def _rules(answers: CouncilAnswers, on: date) -> Iterator[Found]:
    if answers.type not in (None, "ordinary"):
        yield "type", "not-yet-supported"
    if answers.source is not None:
        yield "source", "not-yours"
    if answers.open_register and answers.is_under_16(on):
        yield "openRegister", "under-16"
    born = answers.date_of_birth
    if born is not None and born >= on:
        yield "dateOfBirth", "in-the-future"
    elif born is not None and franchise.age_on(born, on) > AGE_MAX:
        yield "dateOfBirth", "too-long-ago"
