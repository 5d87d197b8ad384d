"""People who fill in the form, page by page, from the start page to the receipt."""

import re
from collections.abc import Sequence

from simulated.clock import now_text
from simulated.form_answers import Answers, Typed, as_said, country_of, typed_answers
from simulated.form_citizen import RECEIPT, FormCitizen, JourneyStopped, Page
from simulated.http_client import ConnectionBroken
from simulated.load.crowd import Arrival
from simulated.places import UNKNOWN_AUTHORITY
from simulated.population import Citizen
from simulated.receipts import Receipt
from simulated.without_loop import finished

from locust_users.applicants import Applicant, visit_api
from locust_users.current import current
from locust_users.green import sleep
from locust_users.line import BROKEN, Line, Manner

WAITING = "waiting"  # the page for those who are not let in yet
PATIENCE = 600.0  # seconds at the waiting page
JOURNEYS_MAX = 3  # of one person who is thrown out
READ, POSTED = frozenset({200, 302, 303}), frozenset({303})
_REFRESH = re.compile(r'http-equiv="refresh"\s+content="(\d+)')

MISTAKES: dict[str, Typed] = {
    "name": {"firstName": "", "lastName": ""},
    "date-of-birth": {"day": "30", "month": "2", "year": "1990"},
    "postcode": {"postcode": "NOT A CODE"},
    "contact": {"email": "nobody"},
}


def _of_the_form(method: str, path: str) -> frozenset[int]:
    return POSTED if method == "POST" else READ


class Visitor(FormCitizen):
    """Waits at the waiting page, and may make a mistake on one page and put it right."""

    def __init__(self, line: Line, language: str, origin: str, mistake_on: str) -> None:
        super().__init__(line, language=language, origin=origin)
        self._line = line
        self._mistake_on = mistake_on

    async def arrive(self, answers: Answers) -> Page:
        """From the start page to check-your-answers."""
        await self.read("")
        return await self.answer_all(answers)

    async def read(self, slug: str) -> Page:
        page, waited = await super().read(slug), 0.0
        while page.slug == WAITING and waited < PATIENCE:
            found = _REFRESH.search(page.text)
            seconds = float(found[1]) if found else 30.0
            sleep(seconds)
            waited += seconds
            page = await super().read(WAITING)  # it leads on when it is their turn
        return page

    async def answer(self, page: Page, answers: Answers) -> Page:
        if page.slug == self._mistake_on:
            self._mistake_on = ""
            await self._mistype(page)
        return await super().answer(page, answers)

    async def send_again(self, check: Page) -> Page:
        """The receipt of what was sent before and whose answer was lost; else send it now."""
        found = await self.read(RECEIPT)
        return found if found.slug == RECEIPT else await self.send(check)

    async def _mistype(self, page: Page) -> None:
        self._line.mistaken = True
        try:
            answer = await self.post(page, MISTAKES[page.slug])
        finally:
            self._line.mistaken = False
        if answer.status != 422:
            raise JourneyStopped(f"a mistake on {page.slug!r} is answered {answer.status}")


class FormApplicant(Applicant):
    """Walks the form's whole journey."""

    way = "form"
    seconds = 4.0
    pages = 34

    def line(self) -> Line:
        return Line(self.client, self.host or "", Manner(_of_the_form, think=self._think))

    @property
    def _think(self) -> float:
        return current().options.think

    def send(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            citizen = current().citizen(arrival.person.number)
            if citizen.truth.gss_code == UNKNOWN_AUTHORITY:
                # What is held for want of an authority is known by its id, and the form tells none.
                visit_api(super().line(), [arrival])
            else:
                self._walk(arrival, citizen)

    def _walk(self, arrival: Arrival, citizen: Citizen) -> None:
        """Whoever is thrown out begins again; who may have sent it looks for the receipt."""
        sent_at, tries, reference, reason = now_text(), 0, "", ""
        visitor = self._visitor(arrival, citizen)
        check: Page | None = None
        while not reference and tries < JOURNEYS_MAX:
            tries += 1
            try:
                if check is None:
                    check = finished(visitor.arrive(_answers(citizen)))
                    reference = finished(visitor.send(check)).reference
                else:
                    reference = finished(visitor.send_again(check)).reference
            except (JourneyStopped, ConnectionBroken) as stopped:
                reason = str(stopped) or type(stopped).__name__
                self._tell_stopped(reason)
                if check is None:
                    visitor = self._visitor(arrival, citizen)
        current().note(
            Receipt(
                number=arrival.person.number,
                key=arrival.key,
                status=201 if reference else BROKEN,
                tries=tries,
                sent_at=sent_at,
                answered_at=now_text(),
                reference=reference.replace(" ", ""),
                gss_code=citizen.truth.gss_code,
                reason="" if reference else reason,
                application=as_said(  # for the judge: the form shows no id
                    citizen.application, _country(citizen), visitor.visited
                ),
                due_at=current().due_at(arrival),
            )
        )

    def _visitor(self, arrival: Arrival, citizen: Citizen) -> Visitor:
        places = list(MISTAKES)
        mistake_on = places[arrival.n % len(places)] if arrival.person.invalid else ""
        origin, language = (self.host or "").rstrip("/"), str(citizen.application["language"])
        return Visitor(self.line(), language, origin, mistake_on)

    def _tell_stopped(self, reason: str) -> None:
        self.environment.events.request.fire(
            request_type="FORM",
            name="a journey that stopped",
            response_time=0,
            response_length=0,
            exception=JourneyStopped(reason),
            context={},
        )


def _answers(citizen: Citizen) -> Answers:
    return typed_answers(citizen.application, _country(citizen))


def _country(citizen: Citizen) -> str:
    return country_of(citizen.application, citizen.identity.place.nation)
