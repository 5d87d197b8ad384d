"""The limit on the share of held messages: beyond it the program is wrong, not its messages."""

from collections import deque
from collections.abc import Sequence

from electoral.envelope import attempt_headers
from electoral.handling import Hold, StopConsuming
from electoral.held import UNKNOWN_APPLICATION
from electoral.kafka import Message
from electoral.postgres import Pool
from electoral.sealing import ERROR_CLASSES, DestroyedKey, UnknownKey

HELD_WINDOW = 1_000  # messages over which the share is watched
HELD_COUNT_LIMIT = 20
HELD_SHARE_LIMIT = 0.02
# What is missing is no program's doing: a key, or the attempt that a later one builds on.
OF_WHAT_IS_MISSING = (
    *(ERROR_CLASSES[UnknownKey], ERROR_CLASSES[DestroyedKey]),
    UNKNOWN_APPLICATION,
)

# About the last messages of a group: as many of each partition that had any.
_RECENT = """
WITH recent AS (
    SELECT topic, partition, next_offset,
           greatest(0, next_offset - $2::bigint / count(*) OVER ()) AS first_offset
      FROM consumer_position WHERE topic = ANY($1) AND next_offset > 0
)
SELECT coalesce(sum(next_offset - first_offset), 0)::int AS messages,
       (SELECT count(*)::int FROM held_message JOIN recent USING (topic, partition)
         WHERE "offset" >= first_offset AND "offset" < next_offset
           AND application_id IS NOT NULL AND error_class <> ALL($3)) AS held
  FROM recent
"""


class HeldShare:
    """Stops a service whose code, not its messages, must be wrong."""

    def __init__(self, share_max: float = HELD_SHARE_LIMIT) -> None:
        self._share_max = share_max
        self._recent: deque[bool] = deque(maxlen=HELD_WINDOW)
        self._recalled = False

    async def recall(self, pool: Pool, topics: Sequence[str]) -> None:
        """Begin where the process before this one ended: a restart is no leave to hold more."""
        if self._recalled:
            return
        row = await pool.fetchrow(_RECENT, list(topics), HELD_WINDOW, list(OF_WHAT_IS_MISSING))
        assert row is not None
        self._recent.extend([True] * row["held"] + [False] * (row["messages"] - row["held"]))
        self._recalled = True

    def check(self, now: Sequence[bool]) -> None:
        """Raise when 20 of the last 1,000 messages or more, and too many, would be held."""
        last = [*self._recent, *now][-HELD_WINDOW:]
        count = sum(last)
        if any(now) and count >= HELD_COUNT_LIMIT and count > self._share_max * len(last):
            raise StopConsuming(
                f"{count} of the last {len(last)} messages could not be handled: the program is "
                "wrong, not the messages. None of these was moved past. Deploy a mended program; "
                "or, if all are to be held, start it with the setting HELD_SHARE_MAX at 1 until "
                "they are."
            )

    def note(self, now: Sequence[bool]) -> None:
        """Remember messages that were recorded."""
        self._recent.extend(now)


def is_against_the_program(message: Message, result: object) -> bool:
    """Say whether a message tells against the program: one of ours, held, and nothing was missing.

    What a stranger writes to a topic tells nothing of our program, however much it is.
    """
    if not isinstance(result, Hold) or result.error_class in OF_WHAT_IS_MISSING:
        return False
    return attempt_headers(message.headers) is not None
