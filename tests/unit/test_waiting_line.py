"""The line before the form: who came first goes in first, as fast as there is room."""

import random

import pytest
from registration.form.waiting_line import GONE_SECONDS, Line

PAUSE = (20, 40)  # seconds from one look of a browser to the next


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(clock)


def let_in(
    line: Line, clock: Clock, room: int, people: int, note: dict[int, float | None] | None = None
) -> dict[int, float]:
    """Let people look again and again, in any order; says who went in when. There is room while
    fewer than so many a second went in lately. Notes what one is told who looks for the third time.
    """
    chance = random.Random(7)
    looks = {came: chance.uniform(0, PAUSE[1]) for came in range(1, people + 1)}
    went_in: dict[int, float] = {}
    while looks and (came := min(looks, key=looks.__getitem__)):
        clock.now = looks[came]
        lately = sum(at > clock.now - 10 for at in list(went_in.values())[-20 * room :])
        # At first all come, and there is room for nobody.
        if line.asks(came, has_room=clock.now > PAUSE[1] and lately < 10 * room):
            went_in[came] = looks.pop(came)
        else:
            looks[came] = clock.now + chance.uniform(*PAUSE)
            if note is not None and clock.now > 3 * PAUSE[1] and came not in note:
                note[came] = line.seconds_to_wait(came)
                note[-came] = clock.now
    return went_in


def test_while_nobody_else_waits_who_asks_goes_in(line: Line) -> None:
    assert line.asks(1_000, has_room=True)
    assert not line


def test_while_there_is_no_room_nobody_goes_in(line: Line, clock: Clock) -> None:
    for second in range(60):
        clock.now = float(second)
        assert not line.asks(1_000 + second % 3, has_room=False)
    assert len(line) == 3


def test_who_came_first_goes_in_first_whoever_asks_first(line: Line, clock: Clock) -> None:
    for came in (3_000, 1_000, 2_000):
        assert not line.asks(came, has_room=False)
    assert not line.asks(3_000, has_room=True)  # calls the first, who is not there at this moment
    assert line.asks(1_000, has_room=False)
    clock.now += 0.5
    assert line.asks(2_000, has_room=True)
    clock.now += 0.5
    assert line.asks(3_000, has_room=True)


def test_everybody_goes_in_by_order_and_nobody_is_forgotten(line: Line, clock: Clock) -> None:
    went_in = let_in(line, clock, room=5, people=400)
    assert len(went_in) == 400
    latest = 0.0
    for came in sorted(went_in):  # who is called goes in at the next look: that much may differ
        assert went_in[came] >= latest - PAUSE[1]
        latest = max(latest, went_in[came])


def test_people_go_in_about_as_fast_as_there_is_room_and_no_faster(
    line: Line, clock: Clock
) -> None:
    went_in = sorted(let_in(line, clock, room=20, people=3_000).values())
    assert went_in[-1] < 3_000 / 20 * 3
    most = max(sum(at <= other < at + 30 for other in went_in) for at in went_in[::50])
    assert most < 30 * 20 * 1.5


def test_the_time_told_is_about_what_it_takes(line: Line, clock: Clock) -> None:
    told: dict[int, float | None] = {}
    went_in = let_in(line, clock, room=10, people=2_000, note=told)
    ratios = sorted(
        estimate / (went_in[came] - (told[-came] or 0.0))
        for came, estimate in told.items()
        if came > 0 and estimate is not None
    )
    assert len(ratios) > 500
    assert 0.5 < ratios[len(ratios) // 2] < 2.0
    assert ratios[len(ratios) // 20] > 0.2


def test_nobody_can_say_how_long_it_takes_while_nobody_goes_in(line: Line) -> None:
    line.asks(1_000, has_room=False)
    assert line.seconds_to_wait(1_000) is None


def test_who_is_gone_keeps_nobody_waiting_and_has_their_place_when_they_come_back(
    line: Line, clock: Clock
) -> None:
    for came in range(1_000, 1_500):
        line.asks(came, has_room=False)
    line.asks(9_000, has_room=False)
    clock.now += GONE_SECONDS + 1
    line.asks(9_000, has_room=False)
    assert len(line) == 1
    line.asks(1_400, has_room=False)
    clock.now += 1
    assert line.asks(1_400, has_room=True)


def test_the_pace_begins_at_half_of_that_before_anybody_waited(clock: Clock) -> None:
    calm, busy = Line(clock), Line(clock)
    for second in range(500):
        for _ in range(40):
            busy.passed_by()
        clock.now = float(second)
    called = []
    for line in (calm, busy):
        for came in range(1_000, 2_000):
            line.asks(came, has_room=False)
    clock.now += 1
    for line in (calm, busy):
        line.asks(2_000, has_room=True)
        called.append(1_001 - len(line))
    assert called[0] < 5
    assert 10 < called[1] < 30
