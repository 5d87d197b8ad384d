"""What a run with a bound at one is measured by, and how it is compared."""

import pytest
from benchmarks.bounds import IDEAS, NO_REFUSALS
from benchmarks.bounds_figures import (
    SECONDS_MAX,
    Compared,
    Idea,
    Measured,
    Watch,
    steady_rate,
    table,
)
from electoral.settings import ServiceSettings
from electoral_local.load_settings import environment_of
from electoral_local.rehearsal import Progress
from ems_gateway.settings import Settings as GatewaySettings
from registration.settings import Settings as RegistrationSettings
from verification.settings import Settings as VerificationSettings

SETTINGS: tuple[type[ServiceSettings], ...] = (
    RegistrationSettings,
    VerificationSettings,
    GatewaySettings,
)
IDEA = Idea("relays", "events of one", ())


def progress(acknowledged: int, seconds: float, total: int = 100) -> Progress:
    return Progress(
        total, acknowledged=acknowledged, began=1_000.0, last_acknowledged=1_000.0 + seconds
    )


def watched(*looks: tuple[int, float], cpu_ms: int = 3) -> Measured:
    """A run that has used so much CPU for each application, and 5 s before it."""
    used = 5.0
    watch = Watch(lambda: used)
    for acknowledged, seconds in looks:
        used = 5.0 + acknowledged * cpu_ms / 1000
        watch.look(progress(acknowledged, seconds))
    return watch.measured(balances=True)


def test_the_rate_is_of_the_middle_and_cpu_of_the_whole_run_alone() -> None:
    seen = watched((0, 0.0), (5, 2.0), (10, 3.0), (50, 5.0), (90, 7.0), (100, 30.0))
    assert seen.rate == pytest.approx(20.0)
    assert seen.cpu_ms == pytest.approx(3.0)
    assert (seen.acknowledged, seen.is_cut) == (100, False)


def test_a_run_that_takes_too_long_is_measured_up_to_then() -> None:
    seen = watched((10, 20.0), (60, SECONDS_MAX), (100, SECONDS_MAX + 1))
    assert seen.rate == pytest.approx(50 / (SECONDS_MAX - 20))
    assert (seen.acknowledged, seen.is_cut) == (60, True)


def test_what_no_council_can_acknowledge_does_not_cut_a_run() -> None:
    assert not watched((10, 1.0), (97, 5.0), (97, 5.0)).is_cut


def test_of_too_little_there_is_no_rate() -> None:
    assert steady_rate([(3.0, 9)], 100) == 0
    assert steady_rate([(3.0, 95)], 100) == 0
    assert steady_rate([], 100) == 0


def test_an_idea_is_compared_with_the_mean_of_the_runs_around_it() -> None:
    one = Compared(
        IDEA, Measured(90.0, 6.0, 100), Measured(200.0, 2.0, 100), Measured(400.0, 4.0, 100)
    )
    assert one.rate_ratio == pytest.approx(0.3)
    assert one.cpu_ratio == pytest.approx(2.0)
    _, line, base = table([one])
    assert line.split() == ["events", "of", "one", "90", "0.30", "6.00", "2.00"]
    assert base.endswith("200 to 400/s, 2.00 to 4.00 ms")


def test_a_run_that_is_cut_or_does_not_balance_is_named_so() -> None:
    base = Measured(1.0, 1.0, 1)
    broken = Compared(IDEA, Measured(1.0, 1.0, 1, is_cut=True, balances=False), base, base)
    assert list(table([broken]))[1].endswith("1.00 cut DOES NOT BALANCE")


@pytest.mark.parametrize("idea", IDEAS, ids=lambda idea: idea.name)
def test_each_idea_sets_bounds_that_there_are_to_one(idea: Idea) -> None:
    known = {
        f"{settings.model_config['env_prefix']}{name}".upper(): settings.model_fields[name]
        for settings in SETTINGS
        for name in settings.model_fields
    }
    told = [name for one in environment_of(idea.settings, {}).values() for name in one.items()]
    assert {value for _, value in told} <= {"1"}
    assert all(known[name].default > 1 for name, _ in told)
    assert {name.partition("=")[0] for name in NO_REFUSALS} <= set(known)
    assert idea.settings or idea.councils
