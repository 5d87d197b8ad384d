"""What must come out for each kind of person, whatever rule set decides."""

from collections.abc import Mapping
from typing import NamedTuple

from simulated.kinds import Kind

Levels = dict[str, str]


class Truth(NamedTuple):
    """What must come out for this person."""

    kind: Kind
    result: str | None  # "green", "red" or "not-applicable"; None: rule sets may differ
    levels: Levels  # only the levels that every rule set must decide so
    gss_code: str  # where it must be delivered; X99999999: held until someone assigns it


_FOUND = {"nino": "match", "dateOfBirth": "match"}
_MATCHED = {**_FOUND, "firstName": "match", "lastName": "match"}

_DEMANDED: Mapping[Kind, tuple[str | None, Levels]] = {
    Kind.AS_ON_RECORD: ("green", _MATCHED),
    Kind.OTHER_FIRST_NAME: ("red", {**_MATCHED, "firstName": "no-match"}),
    Kind.OTHER_LAST_NAME: ("red", {**_MATCHED, "lastName": "no-match"}),
    Kind.WRONG_DATE_OF_BIRTH: ("red", {"nino": "match", "dateOfBirth": "no-match"}),
    Kind.UNKNOWN_NINO: ("red", {"nino": "no-match"}),
    Kind.NO_NINO: ("not-applicable", {"nino": "not-applicable"}),
    Kind.DECEASED: ("red", {**_MATCHED, "dateOfDeath": "true"}),
    Kind.UNDER_16: ("not-applicable", {"nino": "not-applicable"}),
    Kind.NO_DATE_OF_BIRTH: ("not-applicable", {"dateOfBirth": "not-applicable"}),
    Kind.PREVIOUS_NAME_ON_RECORD: ("green", _MATCHED),
    Kind.PREVIOUS_NAME_NOT_GIVEN: ("red", {**_MATCHED, "lastName": "no-match"}),
    Kind.ALIAS: ("green", {**_MATCHED, "firstName": "alias"}),
    Kind.SWAPPED_NAMES: ("green", {**_FOUND, "firstName": "reversed", "lastName": "reversed"}),
    Kind.ACCENTS_LEFT_OUT: ("green", _MATCHED),
    Kind.TRANSLITERATED: ("green", _FOUND),
    Kind.MISTYPED_NAME: (None, _FOUND),
    Kind.TWIN: ("green", _MATCHED),
    Kind.TWINS_NINO: ("red", {**_MATCHED, "firstName": "no-match"}),
    Kind.SHARED_NINO: ("red", {"nino": "match", "dateOfBirth": "no-match"}),
}


def truth_of(kind: Kind, gss_code: str) -> Truth:
    return Truth(kind, *_DEMANDED[kind], gss_code)
