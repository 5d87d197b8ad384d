"""What a run of arrivals is watched by, and what is shown of it."""

import re
from pathlib import Path

import pytest
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.load_board import Board, board
from electoral_local.load_generators import Generators, Load
from electoral_local.load_looks import Look
from electoral_local.load_metrics import read_metrics, together
from electoral_local.load_settings import environment_of
from rich.console import Console

METRICS = """
# HELP verification_decided_total Outcomes decided.
verification_decided_total{result="green"} 41.0
verification_decided_total{result="red"} 2.0
verification_decided_created{result="red"} 1.79e+09
outbox_oldest_seconds 0.5
verification_parked_oldest_seconds{reason="dwp-away"} 3.0
verification_parked_oldest_seconds{reason="dwp-error"} 7.0
gateway_held{reason="failure"} 2.0
gateway_held{reason="authority-unknown"} 3.0
gateway_held_created 5.0
process_cpu_seconds_total 12.0
"""
COUNTS = {
    "offered": 1_200,
    "accepted": 1_150,
    "refused": 20,
    "turned_away": 7,
    "failed": 0,
    "in_flight": 30,
}


def test_figures_of_a_process_are_added_over_labels_and_of_ages_the_highest_counts() -> None:
    assert read_metrics(METRICS) == {
        "verification_decided_total": 43.0,
        "outbox_oldest_seconds": 0.5,
        "verification_parked_oldest_seconds": 7.0,
        "gateway_held": 5.0,
    }


def test_counters_of_instances_are_added_and_gauges_of_one_database_are_not() -> None:
    one = {"gateway_acknowledged_total": 10.0, "gateway_held": 3.0}
    two = {"gateway_acknowledged_total": 5.0, "gateway_held": 4.0}
    assert together([one, two]) == {"gateway_acknowledged_total": 15.0, "gateway_held": 4.0}


@pytest.mark.parametrize(
    ("look", "lag", "queued", "done"),
    [
        (Look(1.0, accepted=10, verified=7, delivered=4, held=1), 3, 2, 5),
        (Look(1.0, accepted=7, verified=9, delivered=9, held=1), 0, 0, 10),
    ],
)
def test_lag_is_what_has_no_outcome_and_queued_what_no_council_has_answered(
    look: Look, lag: int, queued: int, done: int
) -> None:
    """Services are asked one after the other: a later one may be further than an earlier one."""
    assert (look.lag, look.queued, look.done) == (lag, queued, done)


def a_look(second: float, **cpu: float) -> Look:
    return Look(
        second,
        accepted=1_150,
        verified=1_100,
        delivered=900,
        held=3,
        oldest_seconds=2.5,
        cpu_seconds={"registration": 1.5 * second, "postgres": 0.5 * second, **cpu},
    )


def test_without_a_terminal_a_run_is_some_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with board(Console(width=200), seconds=600.0) as shown:
        for second in range(1, 31):
            shown.show(COUNTS, 41.2, a_look(float(second)))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3
    assert said[0].startswith(
        "   10 s: offered 1,200, accepted 1,150, refused 20, told to come back 7"
    )
    assert "verified 1,100, delivered 900, lag 247, oldest waiting 2.5 s, unexplained -" in said[0]
    assert said[0].endswith("CPU 2.00")


def test_in_a_terminal_a_run_is_a_table_with_everything_in_it() -> None:
    console = Console(width=100, force_terminal=True, record=True)
    with board(console, seconds=600.0) as shown:
        assert isinstance(shown, Board)
        shown.show(COUNTS, 41.2, a_look(4.0, dwp=0.4))
    text = console.export_text()
    for words in ("offered", "refused", "verified", "delivered", "lag", "oldest waiting"):
        assert words in text
    assert "4 s of 600 s" in text
    assert re.search(r"registration +│ +1\.50", text)
    assert re.search(r"together +│ +2\.10", text)


def test_a_setting_is_for_every_instance_of_its_service() -> None:
    settings = ["EMS_GATEWAY_X=1", "REGISTRATION_ADMISSION=false", "EMS_GATEWAY_Y=a=b"]
    assert environment_of(settings, {"registration": 2}) == {
        "ems-gateway": {"EMS_GATEWAY_X": "1", "EMS_GATEWAY_Y": "a=b"},
        "registration": {"REGISTRATION_ADMISSION": "false"},
        "registration-2": {"REGISTRATION_ADMISSION": "false"},
    }


@pytest.mark.parametrize("setting", ["ADMISSION=off", "REGISTRATION_ADMISSION", ""])
def test_what_is_no_services_setting_is_refused(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="is no setting"):
        environment_of([setting], {})


async def test_a_generator_that_dies_is_told(tmp_path: Path) -> None:
    load = Load("nobody-knows", 10)
    generators = Generators(load, ["http://127.0.0.1:9"], "token", tmp_path)
    with pytest.raises(LocalError, match="Generator 1 ended without a summary"):
        await generators.run(0.0)
