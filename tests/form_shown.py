"""Every page of the form as a handler asks for it: template, facts, and what may be wrong there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from electoral.authorities import Authorities
from electoral.calendar import Polls
from electoral.events import Language
from form_answers import IN_A_NEW_BUILDING, a_journey
from registration.form.assets import Assets
from registration.form.exits import EXITS, facts_of
from registration.form.journey import Journey
from registration.form.page import Page
from registration.form.pages import PAGES
from registration.form.performance_words import plot_says, shown_bins, shown_indicators
from registration.form.receipts import council_of
from registration.form.rendering import PageError, Renderer
from registration.form.start import last_days
from registration.form.status_page import Step
from registration.form.summary import summary
from registration.form.texts import Texts
from registration.form.waiting_room import Wait
from registration.performance.cost import Cost, Prices
from registration.performance.downloads import DOWNLOADS
from registration.performance.figures import Bin, Indicators, Share
from registration.performance.plot import plot_of

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
CARDIFF = "W06000015"
TEXTS = Texts.load()
T = TEXTS.translate("cy")
AUTHORITIES = Authorities.load()

Facts = Mapping[str, object]


class Shown(NamedTuple):
    """A page as a handler asks for it."""

    template: str
    facts: Facts = MappingProxyType({})
    fields: tuple[str, ...] = ()  # that something may be wrong with
    named: str = ""  # to tell it from others of the template

    @property
    def name(self) -> str:
        return f"{self.template}-{self.named}" if self.named else self.template


@cache
def renderer() -> Renderer:
    return Renderer(TEXTS, Assets.load())


def rendered(shown: Shown, *errors: PageError, language: Language = "cy") -> str:
    page = renderer().page(
        shown.template,
        language,
        csrf="token",
        back="/register-to-vote/cy",
        twin="/register-to-vote",
        errors=errors,
        typed=dict.fromkeys(shown.fields, "yes") if errors else {},
        **shown.facts,  # type: ignore[arg-type]
    )
    assert isinstance(page.body, bytes)
    return page.body.decode()


def questions() -> Iterator[Shown]:
    yield from (Shown(f"questions/{p.slug}.html", told(p), p.fields) for p in PAGES)


def told(page: Page) -> Facts:
    """What a question has to be told besides."""
    if page.slug == "address":
        return {"postcode": "CF10 1EP", "addresses": (("100100000001", "1, Heol Enghraifft"),)}
    names = [(each.gss_code, each.name_in("cy")) for each in AUTHORITIES]
    return {"councils": tuple(names)} if page.slug == "council" else {}


def exits() -> Iterator[Shown]:
    for reason in EXITS:
        age = facts_of(reason, TODAY).get("minimum_age")
        yield Shown(
            "exit.html", {"reason": reason, "minimum_age": age, "by_place": True}, named=reason
        )


def problems() -> Iterator[Shown]:
    kinds = ("not-found", "not-from-our-page", "not-understood", "unavailable", "problem")
    yield from (Shown("problem.html", {"kind": kind}, named=kind) for kind in kinds)


def journeys() -> dict[str, Journey]:
    """Journeys that together have every row there is to check."""
    cannot = {"cannot": "yes", "reason": "?"}
    return {
        "everyday": a_journey(),
        "of-few-words": a_journey(
            date_of_birth={**cannot, "ageRange": "over75"},
            nino=cannot,
            previous_name={"changed": "prefer-not"},
            previous_address={"moved": "abroad"},
            previous_address_abroad={"street": "Rue Neuve", "country": "FR"},
            postal_vote={"wanted": "yes", "formBy": "email"},
            contact={"email": "sian@example.com", "post": "yes"},
        ),
        "of-many": a_journey(
            IN_A_NEW_BUILDING,
            nationality={"other": "yes", "country1": "DE"},
            eu_rights={"euRights": "no"},
            council={"gssCode": "unknown"},
            previous_address={"moved": "uk"},
            previous_address_uk={"street": "Mill Lane", "postcode": "S1 2HH"},
        ),
    }


def checks() -> Iterator[Shown]:
    for name, journey in journeys().items():
        assert journey.next_slug() == "check-your-answers", name
        rows = summary(replace(journey, language="cy"), T, lambda code: code)
        yield Shown("check-your-answers.html", {"rows": rows}, named=name)


def receipts() -> Iterator[Shown]:
    facts = {"reference": "4BCDF 7HJKL", "received_at": NOW, "repeated": True}
    copies = {"offered": ("email", "text"), "asked": []}
    council = council_of(AUTHORITIES, CARDIFF, "cy")
    yield Shown("receipt.html", {**facts, **copies, "council": council}, ("copyEmail",))
    asked = {"offered": (), "asked": ["email", "text"]}
    assisted = {"assisted": True, "helper": "sian"}
    yield Shown("receipt.html", {**facts, **asked, **assisted, "council": None}, named="asked")


def statuses() -> Iterator[Shown]:
    names = ("received", "checked", "sent", "with_your_council", "decided")
    done = tuple(Step(name, True, NOW) for name in names)
    to_come = tuple(Step(name, False, None) for name in names)
    council = council_of(AUTHORITIES, CARDIFF, "cy")
    facts = {"reference": "4BCDF 7HJKL"}
    yield Shown("status-result.html", {**facts, "steps": done, "council": council})
    nowhere = {**facts, "steps": to_come, "council": None}
    yield Shown("status-result.html", nowhere, named="to-come")


def figures() -> Iterator[Shown]:
    cost = Cost(1_000_000, 1_000_000, 50, Prices(3.0, 2.0))
    share, nothing = Share(3, 7), Share(0, 0)
    for name, count in {"busy": 5, "quiet": 0}.items():
        bins = [Bin(NOW - timedelta(minutes=5 * place), count) for place in range(288)]
        known = Indicators(share, share, share, 75.0 * count, cost)
        unknown = Indicators(nothing, nothing, nothing, None, replace(cost, accepted=0))
        facts = {
            "updated": "22 Tachwedd 2026",
            "plot": plot_of(bins),
            "plot_says": plot_says(bins, "cy", T),
            "total": "1,440",
            "indicators": shown_indicators(known if count else unknown, T),
            "bins": shown_bins(bins, "cy"),
            "downloads": [download.name for download in DOWNLOADS],
            "days": {"from": "2026-11-01", "to": "2026-11-22"},
        }
        yield Shown("performance/performance.html", facts, ("from", "to"), named=name)


def others() -> Iterator[Shown]:
    polls = Polls.load()
    ages = (("england", 16), ("scotland", 14), ("wales", 14))
    yield Shown("start.html", {"ages": ages, "deadlines": last_days(polls, NOW)})
    yield Shown("start.html", {"ages": ages, "deadlines": ()}, named="no-poll")
    waiting = {"deadlines": (), "passed": None, "place_minutes": 30, "refresh_seconds": 30}
    for named, wait in {
        "now": Wait(1),
        "hour": Wait(60, is_longer=True),
        "unknown": Wait(),
    }.items():
        yield Shown("waiting.html", {**waiting, "wait": wait}, named=named)
    yield from (Shown(f"{name}.html") for name in ("about", "session-ended", "not-sent"))
    yield Shown("status.html", {}, ("reference", "postcode"))
    yield Shown("declaration.html", {}, ("agree",))
    assisted = {"assisted": True, "helper": "sian"}
    yield Shown("declaration.html", assisted, ("agree", "personConfirms"), named="assisted")
    yield Shown("not-sent.html", assisted, named="assisted")
    limits = {"failures": 5, "minutes": 15}
    yield Shown("assisted/sign-in.html", limits, ("name", "password"))
    yield from (Shown(f"assisted/{name}.html", assisted) for name in ("next-person", "sign-out"))
    yield Shown("performance/feedback.html", {}, ("score",))
    yield Shown("performance/feedback-given.html")


EVERY_PAGE = [
    *questions(),
    *exits(),
    *problems(),
    *checks(),
    *receipts(),
    *statuses(),
    *figures(),
    *others(),
]
