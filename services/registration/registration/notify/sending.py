"""Sending, composed: the client of Notify and the sender, or nothing where no Notify is named."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta

from electoral.metrics import Metrics
from electoral.postgres import Pool
from electoral.sealing import Sealer

from registration.notify.copies import CopyWording
from registration.notify.http import HttpNotify
from registration.notify.sender import CopySender, Manner
from registration.settings import Settings

Sending = Callable[[], Coroutine[None, None, None]]
"""Sends until it is cancelled."""


@asynccontextmanager
async def open_sending(
    settings: Settings, *, pool: Pool, sealer: Sealer, wording: CopyWording, metrics: Metrics
) -> AsyncIterator[Sending]:
    """Open the client of Notify, and yield what sends through it; nothing does without one."""
    url, token = settings.notify_url, settings.notify_token
    if url is None:
        yield _rest
        return
    async with HttpNotify(url=url, token=token, metrics=metrics) as notify:
        sender = CopySender(
            pool=pool,
            sealer=sealer,
            notify=notify,
            compose=wording,
            metrics=metrics,
            manner=Manner(
                per_second_max=settings.notify_per_second_max,
                give_up_after=timedelta(hours=settings.notify_give_up_hours),
            ),
        )
        yield sender.run


async def _rest() -> None:
    """Send nothing: nobody was offered a copy."""
