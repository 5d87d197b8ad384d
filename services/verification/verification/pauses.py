"""Pauses: how long what is parked waits until it is tried again, and what comes before what."""

import random

from verification.errors import ParkReason
from verification.postgres.parked import Claimed, Postponed

PAUSE_SECONDS = 1.0  # before a call that failed is made again
PERSON_PAUSE_SECONDS_MAX = 60.0  # before DWP is asked again about one person
# New work that found no turn comes before what has piled up: else a hiccup while a backlog drains
# would send it to that backlog's end. Not for ever: what is older than this comes before it.
AHEAD_OF_BACKLOG_SECONDS = 4 * 3600.0
NOT_ASKED: frozenset[ParkReason] = frozenset({"dwp-down", "dwp-throttled"})


def pause_when_new(reason: ParkReason) -> float:
    """Return how long what is parked now waits, in seconds; less than 0: it comes that early."""
    if reason == "dwp-throttled":
        return -AHEAD_OF_BACKLOG_SECONDS  # DWP is there
    return pause_before_try(reason, 0)


def pause_before_try(reason: ParkReason, tries: int) -> float:
    """Return how long to wait, in seconds, after so many tries; what is one person's doubles."""
    if reason in NOT_ASKED:
        return 0.0  # no clock of its own: the breaker's closing or the rate releases it
    longest = PAUSE_SECONDS
    if reason != "dwp-unanswered":
        longest = min(PERSON_PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** min(tries, 10))
    return longest * random.uniform(0.5, 1.0)


def postponed(one: Claimed, reason: ParkReason) -> Postponed:
    """Say when to try again; tries count in a row for one reason, and only if DWP was asked."""
    tries = one.tries + 1 if reason == one.reason else 1
    if reason in NOT_ASKED:
        tries = 0
    return Postponed(one, reason, tries, pause_before_try(reason, tries))
