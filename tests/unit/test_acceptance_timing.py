"""The acceptance tests' own arithmetic: percentiles, and since when a message was being handled."""

from uuid import UUID

import pytest
from acceptance.timing import Journey, percentile, since_consumption


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_the_smallest_value_that_so_many_are_not_above(
    percent: float, value: float
) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == value


def test_of_one_value_each_percentile_is_that_value() -> None:
    assert [percentile([7.0], percent) for percent in (0, 1, 99)] == [7.0, 7.0, 7.0]


def test_a_batch_is_taken_once_the_one_before_it_is_recorded_and_not_before_a_message_comes() -> (
    None
):
    """Batches recorded at 10 and 12: the second one was taken after 10."""
    waited, fresh, first = (UUID(int=n) for n in range(3))
    made = [
        Journey(first, received_at=9.0, verified_at=10.5),
        Journey(waited, received_at=9.5, verified_at=12.5),  # in Kafka while the first was handled
        Journey(fresh, received_at=11.0, verified_at=12.5),
    ]
    batches = {first: 10.0, waited: 12.0, fresh: 12.0}
    assert since_consumption(made, batches) == [1.5, 2.5, 1.5]
