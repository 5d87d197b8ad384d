"""Where sessions are kept: sealed, in Postgres, read and written many at a time.

Reading and writing wait for a group as applications do. A change is stored only if nobody has
changed the session meanwhile; else it is made again upon what is there now, so that two tabs never
undo each other's answers, and none brings back what was deleted when the application was sent.

Nothing here is sealed again when its key's time is over: whatever seals a session puts it under
today's key, and it ends an hour after that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from electoral.group_commit import GroupCommit, Unavailable
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction
from electoral.sealing import DestroyedKey, DoesNotOpen, Sealer

from registration.form.session import TOKEN_LENGTH, FormSession, read_session, session_id
from registration.performance.counting import STARTED, PerformanceDeltas
from registration.postgres.form_sessions import (
    SessionChange,
    SessionRow,
    begin_sessions,
    change_sessions,
    count_blocks,
    end_session,
    read_sessions,
    sweep_sessions,
)
from registration.postgres.performance import append_deltas

IDLE = timedelta(minutes=60)
# Looking at a page is noted only once a minute, so the hour begins up to a minute before.
LIFETIME = IDLE + timedelta(minutes=1)
TOUCH_BELOW_SECONDS = IDLE.total_seconds()
CHANGE_TRIES_MAX = 5
SWEEP_INTERVAL = 300.0  # seconds
SWEEP_BLOCKS = 1_000  # of 8 KiB, one or two sessions each: deleted at once
BATCH_ITEMS_MAX = 200
WAITING_ITEMS_MAX = 2_000

log = structlog.get_logger()

Item = TypeVar("Item")
Result = TypeVar("Result")


class Sessions:
    """Keeps what people are typing, for 60 minutes after they last went on."""

    def __init__(self, pool: Pool, sealer: Sealer, metrics: Metrics) -> None:
        self._pool = pool
        self._sealer = sealer
        self._swept = metrics.counter("form_sessions_expired_total")
        self._stack = AsyncExitStack()
        self._reads = _grouped(self._read_all)
        self._begins = _grouped(self._begin_all)
        self._changes = _grouped(self._change_all)

    async def __aenter__(self) -> "Sessions":
        for group in (self._reads, self._begins, self._changes):
            await self._stack.enter_async_context(group)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def read(self, token: str) -> FormSession | None:
        """Return the session of a cookie's token, or None when it has ended; looking at a page
        lets it go on. Raises `Unavailable` and `UnknownKey`.
        """
        if len(token) != TOKEN_LENGTH:
            return None
        row = await self._reads.submit(session_id(token))
        session = self._open(token, row) if row is not None else None
        if row is None or session is None or row.seconds_left > TOUCH_BELOW_SECONDS:
            return session
        return await self._touch(session)

    async def begin(self, session: FormSession) -> None:
        """Store a new session."""
        await self._begins.submit((session.id, self._seal(session)))

    async def change(
        self, session: FormSession, change: Callable[[FormSession], FormSession]
    ) -> FormSession | None:
        """Store what a pure function makes of the session as it is now, and return that; None when
        it has ended meanwhile. What changes nothing is not written.
        """
        for _ in range(CHANGE_TRIES_MAX):
            changed = change(session)
            if changed is session:
                return session
            if await self._write(changed):
                return _next_version(changed)
            current = await self._read_again(session)
            if current is None:
                return None
            session = current
        raise Unavailable("a session changes all the time")

    async def change_and_record(
        self,
        session: FormSession,
        changed: FormSession,
        record: Callable[[Connection], Awaitable[None]],
    ) -> bool:
        """Store a change and, in its transaction, what is recorded of it; says whether the session
        was still what it was, and nothing is done if it was not.
        """
        async with transaction(self._pool) as connection:
            stored = await change_sessions(connection, [self._change_of(changed)], LIFETIME)
            if stored:
                await record(connection)
        return bool(stored)

    async def end(self, session: FormSession) -> None:
        """Delete a session and all that was typed in it; raises `Unavailable`."""
        try:
            await end_session(self._pool, session.id)
        except Exception as error:
            if not is_away(error):
                raise
            raise Unavailable(type(error).__name__) from None

    async def keep_sweeping(self) -> None:
        """Delete what has ended, every five minutes until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("ended sessions not deleted", error_class=type(error).__name__)
            await asyncio.sleep(SWEEP_INTERVAL)

    async def sweep(self) -> None:
        """Delete what has ended."""
        for first in range(0, await count_blocks(self._pool), SWEEP_BLOCKS):
            blocks = range(first, first + SWEEP_BLOCKS)
            self._swept.inc(await sweep_sessions(self._pool, blocks))

    async def _touch(self, session: FormSession) -> FormSession | None:
        """Seal a session anew, for another hour; who is faster in another tab has done the same."""
        if await self._write(session):
            return _next_version(session)
        return await self._read_again(session)

    async def _write(self, session: FormSession) -> bool:
        """Store a session over the version that it was made from; False when that is gone."""
        return await self._changes.submit(self._change_of(session))

    def _change_of(self, session: FormSession) -> SessionChange:
        return SessionChange(session.id, session.version, self._seal(session))

    async def _read_again(self, session: FormSession) -> FormSession | None:
        row = await self._reads.submit(session.id)
        return None if row is None else self._open(session.token, row)

    # -- groups ----------------------------------------------------------------------------------

    async def _read_all(self, ids: Sequence[bytes]) -> list[SessionRow | None]:
        found = await read_sessions(self._pool, list(set(ids)))
        return [found.get(one) for one in ids]

    async def _begin_all(self, new: Sequence[tuple[bytes, str]]) -> list[None]:
        started = PerformanceDeltas()
        started.add_times(STARTED, len(new))
        async with transaction(self._pool) as connection:
            await begin_sessions(connection, new, LIFETIME)
            await append_deltas(connection, started)
        return [None for _ in new]

    async def _change_all(self, changes: Sequence[SessionChange]) -> list[bool]:
        """Store the first change of each session; the others have to look at it first."""
        first: dict[bytes, SessionChange] = {}
        for change in changes:
            first.setdefault(change.session_id, change)
        stored = await change_sessions(self._pool, [first[one] for one in sorted(first)], LIFETIME)
        return [
            change.session_id in stored and first[change.session_id] is change for change in changes
        ]

    # -- sealing ---------------------------------------------------------------------------------

    def _seal(self, session: FormSession) -> str:
        return self._sealer.seal("form-session", _bound_to(session.id), session.as_json())

    def _open(self, token: str, row: SessionRow) -> FormSession | None:
        """Open what is stored; a session whose key was destroyed has ended."""
        try:
            opened = self._sealer.open("form-session", _bound_to(row.session_id), row.sealed)
        except (DestroyedKey, DoesNotOpen) as error:
            log.warning("session does not open", error_class=type(error).__name__)
            return None
        return read_session(token, row.version, opened)


def _bound_to(session_id: bytes) -> UUID:
    """Bind what is sealed to its row: another's row never opens under this one's id."""
    return UUID(bytes=session_id[:16])


def _next_version(session: FormSession) -> FormSession:
    return replace(session, version=session.version + 1)


def _grouped(
    commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
) -> GroupCommit[Item, Result]:
    return GroupCommit(
        commit, writers=1, batch_items_max=BATCH_ITEMS_MAX, waiting_items_max=WAITING_ITEMS_MAX
    )
