"""What the processes of one locust run have between them."""

from pathlib import Path

from locust_users.run import Run, RunOptions
from simulated.load.shared_counts import SharedCounts

TOTAL = 2_000


def options(book: Path) -> RunOptions:
    return RunOptions(
        shape="one-council",
        total=TOTAL,
        compress=1.0,
        seed=7,
        form_share=0.0,
        batch_share=0.0,
        duplicates=0.0,
        mistakes=0.0,
        think=0.0,
        partner_token="",
        gateway="",
        tokens="",
        poll_interval=1.0,
        book=str(book),
        processes=2,
    )


def test_two_processes_take_different_arrivals_and_favour_different_people(tmp_path: Path) -> None:
    counts = SharedCounts()
    runs = [Run(options(tmp_path), {"api": 1.0}, counts, process) for process in (1, 2)]
    people = [
        arrival.person.number
        for _ in range(TOTAL // 100)
        for run in runs
        for arrival in run.take("api", 50)
    ]
    assert len(people) == len(set(people)) == TOTAL
    assert any(number > TOTAL for number in people)  # favoured ones are counted from elsewhere
