"""Releasing: what an operator let go, or what something was late for, is handled again."""

import asyncio
from collections.abc import Callable
from time import time
from typing import Generic

import structlog

from electoral import held
from electoral.handling import (
    KILLED_THE_PROCESS,
    TRIES_MAX,
    Handler,
    Hold,
    Prepared,
    Reaction,
    decode,
    reaction_to,
    unknown,
)
from electoral.held import HeldMessage
from electoral.postgres import Pool, transaction
from electoral.sealing import ERROR_CLASSES, Sealer, SealingError

RELEASE_INTERVAL = 1.0  # seconds between looks for released messages
LATE_INTERVAL = 60.0  # seconds between tries of what is held for want of something

log = structlog.get_logger()


class Releaser(Generic[Prepared]):
    """Gives released messages to a handler; one that fails again is held again."""

    def __init__(
        self,
        *,
        pool: Pool,
        handler: Handler[Prepared],
        sealer: Sealer,
        after_commit: Callable[[], None],
        late_interval: float = LATE_INTERVAL,
    ) -> None:
        self._pool = pool
        self._handler = handler
        self._sealer = sealer
        self._after_commit = after_commit
        self._late_interval = late_interval
        self._looked_for = time()
        self._in_hand: HeldMessage | None = None

    async def run(self) -> None:
        """Handle what is released until cancelled."""
        while True:
            await asyncio.sleep(RELEASE_INTERVAL)
            try:
                await self._round()
            except Exception as error:
                if reaction_to(error) is not Reaction.RETRY:
                    raise
                log.warning("released messages wait", error_class=type(error).__name__)

    async def _round(self) -> None:
        if time() - self._looked_for > self._late_interval:
            self._looked_for = time()
            await held.release_what_was_late(self._pool)
        if self._in_hand is not None:  # Postgres went away meanwhile: that was no try
            await held.give_back(self._pool, self._in_hand)
            self._in_hand = None
        while (one := await held.claim_released(self._pool)) is not None:
            self._in_hand = one
            await self._handle(one)
            self._in_hand = None

    async def _handle(self, one: HeldMessage) -> None:
        try:
            result = await self._prepare(one)
            if isinstance(result, Hold):
                await held.hold_again(self._pool, one, result.error_class)
            else:
                await self._record(one, result)
        except Exception as error:
            if reaction_to(error) is Reaction.RETRY:
                raise
            await held.hold_again(self._pool, one, unknown(error).error_class)

    async def _prepare(self, one: HeldMessage) -> Prepared | Hold:
        if one.tries > TRIES_MAX:
            return KILLED_THE_PROCESS
        try:
            received = decode(held.open_message(self._sealer, one))
        except SealingError as error:
            return Hold(ERROR_CLASSES[type(error)])
        if isinstance(received, Hold):
            return received
        [result] = await self._handler.prepare([received])
        return result

    async def _record(self, one: HeldMessage, prepared: Prepared) -> None:
        async with transaction(self._pool) as connection:
            if await held.remove(connection, one):
                await self._handler.record(connection, [prepared])
        self._after_commit()
