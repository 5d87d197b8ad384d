"""Opening: from an attempt as it was sealed to what can be compared with a record."""

from dataclasses import dataclass

from electoral import nino as ninos
from electoral.calendar import london_date
from electoral.events import ApplicationReceived, NinoAbsence
from electoral.franchise import age_on
from electoral.person import Person, read_person
from electoral.sealing import Sealer, SealPurpose, key_id_of, seal_purpose_of

from verification.errors import NinoMalformed, NinoUnexplained
from verification.matching import Applicant

NINO_AGE = 16  # under-16s are not asked for a NINO, and never sent to DWP


@dataclass(frozen=True, slots=True)
class Opened:
    """Who applies, and the NINO to look up; None: nobody is to be asked."""

    applicant: Applicant
    nino: str | None  # the eight characters that identify
    nino_absence: NinoAbsence | None
    used_nino: str | None = None  # its eight characters too, if it was not looked up either
    postcode: str | None = None  # of the home that counts, as it was typed


def open_attempt(sealer: Sealer, event: ApplicationReceived) -> Opened:
    """Open a sealed attempt; raises what `errors.RETRY` and `errors.HOLD` name."""
    person = read_person(sealer.open("person", event.application_id, event.person))
    applicant = Applicant(person.names, person.date_of_birth)
    if _is_under_16(applicant, event):
        return Opened(applicant, None, "under-16", None, _postcode(person))
    nino, absence = _nino_of(sealer, event)
    if absence is not None or applicant.date_of_birth is None:
        return Opened(applicant, None, absence, nino, _postcode(person))
    return Opened(applicant, nino, None, nino, _postcode(person))


def _postcode(person: Person) -> str | None:
    """Return where the applicant lives or, from overseas, last lived in the United Kingdom."""
    home = person.qualifying_address or person.address
    return None if home is None else home.postcode


def _is_under_16(applicant: Applicant, event: ApplicationReceived) -> bool:
    born = applicant.date_of_birth
    if born is None:
        return event.nino_absence == "under-16"
    arrived_on = london_date(event.arrived_at)
    return born >= arrived_on or age_on(born, arrived_on) < NINO_AGE


def _nino_of(sealer: Sealer, event: ApplicationReceived) -> tuple[str | None, NinoAbsence | None]:
    """Return the NINO that identifies, or why there is none to look up."""
    if event.nino is None:
        if event.nino_absence in (None, "not-corrected"):  # what is merged says which
            raise NinoUnexplained
        return None, event.nino_absence
    purpose = _nino_purpose(event.nino)
    text = sealer.open(purpose, event.application_id, event.nino).decode("utf-8", "replace")
    nino = ninos.normalise(text)
    if not ninos.is_well_formed(nino):
        raise NinoMalformed
    return (None, "never-issued") if ninos.is_never_issued(nino) else (ninos.identity(nino), None)


def _nino_purpose(sealed: str) -> SealPurpose:
    """Read what a NINO was sealed for: online, or through a council; nothing else is a NINO."""
    return "nino-council" if seal_purpose_of(key_id_of(sealed)) == "nino-council" else "nino-online"
