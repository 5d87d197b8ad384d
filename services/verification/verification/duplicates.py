"""Duplicates: the uses of one identity that are kept, and what an ERO may learn of them.

The latest uses are kept one by one; older ones are only counted, by authority and month, so that
what is used a hundred thousand times takes no more room than what is used a few dozen times. Then
a total of possible duplicates says "at least so many": an application that both bases count is in
both counts. A resubmission whose first attempt is among the counted is counted once more.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, Self

from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.events import NinoReuse, PossibleDuplicate, PossibleDuplicates

LATEST_MAX = 20  # uses that are kept one by one
LISTED_MAX = 20  # possible duplicates, and authorities of reuse, that an event names
AUTHORITIES_MAX = 20  # whose older uses are counted by themselves
ELSEWHERE = ""  # where older uses of all other authorities are counted
MONTHS_MAX = 13  # that twelve months touch

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Use(NamedTuple):
    """An application that used an identity."""

    application_id: str
    gss_code: str
    received_at: datetime  # the application's
    reference: str | None
    group: str | None  # None: no ERO answers for it


@dataclass(slots=True)
class Uses:
    """All uses under one hash, oldest first."""

    latest: list[Use] = field(default_factory=list)
    older: dict[str, dict[str, int]] = field(default_factory=dict)  # authority -> month -> uses

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `write` has written."""
        found = json.loads(text)
        latest = [
            Use(of, gss_code, datetime.fromisoformat(at), reference, group)
            for of, gss_code, at, reference, group in found["latest"]
        ]
        return cls(latest, found.get("older", {}))

    def write(self) -> str:
        """Write as JSON."""
        latest = ",".join(map(_written, self.latest))
        older = f',"older":{_encode(self.older)}' if self.older else ""
        return f'{{"latest":[{latest}]{older}}}'

    def add(self, use: Use) -> bool:
        """Add a use and return True; nothing changes when its application is there already."""
        if any(other.application_id == use.application_id for other in self.latest):
            return False
        self.latest.append(use)
        if len(self.latest) > LATEST_MAX:
            self._fold(self.latest.pop(0))
        return True

    def _fold(self, use: Use) -> None:
        known = use.gss_code in self.older
        has_room = len(self.older.keys() - {ELSEWHERE}) < AUTHORITIES_MAX
        authority = use.gss_code if known or has_room else ELSEWHERE
        months = self.older.setdefault(authority, {})
        month = month_of(use.received_at)
        months[month] = months.get(month, 0) + 1
        if len(months) > MONTHS_MAX:
            del months[min(months)]


NO_USE = '{"latest":[]}'


def write_first_use(use: Use) -> str:
    """Write the one use of an identity that was not known."""
    return f'{{"latest":[{_written(use)}]}}'


def _written(use: Use) -> str:
    at = use.received_at.isoformat()
    return _encode((use.application_id, use.gss_code, at, use.reference, use.group))


class Found(NamedTuple):
    """What the event of an application says of others."""

    nino_reuse: tuple[NinoReuse, ...]
    nino_reuse_total: int
    possible_duplicates: PossibleDuplicates


def find_nothing(own: Use) -> Found:
    """Say that there is no other application of this person: the usual case."""
    return Found((), 0, PossibleDuplicates(group=own.group))


def find(own: Use, since: datetime, by_nino: Sequence[Uses], by_person: Sequence[Uses]) -> Found:
    """Find the other applications of a person, received since then, in what is kept."""
    nino, person = _Basis(own, since, by_nino), _Basis(own, since, by_person)
    others = person.known | nino.known  # each once, and by the NINO if by both
    newest = sorted(
        others.values(), key=lambda use: (use.received_at, use.application_id), reverse=True
    )
    return Found(
        _reuse(nino.by_authority),
        nino.total,
        PossibleDuplicates(
            total=max(len(others), nino.total, person.total),
            listed=tuple(_shown(own, use, nino) for use in newest[:LISTED_MAX]),
            group=_group(own, newest, (*by_nino, *by_person)),
        ),
    )


class _Basis:
    """What one basis shows of other applications, over all quarters."""

    def __init__(self, own: Use, since: datetime, quarters: Iterable[Uses]) -> None:
        self.known: dict[str, Use] = {}
        self.by_authority: Counter[str] = Counter()
        folded = 0
        for uses in quarters:
            for use in uses.latest:
                if use.application_id != own.application_id and use.received_at >= since:
                    self.known[use.application_id] = use
            for authority, months in uses.older.items():
                # The month that the twelve begin in is left out: only whole ones are sure.
                count = sum(n for month, n in months.items() if month > month_of(since))
                folded += count
                if authority != ELSEWHERE and count:
                    self.by_authority[authority] += count
        self.by_authority.update(use.gss_code for use in self.known.values())
        self.total = len(self.known) + folded


def _reuse(by_authority: Mapping[str, int]) -> tuple[NinoReuse, ...]:
    """Name the authorities with the most uses."""
    most = sorted(by_authority.items(), key=lambda entry: (-entry[1], entry[0]))[:LISTED_MAX]
    return tuple(NinoReuse(gss_code=gss_code, nino_count=count) for gss_code, count in most)


def _shown(own: Use, other: Use, nino: _Basis) -> PossibleDuplicate:
    """Show of another application what the ERO of this one may see."""
    same_ero = is_same_ero(own.gss_code, other.gss_code)
    return PossibleDuplicate(
        gss_code=other.gss_code,
        month=month_of(other.received_at),
        reference=other.reference if same_ero else None,
        received_at=other.received_at if same_ero else None,
        basis="nino" if other.application_id in nino.known else "name-date-of-birth-postcode",
    )


def _group(own: Use, newest: Sequence[Use], quarters: Iterable[Uses]) -> str | None:
    """Keep the group of an earlier attempt, else take the oldest of this ERO, else a new one."""
    if own.group is None:
        return None
    earlier = (use for uses in quarters for use in uses.latest)
    mine = next((use for use in earlier if use.application_id == own.application_id), None)
    of_ero = [use for use in newest if is_same_ero(own.gss_code, use.gss_code)]
    met = mine or (of_ero[-1] if of_ero else None)
    return met.group if met and met.group else own.group


def month_of(moment: datetime) -> str:
    """Return the month of an instant in London, YYYY-MM."""
    return london_date(moment).isoformat()[:7]


def a_year_before(moment: datetime) -> datetime:
    """Return the same instant of the year before; there the 29th of February is the 28th."""
    utc = moment.astimezone(UTC)
    day = min(utc.day, 28) if utc.month == 2 else utc.day
    return utc.replace(year=utc.year - 1, day=day)


@cache
def ero_codes() -> dict[str, str]:
    """Return the code of the ERO who answers for each GSS code."""
    return {authority.gss_code: authority.ero for authority in Authorities.load()}


def ero_of(gss_code: str) -> str | None:
    """Return the code of the ERO who answers there; None where nobody knows who does."""
    return ero_codes().get(gss_code)


def is_same_ero(gss_code: str, other: str) -> bool:
    """Say whether one ERO answers for both; what nobody answers for is nobody's."""
    ero = ero_of(gss_code)
    return ero is not None and ero == ero_of(other)
