"""Who may register: minimum ages and nationalities, per nation and dated.

The hub decides nothing: it asks what an ERO needs to know, and turns away only whom the law of the
day plainly leaves out. Where the nation of an address is not known, the most lenient one counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Literal

from pydantic import with_config

from electoral.authorities import NATIONS, Nation
from electoral.data import RECORD_CONFIG, read_records

Eligibility = Literal["eligible", "ask-retained-rights", "not-eligible"]

_DAYS_KEPT = 100  # a few days of arrivals are asked about again and again
_JUDGEMENTS_KEPT = 4_000  # some 250 countries in three nations
_MOST_LENIENT_FIRST: tuple[Eligibility, ...] = ("eligible", "ask-retained-rights", "not-eligible")


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class MinimumAge:
    """The age from which a nation's people may apply to register."""

    nation: Nation
    valid_from: date | None  # None = since before these data begin
    age: int  # years
    source: str


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class FranchiseRule:
    """Whose nationality lets them register in a nation."""

    nation: Nation
    valid_from: date | None
    any_nationality: bool  # with leave to remain or needing none, which the ERO checks
    eligible: tuple[str, ...]  # groups of nationalities
    ask_retained_rights: tuple[str, ...]  # groups that are asked about retained EU rights
    source: str

    def judge(self, nationality: str, retained_rights: bool | None) -> Eligibility:
        """Judge one nationality; the answer about retained EU rights is None until asked.

        Either answer will do: it is passed on, and the ERO decides.
        """
        if self.any_nationality or _in_groups(nationality, self.eligible):
            return "eligible"
        if not _in_groups(nationality, self.ask_retained_rights):
            return "not-eligible"
        return "ask-retained-rights" if retained_rights is None else "eligible"


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class NationalityGroup:
    """Nationalities that the law treats alike, as ISO 3166-1 alpha-2 codes."""

    group: str
    codes: frozenset[str]


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory of ISO 3166-1, by its alpha-2 code."""

    code: str
    name: str


def age_on(date_of_birth: date, on: date) -> int:
    """Return the age in whole years. A year is attained at the start of the birthday (Family Law
    Reform Act 1969 s.9); who was born on 29 February attains it on 1 March in other years (as the
    Age of Legal Capacity (Scotland) Act 1991 s.6 says and England and Wales hold).
    """
    before_birthday = (on.month, on.day) < (date_of_birth.month, date_of_birth.day)
    return on.year - date_of_birth.year - before_birthday


@lru_cache(maxsize=_DAYS_KEPT)
def minimum_age(nation: Nation | None, on: date) -> int:
    """Return the minimum age, in years, to apply in a nation on a day."""
    if nation is not None:
        return _minimum_age(nation, on).age
    return min(_minimum_age(each, on).age for each in NATIONS)


def eligible(
    nationalities: Sequence[str],
    nation: Nation | None,
    on: date,
    eu_retained_rights: bool | None = None,
) -> Eligibility:
    """Judge an applicant's nationalities (at least one, alpha-2 codes) by the best of them."""
    if not nationalities:
        raise ValueError("without a nationality there is nothing to judge: the ERO asks")
    return _best(tuple(nationalities), nation, on, eu_retained_rights)


def is_country(code: str) -> bool:
    """Say whether this is an alpha-2 code of ISO 3166-1."""
    return code in country_names()


@cache
def country_names() -> dict[str, str]:
    """Return the English name of every country by its alpha-2 code."""
    return {country.code: country.name for country in read_records(Country, "countries.json")}


@lru_cache(maxsize=_DAYS_KEPT)
def _minimum_age(nation: Nation, on: date) -> MinimumAge:
    rules = [rule for rule in _minimum_ages() if rule.nation == nation]
    return max((rule for rule in rules if _begun(rule.valid_from, on)), key=_begin)


@lru_cache(maxsize=_JUDGEMENTS_KEPT)
def _best(
    nationalities: tuple[str, ...], nation: Nation | None, on: date, eu_retained_rights: bool | None
) -> Eligibility:
    judgements = {
        _judge(nationality, each, on, eu_retained_rights)
        for each in (NATIONS if nation is None else (nation,))
        for nationality in nationalities
    }
    return min(judgements, key=_MOST_LENIENT_FIRST.index)


@lru_cache(maxsize=_JUDGEMENTS_KEPT)
def _judge(
    nationality: str, nation: Nation, on: date, eu_retained_rights: bool | None
) -> Eligibility:
    return _franchise_rule(nation, on).judge(nationality, eu_retained_rights)


@lru_cache(maxsize=_DAYS_KEPT)
def _franchise_rule(nation: Nation, on: date) -> FranchiseRule:
    rules = [rule for rule in _franchise_rules() if rule.nation == nation]
    return max((rule for rule in rules if _begun(rule.valid_from, on)), key=_begin)


def _begun(valid_from: date | None, on: date) -> bool:
    return valid_from is None or valid_from <= on


def _begin(rule: MinimumAge | FranchiseRule) -> date:
    return rule.valid_from or date.min


@cache
def _minimum_ages() -> tuple[MinimumAge, ...]:
    return tuple(read_records(MinimumAge, "minimum_ages.json"))


@cache
def _franchise_rules() -> tuple[FranchiseRule, ...]:
    return tuple(read_records(FranchiseRule, "franchise.json"))


@cache
def _groups() -> dict[str, frozenset[str]]:
    groups = read_records(NationalityGroup, "nationality_groups.json")
    return {group.group: group.codes for group in groups}


def _in_groups(nationality: str, groups: Sequence[str]) -> bool:
    return any(nationality in _groups()[group] for group in groups)
