"""The line of those who wait for the form: who came first goes in first.

Nothing is shared between processes and nothing survives them: each knows those who asked it lately,
and calls those first who came first. Whose browser asks another process has the same place there.

How many a second are called is found out and not set: a little more each second in which there was
room, a good deal less in each in which there was none. What somebody who goes in asks for comes
over minutes, so it grows slowly; it begins at half the rate at which people came in before.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from math import exp
from time import monotonic

PACE_MIN = 2.0  # people called in a second
PACE_WITH_ROOM = 1.05  # times the pace of the second before
PACE_WITHOUT = 0.75
STEP = 1.0  # seconds from one change of the pace to the next
CREDIT_SECONDS_MAX = 2.0  # of room that nobody used: it is not saved up
GONE_SECONDS = 120.0  # three times the longest pause of the page; then somebody is left out
CALLED_SECONDS = 1_800.0  # in which who was called may come; then they wait again
LOOK_SECONDS = 10.0  # from one look for who is gone to the next
RATE_SECONDS = 90.0  # over which the number called is averaged
RATE_MIN = 0.02  # people a second; below it nobody can say how long it takes
WAITING_MAX = 200_000  # people that one process counts; more wait uncounted


class Line:
    """Who waits, by when they came (milliseconds since 1970)."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._waiting: list[int] = []  # sorted
        self._seen: dict[int, float] = {}  # when each of these asked last
        self._called: dict[int, float] = {}  # when each of these was called
        self._pace = PACE_MIN
        self._rate = 0.0  # people called in a second, lately
        self._credit = 1.0  # people who may be called now
        self._asked = self._had_room = 0  # since the pace was changed
        self._moved_at = self._paced_at = self._looked_at = clock()

    def __len__(self) -> int:
        return len(self._waiting)

    def asks(self, came: int, *, has_room: bool) -> bool:
        """Say whether who came at a time goes in now, having waited or not."""
        self._join(came)
        self._asked += 1
        self._had_room += has_room
        self._move_on(has_room)
        return self._called.pop(came, None) is not None

    def passed_by(self) -> None:
        """Somebody came and went in, while nobody waited."""
        now = self._clock()
        self._note_rate(1, now - self._moved_at)
        self._moved_at = now

    def seconds_to_wait(self, came: int) -> float | None:
        """Estimate how long who came at a time waits; None while nobody can say."""
        if self._rate < RATE_MIN:
            return None
        return (bisect_left(self._waiting, came) + 1) / self._rate

    # -- who waits -------------------------------------------------------------------------------

    def _join(self, came: int) -> None:
        if came in self._called:
            return
        if came not in self._seen:
            if len(self._waiting) >= WAITING_MAX:
                return
            if not self._waiting:
                self._pace = max(PACE_MIN, self._rate / 2)
            insort(self._waiting, came)
        self._seen[came] = self._clock()

    def _forget_the_gone(self, now: float) -> None:
        """Leave out who has not asked for some time; who comes back has their place again."""
        self._looked_at = now
        self._seen = {came: at for came, at in self._seen.items() if now - at <= GONE_SECONDS}
        self._waiting = sorted(self._seen)
        self._called = {c: at for c, at in self._called.items() if now - at <= CALLED_SECONDS}

    # -- who is called ---------------------------------------------------------------------------

    def _move_on(self, has_room: bool) -> None:
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._forget_the_gone(now)
        passed, self._moved_at = now - self._moved_at, now
        self._set_pace(now)
        if has_room:
            most = max(1.0, self._pace * CREDIT_SECONDS_MAX)
            self._credit = min(most, self._credit + self._pace * passed)
        self._note_rate(self._call() if has_room else 0, passed)

    def _set_pace(self, now: float) -> None:
        if now - self._paced_at < STEP:
            return
        share = self._had_room / self._asked
        change = PACE_WITHOUT + (PACE_WITH_ROOM - PACE_WITHOUT) * share
        self._pace = max(PACE_MIN, self._pace * change)
        self._paced_at, self._asked, self._had_room = now, 0, 0

    def _call(self) -> int:
        """Call as many as there is credit for; returns how many."""
        count = min(int(self._credit), len(self._waiting))
        if not count:
            return 0
        self._credit -= count
        for came in self._waiting[:count]:
            del self._seen[came]
            self._called[came] = self._moved_at
        del self._waiting[:count]
        return count

    def _note_rate(self, called: int, passed: float) -> None:
        self._rate = self._rate * exp(-passed / RATE_SECONDS) + called / RATE_SECONDS
