"""One person's way through the form: all that follows from what they have typed so far.

Nothing is remembered but the answers. Which pages apply, what is still to be asked, what the API
would be told, whether somebody has to leave: all of it is derived anew for each request, so that
changing any answer at any time asks and drops what it must.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from types import MappingProxyType

from electoral import franchise
from electoral.answers import Answers
from electoral.authorities import NATIONS, Nation, nation_of
from electoral.events import Language
from electoral.problems import FieldError

from registration.form.exits import WHERE_SLUGS, exit_of, is_judged_by_nation
from registration.form.page import CHECK, Json, Page, Typed
from registration.form.pages import PAGES
from registration.form.pages.birth import born
from registration.form.pages.nationality import nationalities
from registration.form.placing import Answered, Place, look_up_kept, place_of, stale_after
from registration.reading import Review, field_errors, review
from registration.rules import NINO_AGE, Fault, faults_in_nation

JUDGEMENTS_KEPT = 1_000  # of nationalities, by nation and day

_NOTHING: Typed = MappingProxyType({})
_NATION_OF_COUNTRY: dict[str | None, Nation] = {nation: nation for nation in NATIONS}
_POSTCODE, _ADDRESS = "postcode", "address"


@dataclass(frozen=True)
class Journey:
    """What somebody has answered, and all that follows from it on a London day."""

    typed: Answered
    on: date
    language: Language = "en"
    assisted: bool = False  # a helper types for the person

    # -- facts that decide which pages apply ----------------------------------------------------

    @cached_property
    def place(self) -> Place:
        """Where the address is, as far as anybody can tell yet."""
        return place_of(self.typed)

    @property
    def said_nation(self) -> Nation | None:
        """The nation somebody says they live in."""
        return _NATION_OF_COUNTRY.get(self._of("country-of-residence").get("country"))

    @cached_property
    def nation(self) -> Nation | None:
        """The nation of the address once that is placed, before that of the country said."""
        gss_code = self.place.gss_code
        return (nation_of(gss_code) if gss_code else None) or self.said_nation

    @cached_property
    def is_under_16(self) -> bool:
        birth = born(self._of("date-of-birth"))
        return birth is not None and birth < self.on and franchise.age_on(birth, self.on) < NINO_AGE

    @cached_property
    def asks_eu_rights(self) -> bool:
        """Say whether the law wants to know since when somebody has lived here."""
        return _asks_eu_rights(nationalities(self._of("nationality")), self.nation, self.on)

    @property
    def moved(self) -> str | None:
        """Whether somebody moved lately, and from where: `no`, `uk`, `abroad`."""
        return self._of("previous-address").get("moved")

    # -- the way ---------------------------------------------------------------------------------

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The questions that apply, in order."""
        return tuple(page for page in PAGES if page.applies(self))

    def next_slug(self) -> str:
        """Return the first page to answer or to mend; the check page when there is none."""
        return next((page.slug for page in self.pages if self._is_open(page)), CHECK)

    def back_slug(self, slug: str) -> str | None:
        """Return where the way back from a question leads; None is the start page.

        Once all is answered that is the check page, which has no way back itself: it leads to each
        answer.
        """
        if self.is_complete:
            return CHECK
        slugs = [page.slug for page in self.pages]
        before = slugs.index(slug) if slug in slugs else 0
        return slugs[before - 1] if before else None

    @property
    def is_complete(self) -> bool:
        """Say whether there is nothing left to answer or to mend, and no exit."""
        answered = all(page.slug in self.typed for page in self.pages)
        return answered and self.next_slug() == CHECK and self.exit() is None

    def exit(self) -> str | None:
        """Return the exit page by which somebody leaves, if they cannot register here."""
        exits = (exit_of(fault) for faults in self._faults.values() for fault in faults)
        return next((found for found in exits if found is not None), None)

    def exit_slugs(self) -> tuple[str, ...]:
        """Name the pages by which the exit can be undone: first the one whose answer leads out,
        then those by which it is judged, as far as they are answered.
        """
        reason = self.exit()
        if reason is None:
            return ()
        led_out = [slug for slug, faults in self._faults.items() if reason in map(exit_of, faults)]
        judged_by = WHERE_SLUGS if is_judged_by_nation(reason) else ()
        return tuple(dict.fromkeys([*led_out, *(s for s in judged_by if s in self.typed)]))

    def answered(self, slug: str, typed: Typed) -> "Journey":
        """Answer a page, and drop the answers of those that no longer apply."""
        if slug == _POSTCODE and _ADDRESS in self.typed:
            typed = look_up_kept(self._of(slug), typed)
        everything = {**self.typed, slug: typed}
        for stale in stale_after(slug, self.typed, everything):
            everything.pop(stale, None)
        whole = self._with(everything)
        kept = {page.slug: everything[page.slug] for page in whole._answered_pages()}
        return whole if len(kept) == len(everything) else self._with(kept)

    # -- what the API is told, and what it says ---------------------------------------------------

    @cached_property
    def body(self) -> Json:
        """The API's body so far, as whoever sends it would write it, without the declaration."""
        body: dict[str, object] = {
            "type": "ordinary",
            "source": "assisted" if self.assisted else "web",
            "language": self.language,
        }
        for page in self._answered_pages():
            body |= page.fragment(self.typed[page.slug])
        return body | self._what_is_not_asked(body)

    @property
    def answers(self) -> Answers:
        """The answers that are well formed, as they will be stored."""
        return self._review.answers

    def faults(self, slug: str) -> tuple[FieldError, ...]:
        """Return what is wrong with the answers of a page; none of what leads to an exit."""
        if slug not in self.typed:
            return ()
        to_mend = [fault for fault in self._faults.get(slug, ()) if exit_of(fault) is None]
        return field_errors(to_mend, self.language)

    def _what_is_not_asked(self, body: Json) -> dict[str, object]:
        """Say what follows from other answers.

        Once the address is placed it tells the nation, whatever country was said: nobody could
        meet the rules of two nations about the same answer. An exit still heeds what was said.
        """
        rest: dict[str, object] = {}
        if self.said_nation and self.nation:
            rest["country"] = self.nation
        if self.is_under_16:
            rest["openRegister"] = False
        address = body.get("address")
        if isinstance(address, dict) and "postcode" not in address:
            rest["address"] = address | {"postcode": self.place.postcode}
        return rest

    @cached_property
    def _review(self) -> Review:
        return review(self.body, on=self.on, source="assisted" if self.assisted else "web")

    @cached_property
    def _faults(self) -> dict[str, tuple[Fault, ...]]:
        """All that is wrong, by the page that shows it."""
        body = (*self._of_the_nation_said(), *self._review.faults)
        return {page.slug: self._faults_of(page, body) for page in self._answered_pages()}

    def _of_the_nation_said(self) -> Iterator[Fault]:
        """Turn away whom the nation said turns away, even where the address is in another."""
        if self.said_nation in (None, self.nation):
            return
        faults = faults_in_nation(self.answers, self.said_nation, self.on)
        yield from (fault for fault in faults if exit_of(fault) is not None)

    def _faults_of(self, page: Page, body: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """Find a page's faults: what the form says of an answer comes before what the API says."""
        by_form = tuple(page.faults(self.typed[page.slug]))
        told = {_field(fault) for fault in by_form}
        by_api = (f for f in body if page.shows(f.pointer) and _field(f) not in told)
        return (*by_form, *by_api)

    def _is_open(self, page: Page) -> bool:
        if page.slug not in self.typed:
            return True
        return any(exit_of(fault) is None for fault in self._faults[page.slug])

    def _with(self, typed: Answered) -> "Journey":
        return Journey(typed, self.on, self.language, self.assisted)

    def _answered_pages(self) -> Iterator[Page]:
        return (page for page in self.pages if page.slug in self.typed)

    def _of(self, slug: str) -> Typed:
        return self.typed.get(slug, _NOTHING)


@lru_cache(JUDGEMENTS_KEPT)
def _asks_eu_rights(given: tuple[str, ...], nation: Nation | None, on: date) -> bool:
    codes = [code for code in given if franchise.is_country(code)]
    return bool(codes) and franchise.eligible(codes, nation, on) == "ask-retained-rights"


def _field(fault: Fault) -> str:
    """Name the field of the body that a fault is about."""
    return fault.pointer.split("/")[1] if fault.pointer else ""
