"""What a run says of itself, and what is shown of it."""

import pytest
from electoral_local.rehearsal import Progress, Refusal
from electoral_local.showing import show_refusals

LONG = ("/address/street: " + "Shorten it. " * 30).strip()


def refused(*numbers: int) -> Progress:
    progress = Progress(total=100)
    for number in numbers:
        said = {"number": number, "status": 422, "reason": LONG if number == 7 else "[red]/x: no"}
        progress.note({"refused_one": said}, at=1.0)
    return progress


def test_every_refused_line_is_named_by_number_and_reason_however_many_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_refusals(refused(*range(60, 0, -1)))
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 60
    assert shown[0] == "Refused: number 1: [red]/x: no"
    assert shown[6] == f"Refused: number 7: {LONG}"
    assert shown[59] == "Refused: number 60: [red]/x: no"


def test_progress_takes_the_newest_figures_and_begins_with_the_first_line() -> None:
    progress = Progress(total=10)
    progress.note({"sent": 4, "accepted": 0}, at=100.0)
    progress.note({"sent": 9, "accepted": 5, "refused": 1, "retries": 2}, at=101.0)
    assert progress.began == 100.0
    assert (progress.under_way, progress.share, progress.retries) == (3, 0.5, 2)
    assert progress.refusals == []
    progress.note({"refused_one": {"number": 3, "status": 400, "reason": "Not JSON"}}, at=102.0)
    assert progress.refusals == [Refusal(3, "Not JSON")]


def test_citizens_bill_is_what_they_say_themselves() -> None:
    progress = Progress(total=10)
    progress.note({"sent": 10, "accepted": 10, "cpu_seconds": 3.25, "done": True}, at=5.0)
    assert progress.cpu_seconds == {"citizens": 3.25}
