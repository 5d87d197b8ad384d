"""What a person fills in: the body of POST /v1/applications, valid under every rule."""

import unicodedata
from datetime import date, timedelta

from simulated.addresses import address_abroad, address_at
from simulated.chance import Draws
from simulated.identity import Identity
from simulated.kinds import Kind, Shares
from simulated.names import CHANGE_REASONS, PersonName

Application = dict[str, object]

COMMONWEALTH = (
    "AU",
    "BD",
    "CA",
    "CY",
    "GH",
    "IN",
    "JM",
    "KE",
    "LK",
    "MT",
    "NG",
    "NZ",
    "PK",
    "ZA",
)
TREATY_COUNTRIES = ("DK", "LU", "PL", "PT", "ES")  # England, since 7 May 2024
OTHER_EU = (
    "DE",
    "FR",
    "GR",
    "IT",
    "LT",
    "NL",
    "RO",
)  # England: with retained rights only
ELSEWHERE = ("BR", "CN", "TR", "UA", "US")  # Scotland and Wales only
AGE_RANGES = {
    "england": ("18to75", "over75"),
    "wales": ("16to17", "over18"),
    "scotland": ("16to17", "over18"),
}
NO_NINO_REASONS = ("I cannot find it", "Never had one", "Newydd symud i’r wlad", "—")
NO_BIRTH_REASONS = ("Refugee, no papers", "Adopted; the date is not known")
EMAIL_HOSTS = ("example.org", "example.com")
# A year and a half of ages that stay below 16 and above 14, whatever hour the form is sent.
UNDER_16_DAYS_MIN, UNDER_16_DAYS_MAX = 14 * 366, 15 * 366 + 180


def compose(identity: Identity, draws: Draws, shares: Shares, today: date) -> Application:
    """The whole body; optional parts are there for some people and left out for the others."""
    young = identity.kind is Kind.UNDER_16
    welsh = identity.place.nation == "wales" and draws.below(5) == 0
    body: Application = {"type": "ordinary", "language": "cy" if welsh else "en"}
    _add_names(body, identity, draws, typed_apart=draws.chance(shares.decomposed))
    _add_identifiers(body, identity, draws, today)
    _add_nationality(body, identity, draws)
    body["address"] = address_at(identity.place, draws)
    _add_previous_address(body, draws)
    body["otherAddress"] = draws.among(("none",) * 18 + ("student", "secondHome"))
    body["openRegister"] = not young and draws.below(100) < 40
    _add_contact(body, identity.n, draws)
    body["soleOccupancy"] = draws.below(100) < 20
    body["declaration"] = True
    _add_envelope(body, identity, draws)
    return body


def _add_names(body: Application, identity: Identity, draws: Draws, typed_apart: bool) -> None:
    body.update(_typed(identity.name, typed_apart))
    if identity.previous_name:
        previous = _typed(identity.previous_name, typed_apart)
        if draws.below(4):
            previous["changeReason"] = draws.among(CHANGE_REASONS)
        body["previousName"] = previous


def _typed(name: PersonName, typed_apart: bool) -> dict[str, str]:
    typed = {"firstName": name.first, "lastName": name.last}
    if name.middle:
        typed["middleNames"] = name.middle
    if typed_apart:
        return {key: unicodedata.normalize("NFD", text) for key, text in typed.items()}
    return typed


def _add_identifiers(body: Application, identity: Identity, draws: Draws, today: date) -> None:
    if identity.kind is Kind.UNDER_16:  # under-16s are not asked for a NINO
        days = UNDER_16_DAYS_MIN + draws.below(UNDER_16_DAYS_MAX - UNDER_16_DAYS_MIN)
        body["dateOfBirth"] = (today - timedelta(days=days)).isoformat()
        return
    if identity.kind is Kind.NO_DATE_OF_BIRTH:
        age_range = draws.among(AGE_RANGES[identity.place.nation])
        body["noDateOfBirth"] = {
            "reason": draws.among(NO_BIRTH_REASONS),
            "ageRange": age_range,
        }
    else:
        body["dateOfBirth"] = identity.date_of_birth.isoformat()
    if identity.kind is Kind.NO_NINO:
        body["noNino"] = {"reason": draws.among(NO_NINO_REASONS)}
    else:
        body["nino"] = _nino_as_typed(identity.nino, draws)


def _nino_as_typed(nino: str, draws: Draws) -> str:
    suffix = draws.among(("A", "B", "C", "D", "D", ""))
    style = draws.below(20)
    if style == 0:
        pairs = [nino[i : i + 2] for i in range(0, 8, 2)]
        return " ".join((*pairs, suffix)).strip()
    if style == 1:
        return (nino + suffix).lower()
    return nino + suffix


def _add_nationality(body: Application, identity: Identity, draws: Draws) -> None:
    drawn = draws.below(1000)
    own = identity.origin.nationality
    if drawn < 5:
        body["noNationality"] = {"reason": "Stateless"}
    elif drawn < 880 and (own == "GB" or drawn < 500):
        body["nationalities"] = ["GB"] if drawn % 20 else ["GB", "IE"]
    elif drawn < 880:
        body["nationalities"] = [own]
    elif drawn < 940:
        body["nationalities"] = [draws.among(COMMONWEALTH)]
    elif drawn < 965:
        body["nationalities"] = [
            "GB",
            draws.among(COMMONWEALTH),
            draws.among(TREATY_COUNTRIES),
        ]
    elif drawn < 980:
        body["nationalities"] = [draws.among(TREATY_COUNTRIES)]
    elif identity.place.nation in ("scotland", "wales") and drawn < 990:
        body["nationalities"] = [draws.among(ELSEWHERE)]
    else:
        body["nationalities"] = [draws.among(OTHER_EU)]
        body["euRetainedRights"] = True


def _add_previous_address(body: Application, draws: Draws) -> None:
    drawn = draws.below(100)
    if drawn < 2:
        body["previousAddress"] = address_abroad(draws)
    elif drawn < 12:
        here = body["address"]
        assert isinstance(here, dict)
        # Moved within the street: a number that no address of this population has.
        moved = {key: text for key, text in here.items() if key != "uprn"}
        body["previousAddress"] = {**moved, "property": str(500 + draws.below(99))}


def _add_contact(body: Application, n: int, draws: Draws) -> None:
    wants_post = draws.below(100)
    contact: dict[str, object] = {}
    if draws.below(100) < 85:
        contact["email"] = f"voter.{n}@{draws.among(EMAIL_HOSTS)}"
    if draws.below(100) < 60:
        contact["phone"] = draws.among(("01632 960{:03d}", "07700900{:03d}")).format(n % 1000)
    if not contact or draws.below(10) == 0:
        contact["post"] = True
    body["contact"] = contact
    body["postalVote"] = {"wanted": wants_post < 18}
    if wants_post < 18:
        by_email = "email" in contact and wants_post < 9
        body["postalVote"] = {"wanted": True, "formBy": "email" if by_email else "post"}


def _add_envelope(body: Application, identity: Identity, draws: Draws) -> None:
    """What a partner may set: the country, where the form was filled in and how long it took."""
    if identity.place.nation and draws.below(100) < 30:
        body["country"] = identity.place.nation
    if draws.below(100) < 70:
        version_6 = draws.below(4) == 0
        host = draws.below(254) + 1
        body["applicantIp"] = f"2001:db8::{host:x}" if version_6 else f"203.0.113.{host}"
    if draws.below(100) < 70:
        body["timeTakenSeconds"] = 90 + draws.below(1800)
