"""Verification, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from electoral.blind_index import BlindIndex
from electoral.calendar import Polls
from electoral.frame import Frame, open_frame
from electoral.health import consuming_check
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle

from verification import aliases, duplicates, rules
from verification.breaker import Breaker
from verification.dwp import Dwp
from verification.dwp_http import HttpDwp
from verification.handlers import ApplicationReceivedHandler
from verification.lookups import Lookups
from verification.merging import Merging
from verification.parking import ParkedAttempts
from verification.pending import Pending, PendingSweep
from verification.postgres.attempts import which_are_known
from verification.postgres.parked import SEALED_AND_UNFINISHED
from verification.postgres.rate import Work
from verification.pruning import keep_pruning
from verification.rate import Rate
from verification.settings import MIGRATIONS, SERVICE, Settings
from verification.watch import show_waiting


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    _read_data()
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
        pending = Pending(Polls.load(), frame.metrics, deadline_hours=settings.deadline_hours)
        handler = _handler(frame, settings, dwp, breaker, pending)
        consuming = frame.consuming(handler, after_commit=frame.relay.wake)
        await frame.serve_admin(
            partial(read_side, frame.pool, which_are_known=which_are_known),
            # It does nothing but consume: without that it is not ready.
            checks={"kafka": consuming_check(consuming)},
            gauges=(lambda: show_waiting(frame.pool, frame.metrics),),
        )
        await frame.run(
            consuming,
            _parked(frame, settings, dwp, breaker).run(),
            _pending_sweep(frame, settings, pending).run(),
            keep_pruning(frame.pool, BlindIndex(frame.keyring), settings.retention),
        )
        yield


def _read_data() -> None:
    """Read rules, names and EROs now: a file that is wrong ends the start, and no message."""
    rules.current()
    aliases.given_names()
    aliases.surnames()
    duplicates.ero_codes()


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


def _rate(frame: Frame, settings: Settings, work: Work) -> Rate:
    return Rate(
        frame.pool,
        work,
        lookups_per_second_max=settings.dwp_lookups_per_second_max,
        lookups_per_call_max=settings.dwp_lookups_per_call_max,
    )


def _handler(
    frame: Frame, settings: Settings, dwp: Dwp, breaker: Breaker, pending: Pending
) -> ApplicationReceivedHandler:
    lookups = Lookups(
        dwp,
        breaker,
        _rate(frame, settings, "new"),
        calls_max=settings.dwp_calls_in_flight_max,
        patience=settings.dwp_patience_seconds,
    )
    merging = Merging(frame.pool, frame.sealer)
    index = BlindIndex(frame.keyring)
    return ApplicationReceivedHandler(frame.sealer, index, merging, lookups, pending, frame.metrics)


def _parked(frame: Frame, settings: Settings, dwp: Dwp, breaker: Breaker) -> ParkedAttempts:
    rate = _rate(frame, settings, "parked")
    lookups = Lookups(
        dwp,
        breaker,
        rate,
        calls_max=settings.dwp_parked_calls_in_flight_max,
        patience=settings.dwp_parked_patience_seconds,
    )
    return ParkedAttempts(
        pool=frame.pool,
        sealer=frame.sealer,
        index=BlindIndex(frame.keyring),
        lookups=lookups,
        rate=rate,
        breaker=breaker,
        metrics=frame.metrics,
        calls_max=settings.dwp_parked_calls_in_flight_max,
        key_wait_hours=settings.key_wait_hours,
        after_commit=frame.relay.wake,
    )


def _pending_sweep(frame: Frame, settings: Settings, pending: Pending) -> PendingSweep:
    return PendingSweep(
        frame.pool,
        pending,
        after_hours=settings.pending_after_hours,
        after_commit=frame.relay.wake,
    )
