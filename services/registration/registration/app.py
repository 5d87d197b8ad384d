"""Registration, composed: what is its own, within the frame of every service."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from electoral.address_lookup import AddressLookup, SyntheticAddressLookup
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.calendar import Polls
from electoral.credentials import Credentials
from electoral.frame import Frame, open_frame
from electoral.group_commit import GroupCommit
from electoral.ledger import read_side
from electoral.lifecycle import Lifecycle
from electoral.limits import RateLimit
from electoral.postcodes import PostcodeIndex
from electoral.proxies import TrustedProxies

from registration.admission import Admission
from registration.admission_gate import AdmissionGate
from registration.admission_lookup import LookupElsewhere
from registration.arrival import ArrivalTokens, Signer
from registration.authority import AuthorityFinder
from registration.counted import CountedSubmissions
from registration.form.app import Form
from registration.form.assets import Assets
from registration.form.rendering import Renderer
from registration.form.sessions import Sessions
from registration.form.signing_in import signing_in_of
from registration.form.table import add_form
from registration.form.texts import Texts
from registration.form.waiting_room import WaitingRoom
from registration.handlers import ProgressHandler
from registration.intake import Intake
from registration.notify.copies import Copies, CopyWording
from registration.notify.sender import counting_unfinished
from registration.notify.sending import Sending, open_sending
from registration.partners import Partner, read_partner
from registration.performance.cost import Prices
from registration.performance.measuring import Measuring
from registration.performance.reading import PublicFigures, keep_folding
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
    polls: Polls
    texts: Texts
    assets: Assets


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is registration's own."""

    files: _Files
    admission: Admission
    index: BlindIndex
    intake: Intake
    committer: Committer
    watch: UncheckedWatch
    addresses: AddressLookup
    finder: AuthorityFinder
    submissions: Submissions
    questions: StatusQuestions
    sessions: Sessions
    per_address: RateLimit  # questions about a status, however they are asked
    per_reference: RateLimit


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    files = _read_files(settings)
    async with open_frame(
        SERVICE,
        settings,
        lifecycle,
        migrations=MIGRATIONS,
        purposes=("person", "nino-online", "form-session"),
    ) as frame:
        parts = _parts(frame, settings, files)
        await frame.serve_admin(
            partial(read_side, frame.pool), gauges=[counting_unfinished(frame.pool, frame.metrics)]
        )
        sending = await frame.enter("notify", _sending(frame, settings, files))
        await frame.run(
            frame.consuming(ProgressHandler()),
            files.partners.keep_reading(),
            parts.admission.keep_looking(),
            parts.watch.run(),
            parts.sessions.keep_sweeping(),
            sending(),
            keep_folding(frame.pool),
            Measuring(frame.pool, settings.measured_metrics_urls).run(),
        )
        await frame.enter("commits", parts.committer)
        await frame.enter("sessions", parts.sessions)
        app = public_app(_api(frame, settings, parts), frame.metrics)
        gate = AdmissionGate(parts.admission)
        app.middlewares.append(gate.middleware)
        add_form(app, _form(frame, settings, parts))
        await frame.serve_public(app, settings, gate=gate)
        yield


def _read_files(settings: Settings) -> _Files:
    return _Files(
        partners=Credentials(settings.partners_file, read_partner),
        authorities=Authorities.load(settings.authorities_file, settings.ero_contacts_file),
        postcodes=PostcodeIndex(settings.postcode_index),
        polls=Polls.load(),
        texts=Texts.load(),
        assets=Assets.load(),
    )


def _parts(frame: Frame, settings: Settings, files: _Files) -> _Parts:
    index = BlindIndex(frame.keyring)
    intake = Intake(frame.pool, hash_body=index.under, wake=frame.relay.wake)
    committer: Committer = GroupCommit(
        intake.commit,
        writers=settings.writers,
        batch_items_max=settings.commit_items_max,
        waiting_items_max=settings.waiting_items_max,
        pace=settings.commit_pace_seconds,
    )
    frame.metrics.gauge("intake_waiting").set_function(lambda: committer.waiting)
    admission = Admission(
        enabled=settings.admission,
        target_seconds=settings.admission_target_seconds,
        metrics=frame.metrics,
    )
    addresses = LookupElsewhere(SyntheticAddressLookup(files.postcodes), admission)
    timeout = settings.address_lookup_timeout_seconds
    finder = AuthorityFinder(files.authorities, files.postcodes, addresses, timeout)
    return _Parts(
        files=files,
        admission=admission,
        index=index,
        intake=intake,
        committer=committer,
        watch=UncheckedWatch(frame.pool, frame.metrics),
        addresses=addresses,
        finder=finder,
        submissions=Submissions(
            pool=frame.pool,
            sealer=frame.sealer,
            index=index,
            finder=finder,
            intake=intake,
            committer=committer,
        ),
        questions=StatusQuestions(frame.pool, index),
        sessions=Sessions(frame.pool, frame.sealer, frame.metrics),
        per_address=RateLimit(settings.status_per_minute_address, MINUTE),
        per_reference=RateLimit(settings.status_per_minute_reference, MINUTE),
    )


def _api(frame: Frame, settings: Settings, parts: _Parts) -> Api:
    return Api(
        submissions=parts.submissions,
        questions=parts.questions,
        partners=parts.files.partners,
        authorities=parts.files.authorities,
        arrivals=ArrivalTokens(Signer(parts.index), timedelta(hours=settings.arrival_hours)),
        metrics=frame.metrics,
        proxies=TrustedProxies(settings.trusted_proxies),
        per_address=parts.per_address,
        per_reference=parts.per_reference,
    )


def _form(frame: Frame, settings: Settings, parts: _Parts) -> Form:
    files = parts.files
    waiting = WaitingRoom(parts.admission, Signer(parts.index), files.polls, settings)
    frame.metrics.gauge("form_waiting").set_function(lambda: len(waiting.line))
    return Form(
        settings=settings,
        admission=parts.admission,
        waiting=waiting,
        pool=frame.pool,
        sealer=frame.sealer,
        sessions=parts.sessions,
        helpers=signing_in_of(settings, frame.pool, parts.index, frame.metrics),
        submissions=parts.submissions,
        intake=CountedSubmissions(parts.submissions, frame.metrics),
        questions=parts.questions,
        finder=parts.finder,
        addresses=parts.addresses,
        postcodes=files.postcodes,
        authorities=files.authorities,
        polls=files.polls,
        texts=files.texts,
        renderer=Renderer(files.texts, files.assets),
        assets=files.assets,
        metrics=frame.metrics,
        proxies=TrustedProxies(settings.trusted_proxies),
        per_address=parts.per_address,
        per_reference=parts.per_reference,
        figures=PublicFigures(frame.pool, _prices(settings), files.authorities),
        files_per_address=RateLimit(settings.files_per_minute_address, MINUTE),
        copies=Copies(frame.pool, frame.sealer, offered=settings.notify_url is not None),
    )


def _sending(
    frame: Frame, settings: Settings, files: _Files
) -> AbstractAsyncContextManager[Sending]:
    return open_sending(
        settings,
        pool=frame.pool,
        sealer=frame.sealer,
        wording=CopyWording(files.texts, files.authorities),
        metrics=frame.metrics,
    )


def _prices(settings: Settings) -> Prices:
    return Prices(settings.price_cpu_hour_pence, settings.price_gigabyte_month_pence)
