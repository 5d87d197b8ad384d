"""What an ERO may know of other applications that look like the same person's.

Verification writes for the ERO of the accepting authority, by the shipped list. Since then the
record, or what looks like it, may have become another ERO's.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from electoral.authorities import Authorities

AnswersFor = Callable[[str], str | None]  # the ERO who answers for a GSS code today
Duplicates = dict[str, Any]

# What any ERO may know of one; the rest is for the ERO who has that one too.
_KNOWN_ELSEWHERE = ("gssCode", "month", "basis")
_NONE: Duplicates = {"total": 0, "listed": []}


def possible_duplicates(
    event: Mapping[str, Any], delivered_under: str, ero: str, answers_for: AnswersFor
) -> Duplicates:
    """Show what an ERO may know of an event's possible duplicates."""
    found: Duplicates = event["outcome"].get("possibleDuplicates", _NONE)
    accepted_with = event["gssCode"]
    if delivered_under != accepted_with or _eros_of_verification().get(accepted_with) != ero:
        return {"total": found["total"], "listed": [_as_elsewhere(one) for one in found["listed"]]}
    return _as_known_now(found, ero, answers_for)


def _as_known_now(found: Duplicates, ero: str, answers_for: AnswersFor) -> Duplicates:
    """Leave out what was told of one that is another ERO's by now, and the group with it."""
    listed = [
        one if answers_for(one["gssCode"]) == ero else _as_elsewhere(one) for one in found["listed"]
    ]
    if listed == found["listed"]:
        return found
    return {"total": found["total"], "listed": listed}


def _as_elsewhere(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in _KNOWN_ELSEWHERE}


@cache
def _eros_of_verification() -> Mapping[str, str]:
    """Whom verification writes for: it goes by the shipped list, whatever was stated here."""
    return {authority.gss_code: authority.ero for authority in Authorities.load()}
