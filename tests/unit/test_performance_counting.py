"""What is counted for the public figures: each application once in each measure, and no more."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from electoral.calendar import bin_start
from electoral.tracing import new_traceparent
from registration.acceptance import Acceptance, IntakeKey
from registration.performance.counting import (
    STARTED,
    Count,
    PaperApplication,
    PerformanceDeltas,
    age_group,
    satisfaction,
)
from registration.performance.time_taken import bucket_of, median_seconds

NOON = datetime(2026, 6, 18, 12, 2, tzinfo=UTC)


def an_acceptance(**changes: Any) -> Acceptance:
    acceptance = Acceptance(
        key=IntakeKey("partner", b"key"),
        application_id=uuid4(),
        reference="123456789B",
        body_hash=b"",
        body_key_id="",
        postcode_hash=b"",
        postcode_key_id="",
        gss_code="W06000015",
        previous_gss_code=None,
        address_basis="postcode",
        source="web",
        type="ordinary",
        language="cy",
        age_years=24,
        arrived_at=NOON,
        sealed_person="",
        sealed_nino=None,
        nino_absence=None,
        traceparent=new_traceparent(),
    )
    return acceptance._replace(**changes)


def counted(deltas: PerformanceDeltas) -> Counter[Count]:
    """Return what is counted in all bins together."""
    return sum((counts for _, counts in deltas), Counter[Count]())


def test_an_application_counts_once_in_each_measure() -> None:
    deltas = PerformanceDeltas()
    deltas.accept(an_acceptance(time_taken_seconds=331), NOON)
    assert counted(deltas) == {
        ("source", "web"): 1,
        ("type", "ordinary"): 1,
        ("nation", "wales"): 1,
        ("authority", "W06000015"): 1,
        ("age-group", "under-25"): 1,
        ("seconds", "330"): 1,
    }


@pytest.mark.parametrize(("client", "sent"), [("form", 1), ("form-assisted", 1), ("partner", 0)])
def test_only_what_the_form_sends_is_part_of_its_completion(client: str, sent: int) -> None:
    deltas = PerformanceDeltas()
    deltas.accept(an_acceptance(key=IntakeKey(client, b"key")), NOON)
    assert counted(deltas)["journey", "sent"] == sent


def test_what_cannot_be_placed_and_what_was_not_said_are_counted_as_not_known() -> None:
    deltas = PerformanceDeltas()
    deltas.accept(an_acceptance(gss_code="X99999999", age_years=None), NOON)
    assert counted(deltas)["nation", "not-known"] == 1
    assert counted(deltas)["age-group", "not-known"] == 1
    assert not [key for measure, key in counted(deltas) if measure == "seconds"]


def test_a_paper_application_tells_no_age() -> None:
    deltas = PerformanceDeltas()
    deltas.take_paper(PaperApplication(uuid4(), NOON, "E08000025", "forces"))
    assert counted(deltas) == {
        ("source", "paper"): 1,
        ("type", "forces"): 1,
        ("nation", "england"): 1,
        ("authority", "E08000025"): 1,
    }


def test_applications_of_one_batch_share_rows_and_those_of_another_bin_do_not() -> None:
    deltas = PerformanceDeltas()
    for minutes in (0, 1, 2, 3):  # 12:02 to 12:05
        deltas.accept(an_acceptance(), NOON + timedelta(minutes=minutes))
    bins = dict(deltas)
    assert bins.keys() == {
        bin_start(NOON).timestamp(),
        (bin_start(NOON) + timedelta(minutes=5)).timestamp(),
    }
    assert sorted(counts["source", "web"] for counts in bins.values()) == [1, 3]


def test_what_has_no_time_of_its_own_gets_the_transactions() -> None:
    deltas = PerformanceDeltas()
    deltas.add_times(STARTED, 3)
    assert dict(deltas) == {None: {STARTED: 3}}


@pytest.mark.parametrize(
    ("age", "group"),
    [
        (14, "under-25"),
        (24, "under-25"),
        (25, "25-34"),
        (34, "25-34"),
        (35, "35-44"),
        (64, "55-64"),
        (65, "65-74"),
        (74, "65-74"),
        (75, "over-75"),
        (114, "over-75"),
        (None, "not-known"),
    ],
)
def test_an_age_is_in_the_group_that_its_years_say(age: int | None, group: str) -> None:
    assert age_group(age) == group


@pytest.mark.parametrize("score", ["0", "6", "", "five"])
def test_no_score_but_one_to_five_is_counted(score: str) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        satisfaction(score)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0, 0), (4, 0), (59, 55), (60, 60), (599, 585), (600, 600), (659, 600), (3_599, 3_540)],
)
def test_a_bucket_is_named_after_the_least_of_its_seconds(seconds: int, bucket: int) -> None:
    assert bucket_of(seconds) == str(bucket)


def test_whatever_took_longer_than_a_day_is_in_one_bucket() -> None:
    assert bucket_of(86_400) == bucket_of(10_000_000) == "86400"


@pytest.mark.parametrize("taken", [[300], [60, 300, 400], [90, 100, 3_000, 3_100], [7] * 9])
def test_the_median_told_is_half_a_bucket_from_the_true_one_at_most(taken: list[int]) -> None:
    buckets = Counter(bucket_of(seconds) for seconds in taken)
    told = median_seconds(buckets)
    true = sorted(taken)[(len(taken) - 1) // 2]
    width = 5 if true < 60 else 15
    assert told is not None
    assert abs(told - true) <= width / 2


def test_there_is_no_median_of_nothing() -> None:
    assert median_seconds({}) is None
