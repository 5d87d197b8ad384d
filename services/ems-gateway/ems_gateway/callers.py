"""Who calls: an ERO, by one of its credentials."""

from typing import NamedTuple


class Caller(NamedTuple):
    """Whoever a request's credential belongs to."""

    ero: str  # code
    credential: str  # what the history calls it; opens nothing
