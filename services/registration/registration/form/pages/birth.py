"""The date of birth, as three fields, or why it cannot be given."""

import re
from collections.abc import Iterator
from datetime import date

from registration.form.page import Json, Page, Typed
from registration.form.typed import any_of, cannot, required, texts
from registration.rules import Fault

_PARTS = ("day", "month", "year")
_MONTHS = (  # by their first three letters, in English and in Welsh
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "ion chw maw ebr mai meh gor aws med hyd tac rha",
)
_MONTH_OF_NAME = {
    name: number for names in _MONTHS for number, name in enumerate(names.split(), start=1)
}
_YEAR_LENGTH = 4
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def born(typed: Typed) -> date | None:
    """Return the date of birth, if there is a real one."""
    try:
        return date.fromisoformat(_written(typed))
    except ValueError:
        return None


def _written(typed: Typed) -> str:
    """Write the date as the API takes it; what is no date stays none."""
    day, month, year = (typed.get(part, "").strip() for part in _PARTS)
    number = _MONTH_OF_NAME.get(month.casefold()[:3], month)
    return f"{year}-{number:0>2}-{day:0>2}"


def _fragment(typed: Typed) -> Json:
    fragment: dict[str, object] = {}
    if any_of(typed, _PARTS):
        fragment["dateOfBirth"] = _written(typed)
    if cannot(typed, *_PARTS) or (typed.get("ageRange") and not any_of(typed, _PARTS)):
        fragment["noDateOfBirth"] = required(typed, "reason") | texts(typed, ("ageRange",))
    return fragment


def _faults(typed: Typed) -> Iterator[Fault]:
    """Find what is wrong with the parts: which of them is missing, or is not a number."""
    if not any_of(typed, _PARTS):
        return
    missing = [part for part in _PARTS if not any_of(typed, (part,))]
    year = typed.get("year", "").strip()
    if missing:
        yield from (Fault(f"/dateOfBirth/{part}", "missing") for part in missing)
    elif year.isdecimal() and len(year) != _YEAR_LENGTH:
        yield Fault("/dateOfBirth/year", "wrong-format")
    elif not _DATE.fullmatch(_written(typed)):
        yield Fault("/dateOfBirth", "not-a-real-date")


DATE_OF_BIRTH = Page(
    slug="date-of-birth",
    fields=(*_PARTS, "cannot", "reason", "ageRange"),
    fragment=_fragment,
    pointers=("/dateOfBirth", "/noDateOfBirth"),
    anchors={
        "/dateOfBirth": "day",
        **{f"/dateOfBirth/{part}": part for part in _PARTS},
        "/noDateOfBirth": "cannot",
        "/noDateOfBirth/reason": "reason",
        "/noDateOfBirth/ageRange": "ageRange",
    },
    faults=_faults,
)
