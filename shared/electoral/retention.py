"""Retention is by key: when a key's time is over, whatever it sealed is gone for good.

A day's key is kept for so many days after its day, a quarter's for so many months after its
quarter, a permanent one for ever. All days are London's. Nothing here touches a key: services seal
again what they have not finished (`resealing`), an operator's job destroys (`destruction`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from electoral.sealing import seal_purpose_of
from electoral.today import LONDON

AT = time(4)  # the quietest hour, and one that every day has

_DAY = re.compile(r"-([0-9]{4}-[0-9]{2}-[0-9]{2})$")
_QUARTER = re.compile(r"-([0-9]{4})q([1-4])$")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Retention:
    """How long keys are kept."""

    nino_days: int = 90
    person_days: int = 180
    index_months: int = 13
    form_session_days: int = 2  # sessions end an hour after they were last sealed

    def last_day(self, key_id: str) -> date | None:
        """Return the last day on which a key is needed; None for one that is kept for ever."""
        if found := _DAY.search(key_id):
            return date.fromisoformat(found[1]) + timedelta(days=self._days(key_id))
        if found := _QUARTER.search(key_id):
            month_after = int(found[1]) * _MONTHS + int(found[2]) * 3  # counted from year 0
            year, month = divmod(month_after + self.index_months, _MONTHS)
            return date(year, month + 1, 1) - timedelta(days=1)
        return None

    def _days(self, key_id: str) -> int:
        match seal_purpose_of(key_id):
            case "nino-online" | "nino-council":
                return self.nino_days
            case "form-session":
                return self.form_session_days
            case _:
                return self.person_days

    def is_over(self, key_id: str, today: date) -> bool:
        """Say whether a key is to be destroyed."""
        last_day = self.last_day(key_id)
        return last_day is not None and last_day < today


def next_time(now: datetime) -> datetime:
    """Return when retention works next: at 04:00 in London, after `now`."""
    today = now.astimezone(LONDON).date()
    days = (today, today + timedelta(days=1))
    times = (datetime.combine(day, AT, LONDON).astimezone(UTC) for day in days)
    return next(at for at in times if at > now)
