"""What a run tells the simulated councils."""

import pytest
from electoral_local.rehearsal import Script


def test_well_behaved_councils_are_told_how_often_to_ask_and_nothing_else() -> None:
    assert Script().councils_arguments == ("--interval=1.0",)
    assert Script(applications=20_000).councils_arguments == ("--interval=4.0",)


def test_councils_of_every_manner_come_back_within_a_few_polls() -> None:
    script = Script(behaviours="mixed", seed=7)
    told = dict(argument.split("=", 1) for argument in script.councils_arguments)
    assert (told["--behaviours"], told["--seed"]) == ("mixed", "7")
    assert float(told["--away"]) < script.council_pause_seconds
    assert script.council_pause_seconds > Script().council_pause_seconds


@pytest.mark.parametrize(("share", "told"), [(0.0, False), (0.3, True)])
def test_eros_decide_only_if_they_are_told_to(share: float, told: bool) -> None:
    assert ("--determining=0.3" in Script(determining=share).councils_arguments) is told
