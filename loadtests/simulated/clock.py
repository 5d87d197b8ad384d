"""Times as they stand in journals: UTC with microseconds and a Z."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now_text() -> str:
    return f"{datetime.now(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def seconds_since(time_text: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(time_text)).total_seconds()


def london_today() -> date:
    return datetime.now(LONDON).date()


def london_day(time_text: str) -> date:
    """The London day of a time on the wire."""
    return datetime.fromisoformat(time_text).astimezone(LONDON).date()
