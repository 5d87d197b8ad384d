"""The gateway, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from ssl import SSLContext

from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.frame import open_frame
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle
from electoral.metrics import Metrics
from electoral.postcodes import PostcodeIndex
from electoral.postgres import Pool
from electoral.proxies import TrustedProxies
from electoral.retention import Retention
from electoral.routes import Authenticate
from electoral.sealing import Sealer
from electoral.tls import server_context

from ems_gateway.answers import BATCH_CHUNKS_MAX, Answers
from ems_gateway.calling.callers import Caller, Callers
from ems_gateway.calling.eros_file import open_eros_file, set_file_gauge
from ems_gateway.calling.issued import Issued
from ems_gateway.calling.pace import Pace, pace_of
from ems_gateway.councils.paper import PaperApplications
from ems_gateway.councils.paper_reading import PaperReader
from ems_gateway.councils.previous import FindByPostcode, PreviousAuthorities
from ems_gateway.councils.resubmission import Resubmissions
from ems_gateway.councils.taking import Proofs
from ems_gateway.determinations.taking import Determinations
from ems_gateway.gateway import Gateway
from ems_gateway.handlers import KeepForEro
from ems_gateway.history.heads import keep_writing_heads
from ems_gateway.history.statements import Statements
from ems_gateway.history.telling import Histories
from ems_gateway.history.writing import History
from ems_gateway.leases import Leases, keep_forgetting
from ems_gateway.moves.moving import Moves, keep_sweeping
from ems_gateway.moves.responsibility import AuthorityFiles, Responsibilities, keep_reading
from ems_gateway.moves.splitting import parts_by
from ems_gateway.notices.answering import Notices
from ems_gateway.notices.moving import NoticeMoves, keep_sweeping_notices
from ems_gateway.notices.writing import NoticeWriter
from ems_gateway.offers import Offers
from ems_gateway.overdue import keep_reporting
from ems_gateway.pages import Pages
from ems_gateway.postgres.attempts import which_are_known
from ems_gateway.postgres.failures import FAILURES_SEALED_AND_UNFINISHED
from ems_gateway.postgres.notices import NOTICES_SEALED_AND_UNFINISHED
from ems_gateway.postgres.records import SEALED_AND_UNFINISHED
from ems_gateway.postgres.responsibilities import read_stated
from ems_gateway.pulls import Pulls
from ems_gateway.routes import public_app
from ems_gateway.settings import MIGRATIONS, SERVICE, Settings
from ems_gateway.watch import keep_warning, set_all_gauges

KEPT_BY_DEFAULT = Retention()


def authority_files(settings: Settings) -> AuthorityFiles:
    """Name the files of authorities and EROs."""
    return AuthorityFiles(settings.authorities_file, settings.ero_contacts_file)


async def read_responsibilities(settings: Settings, pool: Pool) -> Responsibilities:
    """Read who answers for which code, as it is now."""
    return Responsibilities(authority_files(settings).load(), await read_stated(pool))


def open_postcodes(settings: Settings) -> PostcodeIndex | None:
    """Open the index of postcodes, if there is one; raises PostcodeIndexUnusable."""
    return None if settings.postcode_index is None else PostcodeIndex(settings.postcode_index)


def compose(
    *,
    pool: Pool,
    sealer: Sealer,
    index: BlindIndex,
    history: History,
    authorities: Authorities,
    responsibilities: Responsibilities,
    metrics: Metrics,
    authenticate: Authenticate[Caller],
    pace: Pace,
    after_commit: Callable[[], None],
    retention: Retention = KEPT_BY_DEFAULT,
    find_by_postcode: FindByPostcode | None = None,
    answers_commit_max: int = BATCH_CHUNKS_MAX,
) -> Gateway:
    """Put together what the routes need; `after_commit` is called when events were written."""
    proofs = Proofs(index)
    previous = PreviousAuthorities(find_by_postcode, responsibilities)
    return Gateway(
        authenticate=authenticate,
        pace=pace,
        pages=Pages(pool, sealer, history, responsibilities),
        offers=Offers(pool, sealer, history, retention=retention),
        leases=Leases(pool, history),
        paper=PaperApplications(
            pool=pool,
            reader=PaperReader(sealer, proofs, responsibilities, previous),
            proofs=proofs,
            history=history,
            metrics=metrics,
            after_commit=after_commit,
        ),
        resubmissions=Resubmissions(
            pool=pool,
            sealer=sealer,
            proofs=proofs,
            history=history,
            previous=previous,
            retention=retention,
            is_destroyed=index.is_destroyed,
            metrics=metrics,
            after_commit=after_commit,
        ),
        answers=Answers(pool, sealer, history, metrics, after_commit, answers_commit_max),
        pulls=Pulls(pool),
        determinations=Determinations(
            pool, history, NoticeWriter(sealer, responsibilities.route), metrics, after_commit
        ),
        notices=Notices(pool, sealer, history, retention),
        histories=Histories(pool),
        statements=Statements(pool, history),
    )


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    # Read before anything is opened: a wrong file ends the start.
    files = authority_files(settings)
    authorities = files.load()
    postcodes = open_postcodes(settings)
    eros_file = open_eros_file(settings.eros_file, files.load)
    tls = _tls(settings)
    async with open_frame(
        SERVICE,
        settings,
        lifecycle,
        migrations=MIGRATIONS,
        purposes=("person", "nino-council"),
        sealed=SEALED_AND_UNFINISHED
        + FAILURES_SEALED_AND_UNFINISHED
        + NOTICES_SEALED_AND_UNFINISHED,
    ) as frame:
        index = BlindIndex(frame.keyring)
        responsibilities = Responsibilities(authorities, await read_stated(frame.pool))
        parts = parts_by(postcodes, frame.sealer)
        history = History(frame.keyring)
        issued = Issued(frame.pool)
        await issued.try_to_read()
        moves = Moves(frame.pool, responsibilities, history, parts)
        await frame.serve_admin(
            partial(read_side, frame.pool, which_are_known=which_are_known),
            checks={"history": history.check},
            gauges=(
                partial(set_all_gauges, frame.pool, frame.metrics),
                partial(set_file_gauge, eros_file, frame.metrics),
            ),
        )
        await frame.run(
            frame.consuming(KeepForEro(responsibilities, frame.sealer, history)),
            keep_warning(frame.pool),
            keep_reporting(frame.pool),
            keep_forgetting(frame.pool),
            keep_reading(responsibilities, files, frame.pool),
            keep_sweeping(moves),
            keep_writing_heads(frame.pool, history),
            keep_sweeping_notices(NoticeMoves(frame.pool, responsibilities, history)),
            eros_file.keep_reading(),
            issued.keep_reading(),
        )
        pace = pace_of(
            settings.requests_per_second_max, settings.sent_up_per_second_max, frame.metrics
        )
        gateway = compose(
            pool=frame.pool,
            sealer=frame.sealer,
            index=index,
            history=history,
            authorities=authorities,
            responsibilities=responsibilities,
            metrics=frame.metrics,
            authenticate=Callers(
                eros_file=eros_file,
                issued=issued,
                proxies=TrustedProxies(settings.proxy_addresses),
                pace=pace,
                metrics=frame.metrics,
            ).authenticate,
            pace=pace,
            after_commit=frame.relay.wake,
            retention=settings.retention,
            find_by_postcode=None if parts is None else parts.gss_code,
            answers_commit_max=settings.answers_commit_max,
        )
        await frame.enter("commits", gateway.answers.group_commit)
        await frame.stack.enter_async_context(lifecycle.task(gateway.pulls.keep_writing()))
        await frame.serve_public(public_app(gateway, frame.metrics), settings, tls)
        yield


def _tls(settings: Settings) -> SSLContext | None:
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if certificate is None or key is None or client_ca is None:
        return None
    return server_context(certificate, key, client_ca)
