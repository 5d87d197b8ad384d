"""Submission: from a request's bytes to a receipt, or to what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from electoral import franchise, problems
from electoral.calendar import london_date
from electoral.events import Source
from electoral.group_commit import GroupCommit, Unavailable
from electoral.identifiers import draw_reference, new_application_id
from electoral.postgres import Pool, is_away
from electoral.problems import FieldError, Problem
from electoral.sealing import BlindIndex, Sealer, SealingError

from registration import postgres
from registration.acceptance import Acceptance, IntakeKey, Receipt, Stored
from registration.application import Application
from registration.authority import AuthorityFinder, Placed
from registration.errors import KeyReused, KeysMissing
from registration.intake import Intake
from registration.json_body import canonical_json
from registration.reading import InvalidApplication, check_for_nation, read_application

IDEMPOTENCY_KEY_LENGTH_MAX = 255
PARTNER_SOURCES: dict[str, Source] = {"web": "web", "assisted": "assisted"}

Committer = GroupCommit[tuple[Acceptance, bytes], Receipt | KeyReused]


@dataclass(frozen=True, slots=True)
class Partner:
    """Who sends: a client of the API."""

    client_id: str
    source: Source  # web or assisted


def read_partner(entry: Mapping[str, object]) -> Partner:
    """Read an entry of the partners' file; raises KeyError or ValueError."""
    source: Source = PARTNER_SOURCES[str(entry["source"])]
    return Partner(str(entry["clientId"]), source)


def check_idempotency_key(key: str | None) -> str:
    """Return the key; 400 when it is missing, too long or not visible ASCII."""
    if not key or len(key) > IDEMPOTENCY_KEY_LENGTH_MAX or not _is_visible_ascii(key):
        raise problems.malformed(
            "Send a key of your own for each application in the header `Idempotency-Key`: "
            f"1 to {IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters."
        )
    return key


def _is_visible_ascii(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)


def key_reused() -> Problem:
    """Say that a key came again with another body."""
    return Problem(
        422,
        "idempotency-key-reused",
        "This key was used for another application",
        "Send another application under a key of its own. "
        "To repeat the first one, send exactly the same body.",
    )


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

    async def submit(
        self, body: object, *, key: str, partner: Partner, arrived_at: datetime, traceparent: str
    ) -> Receipt:
        """Accept an application or answer a repeat; raises `Problem` or `Unavailable`."""
        try:
            return await self._submit(body, key, partner, arrived_at, traceparent)
        except SealingError as error:
            raise KeysMissing(type(error).__name__) from None

    async def _submit(
        self, body: object, key: str, partner: Partner, arrived_at: datetime, traceparent: str
    ) -> Receipt:
        canonical = canonical_json(body)
        intake_key = self._intake_key(partner, key)
        try:
            application, placed = await self._read(body, partner, arrived_at)
        except InvalidApplication as error:
            # A repeat after midnight, when a rule has changed, must find its receipt.
            return await self._earlier_receipt(intake_key, canonical, error.errors)
        acceptance = self._acceptance(
            application, placed, intake_key, canonical, partner, arrived_at, traceparent
        )
        return _receipt(await self._committer.submit((acceptance, canonical)))

    def _intake_key(self, partner: Partner, key: str) -> IntakeKey:
        hashed = self._index.permanent("idempotency", key.encode())
        return IntakeKey(partner.client_id, hashed)

    async def _read(
        self, body: object, partner: Partner, arrived_at: datetime
    ) -> tuple[Application, Placed]:
        application = read_application(body, arrived_at=arrived_at, source=partner.source)
        placed = await self._finder.place(application, london_date(arrived_at))
        errors = check_for_nation(application, placed.nation, arrived_at)
        if errors:
            raise InvalidApplication(errors)
        return application, placed

    async def _earlier_receipt(
        self, key: IntakeKey, canonical: bytes, errors: tuple[FieldError, ...]
    ) -> Receipt:
        stored = await self._find(key)
        if stored is None:
            raise problems.invalid(errors)
        return _receipt(self._intake.replay(stored, canonical))

    async def _find(self, key: IntakeKey) -> Stored | None:
        try:
            return (await postgres.find_by_key(self._pool, [key])).get(key)
        except Exception as error:
            if not is_away(error):
                raise
            raise Unavailable(type(error).__name__) from None

    def _acceptance(
        self,
        application: Application,
        placed: Placed,
        key: IntakeKey,
        canonical: bytes,
        partner: Partner,
        arrived_at: datetime,
        traceparent: str,
    ) -> Acceptance:
        on = london_date(arrived_at)
        application_id = new_application_id()
        body_key_id, body_hash = self._index.current("body", canonical)
        postcode_key_id, postcode_hash = self._index.current(
            "status", application.address.postcode.encode()
        )
        born, nino = application.date_of_birth, application.nino
        seal = self._sealer.seal
        return Acceptance(
            key=key,
            application_id=application_id,
            reference=draw_reference(),
            body_hash=body_hash,
            body_key_id=body_key_id,
            postcode_hash=postcode_hash,
            postcode_key_id=postcode_key_id,
            gss_code=placed.gss_code,
            previous_gss_code=self._finder.previous(application, on),
            address_basis=placed.basis,
            source=partner.source,
            type=application.type,
            language=application.language,
            age_years=None if born is None else franchise.age_on(born, on),
            arrived_at=arrived_at,
            sealed_person=seal("person", application_id, application.person_json()),
            sealed_nino=None
            if nino is None
            else seal("nino-online", application_id, nino.encode()),
            nino_absence=application.nino_absence,
            traceparent=traceparent,
        )


def _receipt(answer: Receipt | KeyReused) -> Receipt:
    if isinstance(answer, KeyReused):
        raise key_reused()
    return answer


class BodyHasher:
    """Hashes a body under the key of the first one; None after that key's end."""

    def __init__(self, index: BlindIndex) -> None:
        self._index = index

    def __call__(self, key_id: str, body: bytes) -> bytes | None:
        try:
            return self._index.under(key_id, body)
        except SealingError:
            return None


def now() -> datetime:
    """Return the moment at which a request reached us, by this machine's clock."""
    return datetime.now(UTC)
