"""Verification, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from electoral.frame import Frame, open_frame
from electoral.health import consuming_check
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle

from verification.breaker import Breaker
from verification.dwp import Dwp, HttpDwp
from verification.handlers import ApplicationReceivedHandler
from verification.lookups import Lookups
from verification.merging import Merging
from verification.parking import ParkedAttempts
from verification.postgres.attempts import which_are_known
from verification.postgres.parked import SEALED_AND_UNFINISHED
from verification.settings import MIGRATIONS, SERVICE, Settings
from verification.watch import show_parked


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    async with open_frame(
        SERVICE,
        settings,
        lifecycle,
        migrations=MIGRATIONS,
        purposes=("person", "nino-online", "nino-council"),
        sealed=SEALED_AND_UNFINISHED,
    ) as frame:
        dwp = await frame.enter("dwp", _dwp(frame, settings))
        breaker = _breaker(frame, settings)
        handler = _handler(frame, settings, dwp, breaker)
        consuming = frame.consuming(handler, after_commit=frame.relay.wake)
        await frame.serve_admin(
            partial(read_side, frame.pool, which_are_known=which_are_known),
            # It does nothing but consume: without that it is not ready.
            checks={"kafka": consuming_check(consuming)},
            gauges=(lambda: show_parked(frame.pool, frame.metrics),),
        )
        await frame.run(consuming, _parked(frame, settings, dwp, breaker).run())
        yield


def _dwp(frame: Frame, settings: Settings) -> HttpDwp:
    return HttpDwp(
        url=settings.dwp_url,
        client_id=settings.dwp_client_id,
        client_secret=settings.dwp_client_secret,
        calls_max=settings.dwp_calls_in_flight_max + settings.dwp_parked_calls_in_flight_max,
        metrics=frame.metrics,
    )


def _breaker(frame: Frame, settings: Settings) -> Breaker:
    return Breaker(
        frame.pool,
        failures_to_open=settings.dwp_failures_to_open,
        probe_delay=settings.dwp_probe_delay_seconds,
    )


def _handler(
    frame: Frame, settings: Settings, dwp: Dwp, breaker: Breaker
) -> ApplicationReceivedHandler:
    lookups = Lookups(
        dwp,
        breaker,
        calls_max=settings.dwp_calls_in_flight_max,
        patience=settings.dwp_patience_seconds,
    )
    merging = Merging(frame.pool, frame.sealer)
    return ApplicationReceivedHandler(frame.sealer, merging, lookups, frame.metrics)


def _parked(frame: Frame, settings: Settings, dwp: Dwp, breaker: Breaker) -> ParkedAttempts:
    lookups = Lookups(
        dwp,
        breaker,
        calls_max=settings.dwp_parked_calls_in_flight_max,
        patience=settings.dwp_parked_patience_seconds,
    )
    return ParkedAttempts(
        pool=frame.pool,
        sealer=frame.sealer,
        lookups=lookups,
        breaker=breaker,
        metrics=frame.metrics,
        lookups_per_second_max=settings.parked_lookups_per_second_max,
        key_wait_hours=settings.key_wait_hours,
        after_commit=frame.relay.wake,
    )
