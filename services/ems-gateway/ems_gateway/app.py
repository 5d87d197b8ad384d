"""The gateway, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.frame import open_frame
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle
from electoral.metrics import Metrics
from electoral.postgres import Pool
from electoral.routes import Authenticate
from electoral.sealing import Sealer

from ems_gateway.answers import Answers
from ems_gateway.callers import Caller
from ems_gateway.credentials import (
    caller_of,
    credentials_check,
    read_credentials,
)
from ems_gateway.gateway import Gateway
from ems_gateway.handlers import KeepForEro
from ems_gateway.history import History
from ems_gateway.pages import Pages
from ems_gateway.postgres.attempts import which_are_known
from ems_gateway.postgres.records import SEALED_AND_UNFINISHED
from ems_gateway.routes import public_app
from ems_gateway.settings import MIGRATIONS, SERVICE, Settings
from ems_gateway.watch import keep_warning, set_gauges


def read_authorities(settings: Settings) -> Authorities:
    """Read the lists of authorities and EROs."""
    return Authorities.load(settings.authorities_file, settings.ero_contacts_file)


def compose(
    *,
    pool: Pool,
    sealer: Sealer,
    index: BlindIndex,
    history: History,
    authorities: Authorities,
    metrics: Metrics,
    authenticate: Authenticate[Caller],
    after_commit: Callable[[], None],
) -> Gateway:
    """Put together what the routes need; `after_commit` is called when events were written."""
    return Gateway(
        authenticate=authenticate,
        pages=Pages(pool, sealer),
        answers=Answers(pool, sealer, history, metrics, after_commit),
    )


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    # Read before anything is opened: a wrong file ends the start.
    authorities = read_authorities(settings)
    credentials = read_credentials(settings.eros_file, authorities)
    async with open_frame(
        SERVICE,
        settings,
        lifecycle,
        migrations=MIGRATIONS,
        purposes=("person",),
        sealed=SEALED_AND_UNFINISHED,
    ) as frame:
        index = BlindIndex(frame.keyring)
        history = History(index)
        await frame.serve_admin(
            partial(read_side, frame.pool, which_are_known=which_are_known),
            checks={"credentials": credentials_check(credentials)},
            gauges=(lambda: set_gauges(frame.pool, frame.metrics),),
        )
        await frame.run(
            frame.consuming(KeepForEro(authorities, frame.sealer, history)),
            keep_warning(frame.pool),
            credentials.keep_reading(),
        )
        gateway = compose(
            pool=frame.pool,
            sealer=frame.sealer,
            index=index,
            history=history,
            authorities=authorities,
            metrics=frame.metrics,
            authenticate=partial(caller_of, credentials),
            after_commit=frame.relay.wake,
        )
        await frame.enter("commits", gateway.answers.group_commit)
        await frame.serve_public(public_app(gateway, frame.metrics), settings)
        yield
