"""London's time zone, the first instant of its days, and a clock's day.

That is worked out once a day, because keys are named by it with every application.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


class Today:
    """Says which day it is in London, by a clock that gives aware datetimes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._day = date.min
        self._begin = self._end = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> date:
        now = self._now()
        if not self._begin <= now < self._end:
            self._day = now.astimezone(LONDON).date()
            self._begin, self._end = midnight(self._day), midnight(self._day + timedelta(days=1))
        return self._day


def midnight(day: date) -> datetime:
    """Return a London day's first instant, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
