"""Why an ERO rejects an application: a committed list of words, each in English and in Welsh.

The words are ours. An ERO's own text would be personal data; these can enter events and histories.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, with_config

from electoral.data import RECORD_CONFIG, ReferenceDataUnusable, read_records

ReasonCode = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=40)]


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class DeterminationReason:
    """One reason, as it is sent and as it is said."""

    code: ReasonCode
    en: str
    cy: str


@cache
def determination_reasons() -> tuple[DeterminationReason, ...]:
    """Return the list in its order; raises ReferenceDataUnusable."""
    reasons = tuple(read_records(DeterminationReason, "determination_reasons.json"))
    if len({reason.code for reason in reasons}) != len(reasons):
        raise ReferenceDataUnusable("determination_reasons.json: a code occurs twice.")
    return reasons


def in_order(codes: frozenset[str]) -> tuple[str, ...]:
    """Put codes into the list's order, so that equal sets are equal; unknown ones are left out."""
    return tuple(reason.code for reason in determination_reasons() if reason.code in codes)
