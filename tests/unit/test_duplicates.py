"""Duplicates: what is kept of the uses of one identity, and what an ERO learns of them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.events import PossibleDuplicates
from hypothesis import given
from hypothesis import strategies as st
from verification.duplicates import (
    AUTHORITIES_MAX,
    LATEST_MAX,
    MONTHS_MAX,
    NO_USE,
    Found,
    Use,
    Uses,
    a_year_before,
    find,
    find_nothing,
    is_same_ero,
    month_of,
    write_first_use,
)

BIRMINGHAM, COVENTRY = "E08000025", "E08000026"
CLACKMANNANSHIRE, FALKIRK = "S12000005", "S12000014"  # one joint board's
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
YEAR = a_year_before(NOON)


def a_use(number: int, **changes: object) -> Use:
    plain = Use(
        str(UUID(int=number)),
        BIRMINGHAM,
        NOON - timedelta(minutes=1_000_000 - number),
        f"REF{number:07}",
        f"group-{number}",
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


OWN = a_use(999_999, received_at=NOON)


def uses(*several: Use) -> Uses:
    kept = Uses()
    for use in several:
        kept.add(use)
    return kept


def found(
    *, nino: Sequence[Use] = (), person: Sequence[Use] = (), own: Use = OWN, since: datetime = YEAR
) -> Found:
    return find(own, since, [uses(*nino)], [uses(*person)])


def recent(number: int, **changes: object) -> Use:
    return a_use(number, **{"received_at": NOON - timedelta(hours=number), **changes})


def references(result: Found) -> list[str | None]:
    return [one.reference for one in result.possible_duplicates.listed]


# -- what is kept ---------------------------------------------------------------------------------


def test_what_was_written_is_read_again() -> None:
    odd = recent(2, reference='"\\\u2028', group=None)
    kept = uses(*[recent(n) for n in range(30, 3, -1)], odd)
    assert Uses.read(kept.write()) == kept
    assert Uses.read(NO_USE) == Uses()
    assert Uses.read(write_first_use(odd)) == uses(odd)


def test_an_application_is_one_use_however_often_it_comes() -> None:
    kept = uses(recent(1))
    before = kept.write()
    assert not kept.add(recent(1))
    assert kept.write() == before


def test_a_hundred_thousand_uses_take_no_more_room_than_what_is_full() -> None:
    draw = random.Random(4)
    codes = [f"E{n:08}" for n in range(300)]
    kept = Uses()
    for n in range(100_000):
        at = NOON - timedelta(minutes=draw.randrange(1_000_000))
        kept.add(a_use(n, gss_code=draw.choice(codes), received_at=at))
    assert len(kept.latest) == LATEST_MAX
    assert len(kept.older) == AUTHORITIES_MAX + 1
    assert max(map(len, kept.older.values())) <= MONTHS_MAX
    assert len(kept.write()) < 7_000
    event = find(OWN, YEAR, [kept], [kept])
    size = len(event.possible_duplicates.model_dump_json()) + sum(
        len(one.model_dump_json()) for one in event.nino_reuse
    )
    assert size < 6_000
    assert len(event.nino_reuse) == 20


def test_older_uses_are_counted_all_the_same() -> None:
    result = found(nino=[recent(n) for n in range(1, 61)])
    assert result.nino_reuse_total == 60
    assert [(one.gss_code, one.nino_count) for one in result.nino_reuse] == [(BIRMINGHAM, 60)]
    assert result.possible_duplicates.total == 60
    assert len(result.possible_duplicates.listed) == 20


def test_uses_elsewhere_count_in_the_total_when_their_authorities_are_too_many_to_name() -> None:
    result = found(nino=[recent(n, gss_code=f"E{n:08}") for n in range(1, 101)])
    assert result.nino_reuse_total == 100
    assert sum(one.nino_count for one in result.nino_reuse) == 20


# -- reuse of a NINO ------------------------------------------------------------------------------


def test_the_authorities_with_the_most_uses_come_first() -> None:
    codes = [COVENTRY, BIRMINGHAM, FALKIRK, COVENTRY, BIRMINGHAM, COVENTRY]
    result = found(nino=[recent(n, gss_code=code) for n, code in enumerate(codes, 1)])
    named = [(one.gss_code, one.nino_count) for one in result.nino_reuse]
    assert named == [(COVENTRY, 3), (BIRMINGHAM, 2), (FALKIRK, 1)]
    assert result.nino_reuse_total == 6


def test_a_name_that_was_used_before_is_no_reuse_of_a_nino() -> None:
    result = found(person=[recent(1)])
    assert (result.nino_reuse, result.nino_reuse_total) == ((), 0)
    assert result.possible_duplicates.total == 1


def test_an_application_never_counts_its_own_earlier_attempts() -> None:
    result = found(nino=[OWN], person=[OWN])
    assert result.nino_reuse_total == 0
    assert result.possible_duplicates.total == 0


def test_an_application_that_two_quarters_know_counts_once() -> None:
    result = find(OWN, YEAR, [uses(recent(1), recent(2)), uses(recent(1))], [])
    assert result.nino_reuse_total == 2
    assert result.possible_duplicates.total == 2


@pytest.mark.parametrize(("seconds", "count"), [(-1, 0), (0, 1), (1, 1)])
def test_only_the_last_twelve_months_count(seconds: int, count: int) -> None:
    other = recent(1, received_at=YEAR + timedelta(seconds=seconds))
    result = found(nino=[other], person=[other])
    assert result.nino_reuse_total == count
    assert result.possible_duplicates.total == count
    assert result.possible_duplicates.group == (other.group if count else OWN.group)


def test_of_what_is_only_counted_whole_months_within_the_twelve_count() -> None:
    months = {"2025-10": 1, "2025-11": 10, "2025-12": 100, "2026-11": 1_000}
    kept = Uses([], {BIRMINGHAM: months})
    assert find(OWN, YEAR, [kept], []).nino_reuse_total == 1_100


def test_one_that_was_received_later_but_verified_before_counts() -> None:
    assert found(nino=[recent(1, received_at=NOON + timedelta(minutes=5))]).nino_reuse_total == 1


# -- possible duplicates --------------------------------------------------------------------------


def test_each_other_application_is_listed_once_newest_first_and_by_its_nino() -> None:
    one, both, other = recent(1), recent(2), recent(3)
    result = found(nino=[both, one], person=[other, both])
    listed = result.possible_duplicates.listed
    assert [(d.reference, d.basis) for d in listed] == [
        (one.reference, "nino"),
        (both.reference, "nino"),
        (other.reference, "name-date-of-birth-postcode"),
    ]
    assert result.possible_duplicates.total == 3


def test_twenty_are_listed_and_all_are_counted() -> None:
    result = found(
        nino=[recent(n) for n in range(1, 16)], person=[recent(n) for n in range(11, 31)]
    )
    assert references(result) == [recent(n).reference for n in range(1, 21)]
    assert result.possible_duplicates.total == 30


def test_what_is_only_counted_makes_the_total_a_least_number() -> None:
    by_nino = [recent(n) for n in range(100, 0, -1)]
    result = found(nino=by_nino, person=[recent(500), *by_nino])
    assert result.possible_duplicates.total == 101


def test_an_ero_sees_reference_and_time_of_its_own_and_of_others_authority_and_month() -> None:
    ours = recent(1, gss_code=FALKIRK)
    elsewhere = recent(2, gss_code=COVENTRY)
    result = found(nino=[ours, elsewhere], own=OWN._replace(gss_code=CLACKMANNANSHIRE))
    first, second = result.possible_duplicates.listed
    assert (first.gss_code, first.reference, first.received_at) == (
        *(FALKIRK, ours.reference, ours.received_at),
    )
    assert second.model_dump(exclude_none=True) == {
        "gss_code": COVENTRY,
        "month": "2026-11",
        "basis": "nino",
    }


def test_nobody_is_the_ero_of_what_nobody_could_place() -> None:
    other = recent(1, gss_code=AUTHORITY_UNKNOWN, group=None)
    result = found(nino=[other], own=OWN._replace(gss_code=AUTHORITY_UNKNOWN, group=None))
    (listed,) = result.possible_duplicates.listed
    assert (listed.reference, listed.received_at) == (None, None)
    assert result.possible_duplicates.group is None
    assert not is_same_ero(AUTHORITY_UNKNOWN, AUTHORITY_UNKNOWN)


def test_an_authority_that_is_not_in_the_list_is_nobodys_either() -> None:
    assert not is_same_ero("E99999998", "E99999998")
    assert is_same_ero(FALKIRK, CLACKMANNANSHIRE)
    assert not is_same_ero(BIRMINGHAM, COVENTRY)


# -- groups ---------------------------------------------------------------------------------------


def test_the_group_is_that_of_the_oldest_in_the_same_ero() -> None:
    newer, oldest, elsewhere = recent(1), recent(9), recent(20, gss_code=COVENTRY)
    result = found(nino=[newer, elsewhere], person=[oldest])
    assert result.possible_duplicates.group == oldest.group


def test_groups_of_other_eros_are_never_shown() -> None:
    result = found(nino=[recent(1, gss_code=COVENTRY)])
    assert result.possible_duplicates.group == OWN.group
    assert "group-1" not in result.possible_duplicates.model_dump_json()


def test_a_later_attempt_keeps_its_applications_group() -> None:
    earlier = OWN._replace(group="first")
    assert found(nino=[recent(5), earlier]).possible_duplicates.group == "first"


def test_one_without_others_has_a_group_for_those_to_come() -> None:
    assert find_nothing(OWN) == Found((), 0, PossibleDuplicates(group=OWN.group))
    assert found() == find_nothing(OWN)


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        ("2026-11-22T12:00:00+00:00", "2025-11-22T12:00:00+00:00"),
        ("2028-02-29T12:00:00+00:00", "2027-02-28T12:00:00+00:00"),
        ("2026-07-01T00:30:00+01:00", "2025-06-30T23:30:00+00:00"),
    ],
)
def test_a_year_before_is_the_same_day_of_the_year_before(moment: str, before: str) -> None:
    assert a_year_before(datetime.fromisoformat(moment)).isoformat() == before


def test_a_month_is_londons() -> None:
    assert month_of(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == "2026-07"


numbers = st.lists(st.integers(1, 60), unique=True)


@given(numbers, numbers)
def test_totals_are_exact_while_all_are_kept_and_never_too_high(
    nino: list[int], person: list[int]
) -> None:
    result = found(nino=[recent(n) for n in nino], person=[recent(n) for n in person])
    everyone = {*nino, *person}
    assert result.nino_reuse_total == len(nino)
    assert max(len(nino), len(person)) <= result.possible_duplicates.total <= len(everyone)
    if max(len(nino), len(person)) <= LATEST_MAX:
        assert result.possible_duplicates.total == len(everyone)
        newest = [recent(n).reference for n in sorted(everyone)[:20]]
        assert references(result) == newest
