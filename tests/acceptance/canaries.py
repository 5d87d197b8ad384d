"""Applicants whose every datum is a canary, what DWP has on record of them, and other canaries."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from builders import ABSENT, an_address, an_application

from acceptance.leak_scan import Canary, Kind

SIMULATED_COUNCILS = ("isle-of-wight", "orkney-and-shetland", "ceredigion")
"""EROs whose simulated systems acknowledge everything."""
FAILING_COUNCIL = "hertsmere"
"""The ERO that the test itself speaks for, to refuse what it gets."""

Name = tuple[str, str, str]  # first, middle, last


@dataclass(frozen=True)
class OnRecord:
    """What DWP has, of which nothing is in the application."""

    names: tuple[Name, ...]
    born: str | None = None  # None: as the applicant says
    died: str | None = None


@dataclass(frozen=True)
class Applicant:
    """One person; what is None is not given."""

    who: str
    name: Name
    born: str | None
    nino: str | None
    postcode: str
    record: OnRecord | None = None  # None: DWP knows nobody under this NINO
    named_on_record: bool = True  # DWP has the applicant's own name, too
    previous_name: Name | None = None
    country: str = "england"
    more: dict[str, object] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)  # canaries in `more`, by what they are

    @property
    def tag(self) -> str:
        """A word of their own, for what everybody has: e-mail, street, town."""
        return self.name[2].lower().replace("'", "").replace(" ", "")

    def application(self, **changes: object) -> dict[str, object]:
        """The body of POST /v1/applications."""
        first, middle, last = self.name
        body = an_application(
            firstName=first,
            middleNames=middle or ABSENT,
            lastName=last,
            dateOfBirth=self.born or ABSENT,
            nino=f"{self.nino}C" if self.nino else ABSENT,
            country=self.country,
            address=an_address(
                property=f"{self.tag} lodge",
                street=f"{self.tag} passage",
                town=f"{self.tag} magna",
                postcode=self.postcode,
                uprn=ABSENT,
            ),
            contact={"email": f"{self.tag}@example.org", "phone": self._phone},
            applicantIp=self._ip,
            **({"previousName": self._previous()} if self.previous_name else {}),
        )
        return body | self.more | changes

    @property
    def _phone(self) -> str:
        return f"0163296{sum(map(ord, self.tag)):04d}7"

    @property
    def _ip(self) -> str:
        return f"2001:db8:7a3c:91e5:{sum(map(ord, self.tag)):x}::d00f"

    def _previous(self) -> dict[str, str]:
        first, middle, last = self.previous_name or ("", "", "")
        return {
            "firstName": first,
            "middleNames": middle,
            "lastName": last,
            "changeReason": f"{self.tag} divorce",
        }

    def canaries(self) -> Iterator[Canary]:
        """What the application holds."""
        yield from self._names("", self.name)
        yield from self._names("previous ", self.previous_name or ("", "", ""))
        if self.born:
            yield self._canary("date of birth", Kind.DATE, self.born)
        if self.nino:
            yield self._canary("NINO", Kind.NINO, self.nino)
        yield self._canary("postcode", Kind.POSTCODE, self.postcode)
        yield self._canary("phone", Kind.TEXT, self._phone)
        yield self._canary("address of the computer", Kind.TEXT, self._ip)
        for what, text in {"e-mail, street, town": self.tag, **self.written}.items():
            yield self._canary(what, Kind.TEXT, text)

    def canaries_of_dwp(self) -> Iterator[Canary]:
        """What only DWP's record holds."""
        if self.record is None:
            return
        for name in self.record.names:
            yield from self._names("recorded ", name)
        for what, day in (("birth", self.record.born), ("death", self.record.died)):
            if day:
                yield self._canary(f"recorded date of {what}", Kind.DATE, day)

    def _names(self, which: str, name: Name) -> Iterator[Canary]:
        for part, text in zip(("first", "middle", "last"), name, strict=True):
            if text:
                yield self._canary(f"{which}{part} name", Kind.TEXT, text)

    def _canary(self, what: str, kind: Kind, text: str) -> Canary:
        return Canary(f"{what} of {self.who}", kind, text)

    def as_recorded(self) -> dict[str, object] | None:
        """DWP's record, as the simulated DWP reads it."""
        if self.record is None:
            return None
        names = [*self.record.names, *([self.name] if self.named_on_record else [])]
        return {
            "nino": self.nino,
            "names": [dict(zip(("first", "middle", "last"), n, strict=True)) for n in names],
            "dateOfBirth": self.record.born or self.born,
            "dateOfDeath": self.record.died,
        }


APPLICANTS = (
    Applicant(
        "the matched one",
        ("Quillonara", "Brixtevane", "Wolferqast"),
        "1931-08-29",
        "YX604918",
        "PO30 1ND",
        OnRecord((("Vexandrila", "Thornuquil", "Ombergaste"),)),
    ),
    Applicant(
        "the deceased",
        ("Jovembrik", "", "Askelvandt"),
        "1934-02-17",
        "WZ286153",
        "KW15 1AZ",
        OnRecord((("Jovembrok", "Pelluwinde", "Askelvundt"),), died="1997-03-28"),
        country="scotland",
    ),
    Applicant(
        "the one on record under another name",
        ("Murrowyn", "Kestivalle", "Dranquist"),
        "1938-06-14",
        "XW917350",
        "SA38 9QJ",
        OnRecord((("Ulverstine", "", "Zephqrowne"), ("Ulverstine", "Nacturbel", "Hoxwellby"))),
        named_on_record=False,
        country="wales",
    ),
    Applicant(
        "the one with a wrong date of birth",
        ("Fennimoreq", "", "Gildrazzle"),
        "1942-09-25",
        "ZX548207",
        "PO30 1PG",
        OnRecord((("Fennimorque", "", "Gildrozzle"),), born="1924-11-19"),
    ),
    Applicant(
        "the one whom DWP does not know",
        ("Tysselbine", "", "Ravenquorl"),
        "1945-03-31",
        "WX860294",
        "SA39 9LN",
        country="wales",
    ),
    Applicant(
        "the one without papers",
        ("Yanterwolf", "", "Crimbaxley"),
        None,
        None,
        "PO30 1LB",
        more={
            "noDateOfBirth": {"reason": "Orphanqueen of Zarvik", "ageRange": "18to75"},
            "noNino": {"reason": "Burnt at Wexelmoor"},
        },
        written={
            "reason for no date of birth": "Orphanqueen of Zarvik",
            "reason for no NINO": "Burnt at Wexelmoor",
        },
    ),
    Applicant(
        "the one whom nobody can place",
        ("Brüñzéldqa", "Ôxfàrthîng", "O'Zwyndaqor"),
        "1949-12-13",
        "XY142739",
        "CH47 3ZZ",
        OnRecord((("Brunzoldqua", "", "Ozwandiqor"),)),
    ),
    Applicant(
        "the one whom the council refuses",
        ("Hespertown", "Lindivaxor", "Quemberlee"),
        "1951-07-18",
        "YW375621",
        "WD23 1FW",
        OnRecord((("Hesparquin", "", "Quambertree"),)),
        previous_name=("Hespertown", "Lindivaxor", "Starquobley"),
    ),
)
UNPLACEABLE = APPLICANTS[6]
REFUSED = APPLICANTS[7]

FREE_TEXT = tuple(
    Canary(f"the council's {what}", Kind.TEXT, text)
    for what, text in (
        ("message", "Neighbour Zimbelquart says moved"),
        ("details", "seen with Mrs Oxbrindale-Fyfe"),
        ("reason", "livesnowinyttervik"),
    )
)

UNDECODABLE = Applicant(
    "an undecodable message",
    ("Wexfordine", "", "Jarrowquelt"),
    "1928-04-23",
    "ZW693815",
    "TR21 0HX",
)
"""Put on a topic in clear by the test: sought everywhere but in Kafka."""


def write_records(path: Path) -> None:
    """Write what the simulated DWP has to know of the applicants."""
    records = [applicant.as_recorded() for applicant in APPLICANTS]
    path.write_text(json.dumps([one for one in records if one]), encoding="utf-8")


def sent_canaries() -> list[Canary]:
    """What applicants and councils sent, and what DWP holds."""
    of_applicants = [c for a in APPLICANTS for c in (*a.canaries(), *a.canaries_of_dwp())]
    return [*of_applicants, *FREE_TEXT]


def hidden_from_councils() -> list[Canary]:
    """What no council may get: online NINOs, and whatever only DWP's records hold."""
    return [*_ninos(APPLICANTS), *(c for a in APPLICANTS for c in a.canaries_of_dwp())]


def _ninos(applicants: Iterable[Applicant]) -> Iterator[Canary]:
    return (c for a in applicants for c in a.canaries() if c.kind is Kind.NINO)
