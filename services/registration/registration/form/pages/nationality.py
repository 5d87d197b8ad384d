"""Nationalities, and the question that some of them lead to."""

from collections.abc import Iterator

from registration.form.page import Json, Page, Typed
from registration.form.typed import any_of, cannot, reason, said, ticked, yes_no
from registration.rules import Fault

_CODES = {"british": "GB", "irish": "IE"}
_COUNTRIES = ("country1", "country2", "country3")


def nationalities(typed: Typed) -> tuple[str, ...]:
    """Return what was chosen, as ISO 3166-1 codes, each once."""
    ticks = [code for name, code in _CODES.items() if ticked(typed, name)]
    return tuple(dict.fromkeys([*ticks, *_others(typed)]))


def _others(typed: Typed) -> list[str]:
    """Return the countries chosen from the lists.

    A list whose box is not ticked may be hidden, and counts only if nothing else is chosen.
    """
    if not ticked(typed, "other") and any_of(typed, (*_CODES, "cannot")):
        return []
    return [typed[name] for name in _COUNTRIES if typed.get(name)]


def _nationality(typed: Typed) -> Json:
    fragment: dict[str, object] = {}
    codes = nationalities(typed)
    if codes:
        fragment["nationalities"] = codes
    if cannot(typed, *_CODES, "other", *_COUNTRIES):
        fragment["noNationality"] = reason(typed)
    return fragment


def _nationality_faults(typed: Typed) -> Iterator[Fault]:
    if ticked(typed, "other") and not _others(typed):
        yield Fault("/nationalities/other", "missing")


def _eu_rights(typed: Typed) -> Json:
    rights = yes_no(typed, "euRights")
    return {} if rights is None else {"euRetainedRights": rights}


NATIONALITY = Page(
    slug="nationality",
    fields=("british", "irish", "other", *_COUNTRIES, "cannot", "reason"),
    fragment=_nationality,
    pointers=("/nationalities", "/noNationality"),
    anchors={
        "/nationalities": "british",
        "/nationalities/other": "country1",
        "/noNationality": "cannot",
        "/noNationality/reason": "reason",
    },
    faults=_nationality_faults,
)
EU_RIGHTS = Page(
    slug="eu-rights",
    fields=("euRights",),
    fragment=_eu_rights,
    pointers=("/euRetainedRights",),
    anchors={"/euRetainedRights": "euRights"},
    applies=lambda journey: journey.asks_eu_rights,
    faults=said(_eu_rights, "/euRetainedRights"),
)
