"""Answers for the form's pages, and the look-ups of a small world in place of the server's."""

from collections.abc import Mapping
from datetime import date

from electoral.authorities import Nation, nation_of
from electoral.postcodes import normalise_postcode
from registration.application import Application
from registration.form.journey import Journey
from registration.form.page import Typed
from registration.form.pages import page_of
from registration.form.placing import Answered
from registration.reading import check_for_nation, read_application

TODAY = date(2026, 11, 22)
BORN_15_YEARS_AGO = {"day": "1", "month": "2", "year": "2011"}

SHEFFIELD, EDINBURGH, CARDIFF = "E08000039", "S12000036", "W06000015"

# What the directory of postcodes and the address look-up know. The last two: a new building that
# no directory has, and a postcode that is placed but of whose addresses nothing is known.
GSS_CODES = {"S1 2HH": SHEFFIELD, "EH1 1YZ": EDINBURGH, "CF10 1EP": CARDIFF, "TD9 0TU": EDINBURGH}
UPRNS = {
    "100051000001": ("S1 2HH", SHEFFIELD),
    "906000000001": ("EH1 1YZ", EDINBURGH),
    "100100000001": ("CF10 1EP", CARDIFF),
    "906000000002": ("TD9 0TU", "E06000057"),  # the postcode straddles the border
}
UNPLACED_POSTCODE = "AA3 1AB"
POSTCODE_WITHOUT_LIST = "CF10 1EP"

EVERYDAY: Answered = {
    "country-of-residence": {"country": "england"},
    "nationality": {"british": "yes"},
    "date-of-birth": {"day": "31", "month": "3", "year": "1987"},
    "name": {"firstName": "Siân", "lastName": "O'Neill"},
    "previous-name": {"changed": "no"},
    "nino": {"nino": "AB 12 34 56 C"},
    "postcode": {"postcode": "s12hh"},
    "address": {"uprn": "100051000001"},
    "other-address": {"otherAddress": "none"},
    "previous-address": {"moved": "no"},
    "open-register": {"openRegister": "no"},
    "postal-vote": {"wanted": "no"},
    "sole-occupancy": {"sole": "no"},
    "contact": {"email": "sian@example.com"},
}
IN_SCOTLAND: Answered = {
    **EVERYDAY,
    "country-of-residence": {"country": "scotland"},
    "postcode": {"postcode": "EH1 1YZ"},
    "address": {"uprn": "906000000001"},
}
TYPED_BY_HAND: Answered = {
    **EVERYDAY,
    "address": {"uprn": "not-listed"},
    "type-address": {"property": "1a", "street": "Mill Lane", "postcode": "S1 2HH"},
}
IN_A_NEW_BUILDING: Answered = {
    **EVERYDAY,
    "postcode": {"postcode": UNPLACED_POSTCODE},
    "type-address": {"property": "1", "street": "New Street", "postcode": UNPLACED_POSTCODE},
    "council": {"gssCode": SHEFFIELD},
}


def look_up(slug: str, typed: Typed, before: Answered) -> Typed:
    """Add what the server adds."""
    postcode = normalise_postcode(typed.get("postcode", "")) or ""
    if slug == "postcode":
        return {**typed, "_placed": GSS_CODES.get(postcode, ""), "_found": str(_count(postcode))}
    if slug == "type-address":
        return {**typed, "_placed": GSS_CODES.get(postcode, "")}
    if slug == "address" and typed.get("uprn") in UPRNS:
        of, gss_code = UPRNS[typed["uprn"]]
        if of == normalise_postcode(before.get("postcode", {}).get("postcode", "")):
            return {**typed, "_property": "12", "_street": "Sample Road", "_gss": gss_code}
    return typed


def answer(journey: Journey, slug: str, fields: Typed) -> Journey:
    """Post a page; the journey that comes of it, as it is kept if nothing is wrong."""
    page = page_of(slug)
    assert page is not None, slug
    return journey.answered(slug, look_up(slug, page.read(fields), journey.typed))


def a_journey(
    answers: Answered = EVERYDAY, on: date = TODAY, **changes: Mapping[str, str] | None
) -> Journey:
    """Answer the pages as they are asked, until one leads out or has no answer.

    Changes are by slug, with `_` for `-`; None leaves a page unanswered.
    """
    by_slug = {slug.replace("_", "-"): fields for slug, fields in changes.items()}
    given = {**answers, **by_slug}
    journey = Journey({}, on)
    while journey.exit() is None and (fields := given.get(journey.next_slug())) is not None:
        slug = journey.next_slug()
        journey = answer(journey, slug, fields)
        assert journey.faults(slug) == (), (slug, journey.faults(slug))
    return journey


def sent(journey: Journey) -> Application:
    """Send a journey: read it as the API does, place it, and check it for its nation."""
    body = {**journey.body, "declaration": True}
    source = "assisted" if journey.assisted else "web"
    application = read_application(body, on=journey.on, source=source)
    assert check_for_nation(application, nation_by_api(application), journey.on) == ()
    return application


def nation_by_api(application: Application) -> Nation | None:
    """Place an application as the API does, whatever the form thinks of it."""
    address = application.address
    by_uprn = UPRNS.get(address.uprn or "", ("", None))
    gss_code = by_uprn[1] if by_uprn[0] == address.postcode else None
    gss_code = gss_code or GSS_CODES.get(address.postcode) or application.gss_code
    return nation_of(gss_code) if gss_code else None


def _count(postcode: str) -> int:
    if postcode == POSTCODE_WITHOUT_LIST:
        return 0
    return sum(of == postcode for of, _ in UPRNS.values())
