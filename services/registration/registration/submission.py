"""Submission: from a parsed body to a receipt, or to what is wrong with it."""

from datetime import date, datetime
from typing import NamedTuple

from electoral import franchise, problems
from electoral.blind_index import BlindIndex
from electoral.calendar import london_date
from electoral.events import Language
from electoral.group_commit import GroupCommit, Unavailable
from electoral.identifiers import draw_reference, new_application_id
from electoral.json_body import canonical_json
from electoral.postgres import Pool, is_away
from electoral.problems import FieldError
from electoral.sealing import Sealer, SealingError

from registration.acceptance import Acceptance, IntakeKey, Receipt, Stored
from registration.application import Application
from registration.authority import AuthorityFinder, Placed
from registration.errors import KeyReused, KeysMissing
from registration.idempotency import key_reused
from registration.intake import Answer, Intake
from registration.partners import Partner
from registration.postgres.applications import find_by_key
from registration.reading import InvalidApplication, check_for_nation, read_application

Committer = GroupCommit[tuple[Acceptance, bytes], Answer]


class Arrival(NamedTuple):
    """How an application reached us."""

    partner: Partner
    key: str  # the partner's idempotency key
    at: datetime  # by this machine's clock
    traceparent: str
    language: Language = "en"  # in which it is told what is wrong with it
    came_at: datetime | None = None  # when its sender first came, if we know

    @property
    def counts_at(self) -> datetime:
        """When it arrived: by the day of this the rules are counted."""
        return self.came_at or self.at


class _Sent(NamedTuple):
    """What was sent, as far as it matters for recognising a repeat."""

    key: IntakeKey
    canonical: bytes  # the body, written in one way only


class Submissions:
    """Takes applications in: validates, places, seals, commits, answers."""

    def __init__(
        self,
        *,
        pool: Pool,
        sealer: Sealer,
        index: BlindIndex,
        finder: AuthorityFinder,
        intake: Intake,
        committer: Committer,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._index = index
        self._finder = finder
        self._intake = intake
        self._committer = committer

    async def submit(self, body: object, arrival: Arrival) -> Receipt:
        """Accept an application or answer a repeat; raises `Problem` or `Unavailable`."""
        try:
            return await self._submit(body, arrival)
        except SealingError as error:
            raise KeysMissing(type(error).__name__) from None

    async def find_sent(self, arrival: Arrival) -> Stored | None:
        """Return what was accepted under a key, whatever it said; raises `Unavailable`."""
        return await self._find(self._intake_key(arrival))

    async def _submit(self, body: object, arrival: Arrival) -> Receipt:
        on = london_date(arrival.counts_at)
        sent = _Sent(self._intake_key(arrival), canonical_json(body))
        try:
            application, placed = await self._read(body, arrival, on)
        except InvalidApplication as error:
            # A repeat after midnight, when a rule has changed, must find its receipt.
            return await self._earlier_receipt(sent, error.errors)
        acceptance = self._accept(application, placed, sent, arrival, on)
        return _receipt(await self._committer.submit((acceptance, sent.canonical)))

    def _intake_key(self, arrival: Arrival) -> IntakeKey:
        hashed = self._index.permanent("idempotency", arrival.key.encode())
        return IntakeKey(arrival.partner.client_id, hashed)

    async def _read(self, body: object, arrival: Arrival, on: date) -> tuple[Application, Placed]:
        source, language = arrival.partner.source, arrival.language
        application = read_application(body, on=on, source=source, language=language)
        placed = await self._finder.place(application, on)
        errors = check_for_nation(application, placed.nation, on, language)
        if errors:
            raise InvalidApplication(errors)
        return application, placed

    async def _earlier_receipt(self, sent: _Sent, errors: tuple[FieldError, ...]) -> Receipt:
        stored = await self._find(sent.key)
        if stored is None:
            raise problems.invalid(errors)
        return _receipt(self._intake.replay(stored, sent.canonical))

    async def _find(self, key: IntakeKey) -> Stored | None:
        try:
            return (await find_by_key(self._pool, [key])).get(key)
        except Exception as error:
            if not is_away(error):
                raise
            raise Unavailable(type(error).__name__) from None

    def _accept(
        self, application: Application, placed: Placed, sent: _Sent, arrival: Arrival, on: date
    ) -> Acceptance:
        """Seal and hash what is stored of an application that passed every rule."""
        application_id = new_application_id()
        body_key_id, body_hash = self._index.current("body", sent.canonical)
        postcode_key_id, postcode_hash = self._index.current(
            "status", application.address.postcode.encode()
        )
        born, nino = application.date_of_birth, application.nino
        seal = self._sealer.seal
        return Acceptance(
            key=sent.key,
            application_id=application_id,
            reference=draw_reference(),
            body_hash=body_hash,
            body_key_id=body_key_id,
            postcode_hash=postcode_hash,
            postcode_key_id=postcode_key_id,
            gss_code=placed.gss_code,
            previous_gss_code=self._finder.previous(application, on),
            address_basis=placed.basis,
            source=arrival.partner.source,
            type=application.type,
            language=application.language,
            age_years=None if born is None else franchise.age_on(born, on),
            arrived_at=arrival.at,
            sealed_person=seal("person", application_id, application.person_json()),
            sealed_nino=None
            if nino is None
            else seal("nino-online", application_id, nino.encode()),
            nino_absence=application.nino_absence,
            traceparent=arrival.traceparent,
            time_taken_seconds=application.time_taken_seconds,
            came_at=arrival.came_at,
        )


def _receipt(answer: Answer) -> Receipt:
    if isinstance(answer, KeyReused):
        raise key_reused()
    if isinstance(answer, KeysMissing):
        raise answer
    return answer
