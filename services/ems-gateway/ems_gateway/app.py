"""The gateway, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from electoral.authorities import Authorities
from electoral.frame import open_frame
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle

from ems_gateway.answers import Answers
from ems_gateway.credentials import credentials_check, read_credentials
from ems_gateway.handlers import KeepForEro
from ems_gateway.pages import Pages
from ems_gateway.postgres.attempts import which_are_known
from ems_gateway.postgres.records import SEALED_AND_UNFINISHED
from ems_gateway.routes import Gateway, public_app
from ems_gateway.settings import MIGRATIONS, SERVICE, Settings
from ems_gateway.watch import keep_warning, set_gauges


def read_authorities(settings: Settings) -> Authorities:
    """Read the lists of authorities and EROs."""
    return Authorities.load(settings.authorities_file, settings.ero_contacts_file)


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
        await frame.serve_admin(
            partial(read_side, frame.pool, which_are_known=which_are_known),
            checks={"credentials": credentials_check(credentials)},
            gauges=(lambda: set_gauges(frame.pool, frame.metrics),),
        )
        await frame.run(
            frame.consuming(KeepForEro(authorities, frame.sealer)),
            keep_warning(frame.pool),
            credentials.keep_reading(),
        )
        answers = Answers(frame.pool, frame.sealer, frame.metrics, frame.relay.wake)
        await frame.enter("commits", answers.group_commit)
        gateway = Gateway(credentials, Pages(frame.pool, frame.sealer), answers)
        app = public_app(gateway, frame.metrics)
        await frame.serve_public(app, settings)
        yield
