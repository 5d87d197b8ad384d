"""The line of those who wait for the form: who came first goes in first.

Nothing is shared between processes and nothing survives them: each knows those who asked it lately.
Browsers ask whichever process answers, so each knows a fair share of all, and calls by time: who
came no later than the last one called goes in, wherever they ask.

How many a second are called is found out and not set: a little faster each second in which there is
room, half as fast in each in which there is none (additive-increase congestion control does alike).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from math import exp
from time import monotonic

PACE_MIN = 2.0  # people called in a second
PACE_GROWTH = 1.15  # a second, while there is room
STEP = 1.0  # seconds from one change of the pace to the next
CREDIT_SECONDS_MAX = 2.0  # of room that nobody used: it is not saved up
GONE_SECONDS = 120.0  # three times the longest pause of the page; then somebody is left out
LOOK_SECONDS = 10.0  # from one look for who is gone to the next
RATE_SECONDS = 30.0  # over which the number called is averaged
RATE_MIN = 0.02  # people a second; below it nobody can say how long it takes
WAITING_MAX = 200_000  # people that one process counts; more wait uncounted


class Line:
    """Who waits, by when they came (milliseconds since 1970)."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._waiting: list[int] = []  # sorted
        self._seen: dict[int, float] = {}  # when each of these asked last
        self._called_up_to = 0
        self._pace = PACE_MIN
        self._rate = 0.0  # people called in a second, lately
        self._credit = 1.0  # people who may be called now
        self._moved_at = self._paced_at = self._looked_at = clock()

    def __len__(self) -> int:
        return len(self._waiting)

    def asks(self, came: int, *, has_room: bool) -> bool:
        """Say whether who came at a time goes in now, having waited or not."""
        self._join(came)
        self._move_on(has_room)
        return came <= self._called_up_to

    def seconds_to_wait(self, came: int) -> float | None:
        """Estimate how long who came at a time waits; None while nobody can say."""
        if self._rate < RATE_MIN:
            return None
        return (bisect_left(self._waiting, came) + 1) / self._rate

    # -- who waits -------------------------------------------------------------------------------

    def _join(self, came: int) -> None:
        if came <= self._called_up_to:
            return
        if came not in self._seen:
            if len(self._waiting) >= WAITING_MAX:
                return
            insort(self._waiting, came)
        self._seen[came] = self._clock()

    def _forget_the_gone(self, now: float) -> None:
        """Leave out who has not asked for some time; who comes back has their place again."""
        self._looked_at = now
        self._seen = {came: at for came, at in self._seen.items() if now - at <= GONE_SECONDS}
        self._waiting = sorted(self._seen)

    # -- who is called ---------------------------------------------------------------------------

    def _move_on(self, has_room: bool) -> None:
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._forget_the_gone(now)
        passed, self._moved_at = now - self._moved_at, now
        self._set_pace(now, has_room)
        if has_room:
            most = max(1.0, self._pace * CREDIT_SECONDS_MAX)
            self._credit = min(most, self._credit + self._pace * passed)
        self._note_rate(self._call() if has_room else 0, passed)

    def _set_pace(self, now: float, has_room: bool) -> None:
        if now - self._paced_at < STEP:
            return
        self._paced_at = now
        self._pace = max(PACE_MIN, self._pace * (PACE_GROWTH if has_room else 0.5))

    def _call(self) -> int:
        """Call as many as there is credit for; returns how many."""
        count = min(int(self._credit), len(self._waiting))
        if not count:
            return 0
        self._credit -= count
        self._called_up_to = max(self._called_up_to, self._waiting[count - 1])
        called = bisect_right(self._waiting, self._called_up_to)
        for came in self._waiting[:called]:
            self._seen.pop(came, None)
        del self._waiting[:called]
        return called

    def _note_rate(self, called: int, passed: float) -> None:
        self._rate = self._rate * exp(-passed / RATE_SECONDS) + called / RATE_SECONDS
