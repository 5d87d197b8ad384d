"""Registration, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from electoral.address_lookup import SyntheticAddressLookup
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.credentials import Credentials
from electoral.frame import Frame, open_frame
from electoral.group_commit import GroupCommit
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle
from electoral.limits import RateLimit
from electoral.postcodes import PostcodeIndex
from electoral.proxies import TrustedProxies

from registration.authority import AuthorityFinder
from registration.handlers import ProgressHandler
from registration.intake import Intake
from registration.partners import Partner, read_partner
from registration.routes import Api, public_app
from registration.settings import MIGRATIONS, SERVICE, Settings
from registration.status import StatusQuestions
from registration.submission import Committer, Submissions
from registration.watch import UncheckedWatch

MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class _Files:
    """What is read before anything is opened: a wrong file ends the start."""

    partners: Credentials[Partner]
    authorities: Authorities
    postcodes: PostcodeIndex


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is registration's own."""

    files: _Files
    index: BlindIndex
    intake: Intake
    committer: Committer
    watch: UncheckedWatch


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    files = _read_files(settings)
    async with open_frame(
        SERVICE,
        settings,
        lifecycle,
        migrations=MIGRATIONS,
        purposes=("person", "nino-online"),
    ) as frame:
        parts = _parts(frame, settings, files)
        await frame.serve_admin(partial(read_side, frame.pool))
        await frame.run(
            frame.consuming(ProgressHandler()), files.partners.keep_reading(), parts.watch.run()
        )
        await frame.enter("commits", parts.committer)
        app = public_app(_api(frame, settings, parts), frame.metrics)
        await frame.serve_public(app, settings)
        yield


def _read_files(settings: Settings) -> _Files:
    return _Files(
        partners=Credentials(settings.partners_file, read_partner),
        authorities=Authorities.load(settings.authorities_file, settings.ero_contacts_file),
        postcodes=PostcodeIndex(settings.postcode_index),
    )


def _parts(frame: Frame, settings: Settings, files: _Files) -> _Parts:
    index = BlindIndex(frame.keyring)
    intake = Intake(frame.pool, hash_body=index.under, wake=frame.relay.wake)
    committer: Committer = GroupCommit(
        intake.commit,
        writers=settings.writers,
        batch_items_max=settings.commit_items_max,
        waiting_items_max=settings.waiting_items_max,
    )
    frame.metrics.gauge("intake_waiting").set_function(lambda: committer.waiting)
    return _Parts(files, index, intake, committer, UncheckedWatch(frame.pool, frame.metrics))


def _api(frame: Frame, settings: Settings, parts: _Parts) -> Api:
    files = parts.files
    finder = AuthorityFinder(
        files.authorities,
        files.postcodes,
        SyntheticAddressLookup(files.postcodes),
        settings.address_lookup_timeout_seconds,
    )
    return Api(
        submissions=Submissions(
            pool=frame.pool,
            sealer=frame.sealer,
            index=parts.index,
            finder=finder,
            intake=parts.intake,
            committer=parts.committer,
        ),
        questions=StatusQuestions(frame.pool, parts.index),
        partners=files.partners,
        authorities=files.authorities,
        metrics=frame.metrics,
        proxies=TrustedProxies(settings.trusted_proxies),
        per_address=RateLimit(settings.status_per_minute_address, MINUTE),
        per_reference=RateLimit(settings.status_per_minute_reference, MINUTE),
    )
