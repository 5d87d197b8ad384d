"""Admission, before a process that is played: an event loop that handles all that is ready in turn.

Each turn first reads all that has come, and judges it; then it handles what was let in; what is
handled waits for a commit, of up to 200 together. The clock is played too, so nothing depends on
the machine.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count

import pytest
from registration.admission import (
    IN_HAND_BURST,
    IN_HAND_MIN,
    LOOK_INTERVAL,
    STARTED_FACTOR,
    TARGET,
    WAIT_MAX,
    Admission,
)
from registration.admission_gate import AdmissionGate

HANDLING = 0.0015  # seconds for an application, until it waits for the commit
REFUSING = 0.00003  # seconds
TURN = 0.0003  # seconds of a turn of the loop in which nothing is to be done
COMMIT, COMMIT_EACH, COMMIT_MAX = 0.008, 0.0005, 200  # seconds, seconds, applications


@dataclass
class Outcome:
    """What became of who came within a time."""

    waited: list[float] = field(default_factory=list)  # seconds, of the accepted
    refused: int = 0

    @property
    def accepted(self) -> int:
        return len(self.waited)

    @property
    def p99(self) -> float:
        return sorted(self.waited)[int(len(self.waited) * 0.99)]


class Played:
    """A process in front of which `admission` stands; `elsewhere` is time each waits for others."""

    def __init__(self, elsewhere: float = 0.0, slower: float = 1.0, commit: float = COMMIT) -> None:
        self.now = 0.0
        self.admission = Admission(clock=lambda: self.now)
        self._elsewhere, self._slower, self._commit_takes = elsewhere, slower, commit
        self._away: deque[tuple[float, float]] = deque()  # back at, came at
        self._to_commit: deque[float] = deque()
        self._commit: list[float] = []
        self._commit_ends = float("inf")
        self.stuck_until = 0.0  # no commit ends before
        self._look_due = LOOK_INTERVAL
        self._asking: deque[AbstractContextManager[None]] = deque()

    def run(self, seconds: float, arrivals: Iterator[float]) -> Outcome:
        """Let time pass with arrivals at these times from now."""
        outcome, begin = Outcome(), self.now
        coming = (begin + at for at in arrivals)
        following = next(coming, float("inf"))
        while self.now < begin + seconds:
            let_in: list[float] = []
            read_at = self.now
            while following <= read_at:
                if self.admission.admits("new"):
                    self.admission.began()
                    let_in.append(following)
                else:
                    outcome.refused += 1
                    self.now += REFUSING
                following = next(coming, float("inf"))
            self._turn(let_in, read_at, outcome)
        return outcome

    def _asks_elsewhere(self) -> None:
        waiting = self.admission.elsewhere()
        waiting.__enter__()
        self._asking.append(waiting)

    def _is_back(self) -> None:
        self._asking.popleft().__exit__(None, None, None)

    def _turn(self, let_in: list[float], read_at: float, outcome: Outcome) -> None:
        for came in let_in:
            self.now += HANDLING * self._slower
            self._away.append((self.now + self._elsewhere, came))
            self._asks_elsewhere()
        while self._away and self._away[0][0] <= self.now:
            self._to_commit.append(self._away.popleft()[1])
            self._is_back()
        if max(self._commit_ends, self.stuck_until) <= self.now:
            for came in self._commit:
                outcome.waited.append(self.now - came)
                self.admission.ended(self.now - max(came, read_at - 1.0))
            self._commit, self._commit_ends = [], float("inf")
        if not self._commit and self._to_commit:
            many = min(COMMIT_MAX, len(self._to_commit))
            self._commit = [self._to_commit.popleft() for _ in range(many)]
            self._commit_ends = self.now + self._commit_takes + COMMIT_EACH * many
        if self.now >= self._look_due:
            self.admission.look(self.now - self._look_due)
            self._look_due = self.now + LOOK_INTERVAL
        self.now += TURN


def steady(rate: float, after: float = 0.0) -> Iterator[float]:
    return (after + n / rate for n in count())


def bursts(size: int, every: float) -> Iterator[float]:
    return (every * (n // size) for n in count())


CAPACITY = 1 / HANDLING * 0.9  # applications a second, about; a turn has its own cost


def test_three_times_what_can_be_done_leaves_nearly_all_of_it_done_and_quickly() -> None:
    played = Played()
    can = played.run(5.0, steady(0.85 * CAPACITY))
    assert can.refused == 0
    surge = played.run(20.0, steady(3 * CAPACITY))
    assert surge.accepted >= 0.85 * 20.0 * CAPACITY
    assert surge.p99 <= 0.5


def test_the_first_of_a_surge_wait_a_little_longer_and_nobody_after_them() -> None:
    played = Played()
    played.run(30.0, steady(0.85 * CAPACITY))
    first = played.run(3.0, steady(3 * CAPACITY))
    assert max(first.waited) < 1.5
    assert played.run(20.0, steady(3 * CAPACITY)).p99 <= 0.5


@pytest.mark.parametrize("commit", [0.2, 0.4, 0.8])
def test_commits_that_take_long_are_no_stalls_however_far_apart_answers_come(commit: float) -> None:
    played = Played(commit=commit)
    played.run(10.0, steady(100))
    played.run(5.0, steady(2 * CAPACITY))
    surge = played.run(60.0, steady(2 * CAPACITY))
    assert played.admission.limit == IN_HAND_MIN
    assert max(surge.waited) < 2.5 * commit
    assert surge.accepted >= 0.9 * 60.0 * IN_HAND_MIN / max(surge.waited)


def test_without_it_nobody_is_in_time() -> None:
    played = Played()
    played.admission = Admission(enabled=False, clock=lambda: played.now)
    surge = played.run(20.0, steady(3 * CAPACITY))
    assert surge.refused == 0
    assert surge.p99 > 5.0


@pytest.mark.parametrize("slower", [0.3, 1.0, 3.0])
def test_the_limit_follows_from_what_the_process_can_do(slower: float) -> None:
    played = Played(slower=slower)
    played.run(10.0, steady(3 * CAPACITY / slower))
    seen = played.run(10.0, steady(3 * CAPACITY / slower))
    assert seen.accepted >= 0.85 * 10.0 * CAPACITY / slower
    assert seen.p99 <= 0.5
    assert played.admission.refusing


def test_after_the_surge_all_is_as_before_within_two_seconds() -> None:
    played = Played()
    played.run(10.0, steady(3 * CAPACITY))
    played.run(2.0, steady(0.5 * CAPACITY))
    after = played.run(10.0, steady(0.5 * CAPACITY))
    assert after.refused == 0
    assert after.p99 < 0.1
    assert played.admission.limit >= IN_HAND_BURST
    assert not played.admission.refusing
    assert played.admission.estimate_wait_seconds() == 0


def test_two_hundred_at_one_moment_are_let_in_again_and_again() -> None:
    assert Played().run(30.0, bursts(200, every=1.0)).refused == 0


def test_an_ordinary_hour_is_not_refused_whatever_comes_at_once() -> None:
    played = Played()
    mixed = sorted([*_until(20.0, steady(230)), *_until(20.0, bursts(100, every=2.0))])
    assert played.run(20.0, iter(mixed)).refused == 0


def test_a_little_too_much_refuses_a_little_in_every_second() -> None:
    played = Played()
    played.run(10.0, steady(1.2 * CAPACITY))
    seconds = [played.run(1.0, steady(1.2 * CAPACITY)) for _ in range(15)]
    shares = [one.refused / (1.2 * CAPACITY) for one in seconds]
    assert max(shares) < 0.5
    assert sum(shares) / len(shares) < 0.35
    assert all(one.accepted > 0.6 * CAPACITY for one in seconds)


def test_who_has_begun_goes_on_while_new_ones_are_refused() -> None:
    played = Played()
    played.run(5.0, steady(3 * CAPACITY))
    admission = played.admission
    while admission.admits("new"):
        admission.began()
    assert admission.admits("started")
    for _ in range(4 * int(admission.limit)):
        admission.began()
    assert not admission.admits("started")


def test_a_stall_of_the_loop_refuses_nobody_who_came_in_an_ordinary_number() -> None:
    played = Played()
    played.run(3.0, steady(200))
    played.now += 0.5  # a disk, a neighbour on the same machine
    after = played.run(5.0, (max(0.0, at) for at in steady(200, after=-0.5)))
    assert after.refused == 0


@pytest.mark.parametrize("rate", [230, 450, 700])
def test_a_stall_of_the_commit_refuses_nobody_of_those_who_come_as_before(rate: int) -> None:
    played = Played(slower=0.4)
    played.run(30.0, steady(rate))
    played.stuck_until = played.now + 0.5
    after = played.run(10.0, steady(rate))
    assert after.refused == 0
    assert max(after.waited) < 0.9


def test_a_commit_that_stands_still_for_long_is_no_stall() -> None:
    played = Played(slower=0.4)
    played.run(30.0, steady(450))
    played.stuck_until = played.now + 10.0
    after = played.run(10.0, steady(450))
    assert after.refused > 0.8 * 10.0 * 450
    assert played.admission.limit == IN_HAND_MIN


def test_who_is_refused_when_it_has_just_begun_may_come_again_soon() -> None:
    played = Played()
    played.run(5.0, steady(0.5 * CAPACITY))
    played.run(1.0, steady(6 * CAPACITY))
    assert played.admission.refusing
    first = {played.admission.retry_after() for _ in range(200)}
    played.run(20.0, steady(6 * CAPACITY))
    later = {played.admission.retry_after() for _ in range(200)}
    assert 1 <= min(first) <= max(first) <= 4
    assert min(later) >= 4


def test_batches_are_in_hand_for_several_and_their_time_makes_nothing_slow() -> None:
    played = Played()
    admission = played.admission
    for _ in range(4):
        assert admission.admits("new")
        admission.began(IN_HAND_MIN)
    assert not admission.admits("new")
    for _ in range(4):
        admission.ended(5.0, IN_HAND_MIN)
    assert admission.in_hand == 0
    assert played.run(5.0, steady(0.5 * CAPACITY)).refused == 0
    assert admission.limit >= IN_HAND_BURST


@pytest.mark.parametrize(
    ("head", "size", "weight"),
    [
        (b"POST /v1/applications HTTP/1.1", 900, 1),
        (b"POST /v1/applications:batch HTTP/1.1", 900, 2),
        (b"POST /v1/applications:batch HTTP/1.1", 20_480, 20),
        (b"POST /v1/applications:batch HTTP/1.1", 4_000_000, IN_HAND_MIN),
        (b"GET /register-to-vote/name HTTP/1.1", 0, 1),
        (b"POST /register-to-vote/helper/sign-in HTTP/1.1", 90, 0),
        (b"POST /v1/status HTTP/1.1", 90, 0),
    ],
)
def test_what_counts_as_in_hand(head: bytes, size: int, weight: int) -> None:
    assert AdmissionGate(Admission()).judge(head, size) == weight


@pytest.mark.parametrize("path", [b"/v1/applications", b"/v1/applications:batch", b"/v1/status"])
def test_a_refusal_is_a_whole_answer_that_says_when_to_come_again(path: bytes) -> None:
    admission = Admission()
    admission.began(STARTED_FACTOR * IN_HAND_BURST)
    answer = AdmissionGate(admission).judge(b"POST %b HTTP/1.1" % path, 900)
    assert isinstance(answer, bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Content-Length: %d" % len(body) in head
    assert b"Content-Type: application/problem+json" in head
    assert re.search(rb"Retry-After: [1-9]\d*(\r|$)", head)
    assert json.loads(body)["code"] == "unavailable"


def test_whoever_else_is_slow_does_not_hold_intake_down() -> None:
    seen = Played(elsewhere=1.0).run(20.0, steady(0.8 * CAPACITY))
    assert seen.refused == 0
    assert seen.accepted >= 18.5 * 0.8 * CAPACITY


def test_the_wait_that_is_told_grows_with_the_surge_and_is_never_the_same_for_all() -> None:
    little, much = Played(), Played()
    little.run(20.0, steady(1.3 * CAPACITY))
    much.run(20.0, steady(6 * CAPACITY))
    shorter, longer = (one.admission.estimate_wait_seconds() for one in (little, much))
    assert 0 < shorter < longer <= WAIT_MAX
    asked = {much.admission.retry_after() for _ in range(200)}
    assert len(asked) > 5
    assert min(asked) >= 1


def test_switched_off_it_lets_everybody_in() -> None:
    admission = Admission(enabled=False, target_seconds=TARGET)
    for _ in range(10_000):
        assert admission.admits("new")
        admission.began()
    assert admission.admits("started")


def _until(seconds: float, times: Iterator[float]) -> Iterator[float]:
    for at in times:
        if at >= seconds:
            return
        yield at
