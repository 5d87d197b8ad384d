"""Admission: how much may be in hand at once, decided by the time that it takes this process.

A process that is asked for more than it can do answers nobody in time: work waits in the kernel's
queues, in the event loop and for the commit, and people whose browser gave up have theirs done all
the same. So what is in hand is limited, and who comes beyond it is told at once to come again.

The limit is no number that somebody chose. By Little's law, what is in hand is the rate at which it
is finished times the time it takes; so the limit is the rate that this process reaches while it is
pressed, times the time that an application should take at most. (The gradient of Netflix's
`concurrency-limits` with a fixed target; from CoDel: a queue that passes by itself is none.)
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Literal

from electoral.metrics import Metrics

Kind = Literal["new", "started"]

TARGET = 0.2  # seconds that an application may take while the process is pressed
IN_HAND_MIN = 64  # requests that are taken however long they take: what one commit should gather
IN_HAND_BURST = 200  # requests that may come at one moment while nothing is pressed
STARTED_FACTOR = 4  # who has begun is refused only when there is so much more than the limit
LOOK_INTERVAL = 0.02  # seconds from one look at the event loop to the next
WINDOW = 0.1  # seconds in which latencies are gathered before the limit is set anew
PATIENCE = 0.4  # seconds that answers may be slow: a burst passes by itself
STANDSTILL = 1.0  # seconds in which nothing at all is answered; what is shorter is a stall
COMING_SECONDS = 0.7  # of what comes ordinarily may be in hand while nothing is pressed: a stall
COMING_WEIGHT = 0.02  # of the last window in how many come while nothing is pressed
RATE_WEIGHT = 0.2  # of the last window in the rate
GROWTH = 1.1  # of the limit in a window in which it was felt though answers were quick
CALM = 1.0  # seconds without a refusal or a slow answer after which all is as before
REFUSING = 2.0  # seconds since the last refusal in which the process counts as refusing
SHARE_WEIGHT = 0.02  # of the last window in the share of what is admitted
RETURN_MIN = 2.0  # seconds after which to come again when it has just begun, if nearly all get in
RETURN_MAX = 8.0  # seconds, when it has lasted
NEVER = float("inf")
WAIT_MAX = 30 * 60.0  # seconds


class Admission:
    """Knows whether another request may come in; one for a process, all of it in the event loop."""

    def __init__(
        self,
        *,
        enabled: bool = True,
        target_seconds: float = TARGET,
        clock: Callable[[], float] = monotonic,
        metrics: Metrics | None = None,
    ) -> None:
        self.in_hand = 0
        self.limit = float(IN_HAND_BURST)
        self._enabled = enabled
        self._target = target_seconds
        self._clock = clock
        self._rate = 0.0  # requests finished a second, while there is enough in hand
        self._coming = 0.0  # requests that came in a second, while nothing was pressed
        self._share = 1.0  # of the new that are admitted
        self._refused_at = self._refusing_since = self._pressed_at = -NEVER
        self._lag = 0.0  # seconds that the event loop was late when it was looked at last
        self._moved_at = self._window_began = clock()
        self._slow_since = NEVER  # when the first of the windows ended that were slow
        self._most_in_hand = 0
        self._forget_window()
        self._count_refused = _counters(metrics or Metrics(), self)

    def admits(self, kind: Kind) -> bool:
        """Whether there is room for one who comes new, or for one who has begun already."""
        if not self._enabled:
            return True
        room = self.limit if kind == "new" else self.limit * STARTED_FACTOR
        admitted = self.in_hand < room
        if kind == "new":
            self._asked += 1
        if not admitted:
            self._refused[kind] += 1
            now = self._clock()
            if not self.refusing:
                self._refusing_since = now
            self._refused_at = now
        return admitted

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """While somebody else is asked a request is not in hand, and its time is not ours."""
        begin = self._clock()
        self.in_hand -= 1
        try:
            yield
        finally:
            self._seconds -= self._clock() - begin
            self._take(1)

    def began(self, weight: int = 1) -> None:
        """A request is in hand; a batch counts for several."""
        self._began += weight
        self._take(weight)

    def ended(self, seconds: float, weight: int = 1) -> None:
        """It is answered, so long after it could have been read. A batch takes its time."""
        self.in_hand -= weight
        self._ended += weight
        self._moved_at = self._clock()
        if weight == 1:
            self._timed += 1
            self._seconds += seconds

    @property
    def refusing(self) -> bool:
        """Whether somebody was refused a moment ago."""
        return self._clock() - self._refused_at < REFUSING

    def estimate_wait_seconds(self) -> float:
        """How long it takes, as it is now, until who comes again and again is let in.

        What has just begun is taken to pass as quickly: it lasts as long again as it has lasted.
        """
        if not self.refusing:
            return 0.0
        lasted = self._clock() - self._refusing_since
        return min(WAIT_MAX, max(RETURN_MIN, min(RETURN_MAX, lasted)) / max(self._share, 1e-3))

    def retry_after(self) -> int:
        """Seconds after which to come again, drawn so that not all come at once."""
        seconds = max(RETURN_MIN, self.estimate_wait_seconds())
        return ceil(random.uniform(0.5, 1.5) * min(seconds, 60.0))

    def _take(self, weight: int) -> None:
        if self.in_hand <= 0:
            self._moved_at = self._clock()
        self.in_hand += weight
        self._most_in_hand = max(self._most_in_hand, self.in_hand)

    # -- looking -------------------------------------------------------------------------------

    async def keep_looking(self) -> None:
        """Look at the event loop and set the limit, until cancelled."""
        while True:
            due = self._clock() + LOOK_INTERVAL
            await asyncio.sleep(LOOK_INTERVAL)
            self.look(max(0.0, self._clock() - due))

    def look(self, lag: float) -> None:
        """Note how late the event loop is; set the limit when a window is over.

        A window in which nothing was answered yet is not over: answers come together, by the
        commit, and what is shorter than a standstill is a stall.
        """
        self._lag = max(self._lag, lag)
        now = self._clock()
        something = self._ended > 0 or self._waits(now) >= STANDSTILL or self.in_hand <= 0
        if something and now - self._window_began >= WINDOW:
            self._set_limit(now, now - self._window_began)
            for kind, count in self._refused.items():
                if count:
                    self._count_refused[kind](count)
            self._window_began = now
            self._forget_window()

    def _set_limit(self, now: float, seconds: float) -> None:
        delay = self._delay(now)
        felt = self._refused["new"] > 0 or self._most_in_hand >= self.limit
        if self._most_in_hand >= IN_HAND_MIN:
            rate = self._ended / seconds
            self._rate += (rate - self._rate) * (RATE_WEIGHT if self._rate else 1.0)
        if self._asked:
            self._share += (1 - self._refused["new"] / self._asked - self._share) * SHARE_WEIGHT
        self._slow_since = min(self._slow_since, now) if delay > self._target else NEVER
        if now - self._slow_since >= PATIENCE:
            self._pressed_at = now
            self.limit = max(IN_HAND_MIN, min(self.limit, self._rate * self._target))
        elif felt and delay <= self._target:
            self._pressed_at = now
            self.limit *= GROWTH
        elif delay <= self._target and now - self._pressed_at > CALM:
            self._coming += (self._began / seconds - self._coming) * COMING_WEIGHT
            self.limit = max(
                IN_HAND_BURST, self._rate * self._target, self._coming * COMING_SECONDS
            )
            self._share = 1.0

    def _delay(self, now: float) -> float:
        """How long a request takes as it is now: that of answers, or of one that waits still."""
        answered = self._seconds / self._timed if self._timed else 0.0
        return max(answered + self._lag, self._waits(now))

    def _waits(self, now: float) -> float:
        """How long nothing has been answered though something is in hand, in seconds."""
        return now - self._moved_at if self.in_hand > 0 else 0.0

    def _forget_window(self) -> None:
        self._asked = self._began = self._ended = self._timed = 0
        self._refused: dict[Kind, int] = {"new": 0, "started": 0}
        self._seconds = self._lag = 0.0
        self._most_in_hand = self.in_hand


def _counters(metrics: Metrics, admission: Admission) -> dict[Kind, Callable[[float], None]]:
    """Show the limit and what is in hand; returns what counts the refused, by kind."""
    metrics.gauge("admission_limit").set_function(lambda: admission.limit)
    metrics.gauge("admission_in_hand").set_function(lambda: admission.in_hand)
    refused = metrics.counter("admission_refused_total")
    kinds: tuple[Kind, ...] = ("new", "started")
    return {kind: refused.labels(kind).inc for kind in kinds}
