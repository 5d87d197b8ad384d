"""Paper applications as an authority sends them: read one by one, hashed and sealed."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from electoral.calendar import london_date
from electoral.events import NinoAbsence
from electoral.identifiers import new_application_id
from electoral.json_body import canonical_json
from electoral.problems import FieldError
from electoral.sealing import Sealer

from ems_gateway.calling.callers import Caller
from ems_gateway.councils.answers import CouncilAnswers, InvalidAnswers, read_whole
from ems_gateway.councils.messages import sentence
from ems_gateway.councils.previous import PreviousAuthorities
from ems_gateway.councils.taking import Proof, Proofs, is_own_id
from ems_gateway.moves.responsibility import Responsibilities

ITEM_BYTES_MAX = 64 * 1024


class Arrived(NamedTuple):
    """Whose a request is, and how it came."""

    caller: Caller
    at: datetime  # by this machine's clock
    traceparent: str | None

    @property
    def on(self) -> date:
        return london_date(self.at)


class Refusal(NamedTuple):
    """Why one item was not taken."""

    status: int
    errors: tuple[FieldError, ...]


class AcceptedPaper(NamedTuple):
    """An application that may be taken."""

    application_id: UUID
    proof: Proof
    gss_code: str
    previous_gss_code: str | None
    answers: CouncilAnswers
    person: str  # sealed
    nino: str | None  # sealed
    nino_absence: NinoAbsence | None


class PaperItem(NamedTuple):
    """An item as it was read; without a proof nothing can have been taken under its id."""

    body: object
    proof: Proof | None = None
    accepted: AcceptedPaper | None = None
    refusal: Refusal | None = None


class PaperReader:
    """Makes what may be taken of what was sent, or says why not."""

    def __init__(
        self,
        sealer: Sealer,
        proofs: Proofs,
        responsibilities: Responsibilities,
        previous: PreviousAuthorities,
    ) -> None:
        self._sealer = sealer
        self._proofs = proofs
        self._responsibilities = responsibilities
        self._previous = previous

    def read(self, body: object, arrived: Arrived) -> PaperItem:
        """Read one item; raises a `SealingError` when a key is not there."""
        if not isinstance(body, dict):
            return PaperItem(body, refusal=refused(400, "", "not-an-application"))
        record_id = body.get("recordId")
        if not is_own_id(record_id):
            return PaperItem(body, refusal=refused(400, "/recordId", "own-id"))
        if len(canonical_json(body)) > ITEM_BYTES_MAX:
            return PaperItem(body, refusal=refused(413, "", "too-large"))
        proof = self._proofs.of("paper", arrived.caller.ero, record_id, body)
        try:
            return PaperItem(body, proof, accepted=self._accept(body, proof, arrived))
        except InvalidAnswers as error:
            return PaperItem(body, proof, refusal=Refusal(422, error.errors))

    def _accept(self, body: dict[str, object], proof: Proof, arrived: Arrived) -> AcceptedPaper:
        answers = read_whole({n: v for n, v in body.items() if n != "recordId"}, arrived.on)
        application_id, seal = new_application_id(), self._sealer.seal
        identifier = answers.identifier(arrived.on)
        person = answers.person_json(application_type="ordinary", language=answers.language or "en")
        nino = identifier.nino
        return AcceptedPaper(
            application_id=application_id,
            proof=proof,
            gss_code=self._own_gss_code(answers.gss_code, arrived),
            previous_gss_code=self._previous.of(answers, arrived.on),
            answers=answers,
            person=seal("person", application_id, person),
            nino=None if nino is None else seal("nino-council", application_id, nino.encode()),
            nino_absence=identifier.absence,
        )

    def _own_gss_code(self, gss_code: str | None, arrived: Arrived) -> str:
        """Return a code that the caller answers for; an ended one's successor."""
        if gss_code is None:
            raise InvalidAnswers([_error("/gssCode", "missing")])
        found = self._responsibilities.destination(gss_code, arrived.on)
        if found.ero != arrived.caller.ero:
            raise InvalidAnswers([_error("/gssCode", "not-yours")])
        return found.gss_code


def _error(pointer: str, code: str) -> FieldError:
    return FieldError(pointer, code, sentence(code))


def refused(status: int, pointer: str, code: str) -> Refusal:
    return Refusal(status, (_error(pointer, code),))
