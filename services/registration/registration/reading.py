"""Reading an application: from parsed JSON to a typed Application, or all that is wrong with it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import NamedTuple

from electoral.answers import Answers
from electoral.authorities import Nation
from electoral.events import Language
from electoral.problems import FieldError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registration.application import Application
from registration.messages import sentence
from registration.rules import (
    Fault,
    faults_between_answers,
    faults_in_nation,
    is_under_16,
    residence_nation,
)

ERRORS_MAX = 50  # field errors told at once

# A field's name that we do not know may hold anything, a person's data included. Only what looks
# like a name in somebody's program is repeated, with at most three digits: a NINO or a date has
# more, however it is spaced. For others the pointer names the object around.
_HARMLESS_NAME = re.compile(r"(?!(?:.*[0-9]){4})[A-Za-z0-9_/~.$-]{1,40}")

# pydantic's own types of error, in our words. Errors of our own validators are ours already.
_CODES: Mapping[str, str] = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "string_type": "must-be-text",
    "string_unicode": "characters-not-allowed",
    "string_pattern_mismatch": "wrong-format",
    "bool_type": "must-be-true-or-false",
    "int_type": "must-be-a-whole-number",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "model_type": "must-be-an-object",
    "tuple_type": "must-be-a-list",
    "too_long": "too-many",
    "literal_error": "not-a-choice",
}

_ORDER = {field.alias: place for place, field in enumerate(Answers.model_fields.values())}


class InvalidApplication(ValueError):
    """Some answers need to be corrected; `errors` says which and how, in the form's order."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(f"{len(errors)} answers need to be corrected")
        self.errors = errors


class Review(NamedTuple):
    """What there is of an application that is still being written, and what is wrong with it."""

    answers: Answers  # those that are well formed
    faults: tuple[Fault, ...]


def review(body: Mapping[str, object], *, on: date, source: str) -> Review:
    """Read an application as far as it goes, by the rules by which it will be read when sent.

    Who asks knows what has been asked so far: only of what can be given in two ways, like the date
    of birth, is it a fault to have neither.
    """
    try:
        answers = Answers.model_validate(body)
    except ValidationError as error:
        return _review_unreadable(error, body, on, source)
    return Review(answers, tuple(faults_between_answers(answers, body, on, source)))


def read_application(
    body: object, *, on: date, source: str, language: Language = "en"
) -> Application:
    """Read an application that arrived on a London day under a credential of a source.

    Everything wrong is told at once, but for rules about a field that is itself not well formed.
    Rules of a nation are those of the country given; once the address has told the nation, ask
    `check_for_nation`. Raises InvalidApplication.
    """
    if not isinstance(body, dict):
        raise InvalidApplication(field_errors([Fault("", "must-be-an-object")], language))
    try:
        application = Application.model_validate(body)
    except ValidationError as error:
        faults = _review_unreadable(error, body, on, source).faults
        raise InvalidApplication(field_errors(faults, language)) from None
    broken = list(faults_between_answers(application, body, on, source))
    if broken:
        raise InvalidApplication(field_errors(broken, language))
    return _without_what_is_not_asked(application, on)


def check_for_nation(
    application: Application,
    nation: Nation | None,
    on: date,
    language: Language = "en",
) -> tuple[FieldError, ...]:
    """Check again by the nation of the address; None is an address that nobody can place.

    Where it is the nation of the country given, reading has checked by it on the same day.
    """
    if nation == residence_nation(application):
        return ()
    faults = faults_in_nation(application, nation, on)
    return field_errors(faults, language)


def _without_what_is_not_asked(application: Application, on: date) -> Application:
    """Drop what an under-16 gave unasked: their NINO goes nowhere."""
    if not is_under_16(application, on):
        return application
    return application.model_copy(update={"nino": None, "no_nino": None})


def _review_unreadable(
    error: ValidationError, body: Mapping[str, object], on: date, source: str
) -> Review:
    """Collect what is not well formed, and what the rules say to the answers that are."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    unreadable = {detail["loc"][0] for detail in details}
    readable = {name: value for name, value in body.items() if name not in unreadable}
    answers = Answers.model_validate(readable)
    by_rules = faults_between_answers(answers, body, on, source)
    return Review(answers, (*map(_structural_fault, details), *by_rules))


def _structural_fault(detail: ErrorDetails) -> Fault:
    code = _CODES.get(detail["type"], detail["type"])
    return Fault("".join(_tokens(detail["loc"], code)), code)


def _tokens(location: Iterable[int | str], code: str) -> Iterator[str]:
    """Write the parts of a JSON pointer (RFC 6901)."""
    *parents, last = location
    yield from (f"/{parent}" for parent in parents)
    name = str(last)
    if code != "unknown-field" or _HARMLESS_NAME.fullmatch(name):
        yield "/" + name.replace("~", "~0").replace("/", "~1")


def field_errors(faults: Iterable[Fault], language: Language) -> tuple[FieldError, ...]:
    """Put faults into the form's order, each once, and give them their sentences."""
    found = list(faults)
    if not found:
        return ()
    unsupported = [fault for fault in found if fault.code == "not-yet-supported"]
    # Fields of another type of application look unknown here; saying so would mislead.
    once = {(fault.pointer, fault.code): fault for fault in unsupported or found}
    ordered = sorted(once.values(), key=_place_in_form)
    return tuple(
        FieldError(
            fault.pointer, fault.code, sentence(fault.pointer, fault.code, language, **fault.facts)
        )
        for fault in islice(ordered, ERRORS_MAX)
    )


def _place_in_form(fault: Fault) -> int:
    return _ORDER.get(fault.pointer.split("/")[1] if fault.pointer else "", len(_ORDER))
