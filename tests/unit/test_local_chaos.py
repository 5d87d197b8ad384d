"""When each part is killed, and what it has to do at that moment."""

from collections import Counter

import pytest
from electoral_local.chaos import (
    EARLIEST_SHARE,
    LATEST_SHARE,
    LEDGERS,
    VICTIMS,
    plan,
    read_seeds,
    work_at,
)

APPLICATIONS = 20_000
COUNTS = Counter(
    {
        ("registration", "accepted"): 1_000,
        ("verification", "waiting"): 40,
        ("verification", "decided"): 900,
        ("verification", "held"): 10,
        ("ems-gateway", "queued"): 300,
        ("ems-gateway", "acknowledged"): 500,
        ("ems-gateway", "held"): 25,
    }
)


@pytest.mark.parametrize("seed", range(1, 50))
def test_every_part_dies_once_with_room_before_the_end_of_the_middle(seed: int) -> None:
    deaths = plan(seed, APPLICATIONS)
    assert sorted(death.victim for death in deaths) == sorted(VICTIMS)
    shares = [death.accepted / APPLICATIONS for death in deaths]
    assert shares == sorted(shares)
    assert shares[0] > EARLIEST_SHARE
    assert shares[-1] < LATEST_SHARE - 0.04


def test_a_seed_always_draws_the_same_deaths_and_another_seed_others() -> None:
    assert plan(1, APPLICATIONS) == plan(1, APPLICATIONS)
    assert plan(1, APPLICATIONS) != plan(2, APPLICATIONS)


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", [7]), ("1,3, 2", [1, 3, 2]), ("4-6", [4, 5, 6]), ("5-5", [5])]
)
def test_seeds_are_read_one_by_one_or_as_a_range(text: str, seeds: list[int]) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize(
    ("victim", "work"),
    [
        ("verification", 1_000 - 900 - 10),
        ("kafka", 1_000 - 825),  # not at the gateway yet
        ("ems-gateway", 900 - 825 + 300),  # decided and not there yet, or there and not fetched
        ("postgres", 1_000 - 500 - 25),
    ],
)
def test_the_work_counted_is_that_of_the_victims_own_stage(victim: str, work: int) -> None:
    assert work_at(victim, COUNTS) == work
    asked = {part: count for part, count in COUNTS.items() if part[0] in LEDGERS[victim]}
    assert work_at(victim, Counter(asked)) == work


@pytest.mark.parametrize("victim", ["verification", "kafka", "ems-gateway", "postgres"])
def test_a_part_through_which_all_has_gone_has_nothing_to_do(victim: str) -> None:
    done = Counter(
        {
            ("registration", "accepted"): 100,
            ("verification", "decided"): 100,
            ("ems-gateway", "acknowledged"): 99,
            ("ems-gateway", "held"): 1,
        }
    )
    assert work_at(victim, done) == 0
