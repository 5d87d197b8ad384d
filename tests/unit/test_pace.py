"""What an ERO may ask of one process, at what the settings say when nobody changes them."""

import pytest
from electoral.metrics import Metrics
from electoral.problems import Problem
from ems_gateway.calling.pace import Pace, pace_of
from ems_gateway.routes.paper import PAPER_ITEMS_MAX
from ems_gateway.settings import Settings

DEFAULTS = {name: Settings.model_fields[name].default for name in Settings.model_fields}
LEAST_SENT_UP = 2.0  # a second; a smaller setting is refused


def a_pace(sent_up_per_second: float = DEFAULTS["sent_up_per_second_max"]) -> Pace:
    return pace_of(DEFAULTS["requests_per_second_max"], sent_up_per_second, Metrics())


def test_ten_full_calls_of_papers_are_taken_at_once_and_one_each_25_s() -> None:
    pace = a_pace()
    for _ in range(10):
        pace.check_sent_up("hartlepool", PAPER_ITEMS_MAX)
    with pytest.raises(Problem) as refused:
        pace.check_sent_up("hartlepool", PAPER_ITEMS_MAX)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "25"})
    pace.check_sent_up("lothian", PAPER_ITEMS_MAX)
    pace.check_request("hartlepool")


def test_a_full_call_fits_into_the_smallest_pace() -> None:
    a_pace(LEAST_SENT_UP).check_sent_up("hartlepool", PAPER_ITEMS_MAX)
    with pytest.raises(ValueError, match="sent_up_per_second_max"):
        Settings(sent_up_per_second_max=LEAST_SENT_UP - 0.1)


def pages_leased_at_once(pace: Pace) -> int:
    """Count the full pages that a worker leases and answers before it is refused."""
    for number in range(1_000):
        try:
            for _ in ("lease", "answers"):
                pace.check_request("hartlepool")
        except Problem:
            return number
        pace.count_leased("hartlepool", 200)
    return 1_000


def test_a_worker_may_lease_3_000_records_at_once_and_not_without_end() -> None:
    assert 15 <= pages_leased_at_once(a_pace()) <= 20
