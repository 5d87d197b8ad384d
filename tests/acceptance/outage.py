"""An outage of DWP from its beginning until its backlog is gone, and how long everybody waited."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from simulated.receipts import Receipt

from acceptance.timing import Journey, accept_seconds
from acceptance.troubled_stack import Trouble
from acceptance.watching import LOOK_SECONDS, Page

KINDS = ("503", "cut", "hang")  # a third of the time each
GIVE_UP_SECONDS = 180.0


class Outage(NamedTuple):
    """When it was, in Unix seconds."""

    began: float
    ended: float
    noticed: float  # that it had ended: the breaker was closed
    drained: float  # nobody waited any more who had come before that
    backlog: int  # who waited when it ended

    @property
    def closing_seconds(self) -> float:
        return self.noticed - self.ended

    @property
    def draining_seconds(self) -> float:
        return self.drained - self.ended


class Waits(NamedTuple):
    """In seconds, how long each waited."""

    accepted_before: list[float]
    accepted_in_outage: list[float]
    accepted_while_draining: list[float]
    pages: list[float]  # of the gateway, from the outage's beginning on
    new_work: list[float]  # received while the backlog drained, until its outcome was published
    unlucky: list[float]  # the same, received before the breaker closed


async def live_through_outage(t: Trouble, seconds: float) -> Outage:
    """Begins one now; returns when its backlog is gone."""
    third = seconds / len(KINDS)
    outages = [
        {"from": third * n, "to": third * (n + 1), "kind": kind} for n, kind in enumerate(KINDS)
    ]
    await t.dwp.behave(outages=outages)
    began = time.time()
    await asyncio.sleep(seconds)
    ended, backlog = time.time(), await t.verification.waiting()
    async with asyncio.timeout(GIVE_UP_SECONDS):
        while not await t.verification.asks_dwp():
            await asyncio.sleep(LOOK_SECONDS)
        noticed = time.time()
        while await t.verification.is_waiting_since(noticed):
            await asyncio.sleep(LOOK_SECONDS)
    return Outage(began, ended, noticed, time.time(), backlog)


def waits_of(
    outage: Outage, receipts: Sequence[Receipt], pages: Sequence[Page], made: Sequence[Journey]
) -> Waits:
    began, ended, noticed, drained = outage.began, outage.ended, outage.noticed, outage.drained
    return Waits(
        accepted_before=accept_seconds(receipts, 0, began),
        accepted_in_outage=accept_seconds(receipts, began, ended),
        accepted_while_draining=accept_seconds(receipts, ended, drained),
        pages=[page.seconds for page in pages if began <= page.at < drained],
        new_work=[o.seconds for o in made if noticed <= o.received_at < drained],
        unlucky=[o.seconds for o in made if ended <= o.received_at < noticed],
    )
