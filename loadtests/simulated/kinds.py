"""The kinds of difference between an application and DWP's record, and how often each occurs."""

from dataclasses import dataclass, fields
from enum import StrEnum

from simulated.chance import MILLION


class Kind(StrEnum):
    """What is particular about a person. `AS_ON_RECORD` is everybody else."""

    AS_ON_RECORD = "as-on-record"
    OTHER_FIRST_NAME = "other-first-name"  # the record of this NINO has another first name
    OTHER_LAST_NAME = "other-last-name"
    WRONG_DATE_OF_BIRTH = "wrong-date-of-birth"
    UNKNOWN_NINO = "unknown-nino"
    NO_NINO = "no-nino"
    DECEASED = "deceased"
    UNDER_16 = "under-16"  # in Scotland and Wales only
    NO_DATE_OF_BIRTH = "no-date-of-birth"
    PREVIOUS_NAME_ON_RECORD = "previous-name-on-record"  # married, and says so
    PREVIOUS_NAME_NOT_GIVEN = "previous-name-not-given"  # married, and does not
    ALIAS = "alias"  # the record has another form of the first name: Mike, Michael; Siân, Jane
    SWAPPED_NAMES = "swapped-names"
    ACCENTS_LEFT_OUT = "accents-left-out"  # by the applicant; the record has them
    TRANSLITERATED = "transliterated"  # typed in their own script, on record in Latin letters
    MISTYPED_NAME = "mistyped-name"  # what comes of it depends on the mistake: nobody judges it
    # These three are neighbours of the person before them, who must be as on record; else they
    # are as on record themselves.
    TWIN = "twin"  # last name, address and date of birth of the other one
    TWINS_NINO = "twins-nino"  # a twin who gives the other's NINO; where the names are English
    SHARED_NINO = "shared-nino"  # gives the NINO of a neighbour, who is nobody to them


@dataclass(frozen=True)
class Shares:
    """Shares of the population, 0 to 1. Citizens and DWP must be given the same ones."""

    other_first_name: float = 0.02
    other_last_name: float = 0.02
    wrong_date_of_birth: float = 0.02
    unknown_nino: float = 0.02
    no_nino: float = 0.03
    deceased: float = 0.005
    under_16: float = 0.01  # of the people who live in Scotland and Wales
    no_date_of_birth: float = 0.003
    previous_name_on_record: float = 0.01
    previous_name_not_given: float = 0.005
    alias: float = 0.02
    swapped_names: float = 0.005
    accents_left_out: float = 0.005
    transliterated: float = 0.003
    mistyped_name: float = 0.0  # a share of them would be a share that is not judged
    twin: float = 0.005
    twins_nino: float = 0.002
    shared_nino: float = 0.003
    unplaceable: float = 0.005  # postcode without an authority: held as authority-unknown
    unplaceable_with_gss_code: float = 0.002  # the same, but the application names the council
    by_hand: float = 0.08  # of the placeable: a typed address, without a UPRN
    decomposed: float = 0.05  # names typed with the accents as separate characters (NFD)

    def __post_init__(self) -> None:
        wrong = [f.name for f in fields(self) if not 0 <= getattr(self, f.name) <= 1]
        if wrong:
            raise ValueError(f"a share is between 0 and 1: {', '.join(wrong)}")
        if self.kind_limits()[-1][0] > MILLION:
            raise ValueError("the shares of the kinds add up to more than 1")

    def kind_limits(self) -> list[tuple[float, Kind]]:
        """Upper limits, in millionths and ascending, below which a draw means this kind."""
        limits: list[tuple[float, Kind]] = []
        reached = 0.0
        for kind in list(Kind)[1:]:
            reached += getattr(self, kind.name.lower()) * MILLION
            limits.append((reached, kind))
        return limits


def shares_of(changes: dict[str, float]) -> Shares:
    """Shares with these changes; an unknown name is an error that lists the known ones."""
    known = {f.name for f in fields(Shares)}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise ValueError(f"unknown share {unknown[0]}; there are: {', '.join(sorted(known))}")
    return Shares(**changes)
