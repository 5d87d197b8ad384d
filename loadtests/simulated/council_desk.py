"""One ERO's system: what it fetches is in its journal, on disk, before anything is answered."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from simulated.clock import now_text
from simulated.council_calls import Calls, Json, Page, read_page
from simulated.councils import Council
from simulated.journal import Appends

SUCCESS: Json = {"status": "success"}
ANSWERS_MAX = 200  # in one call; the gateway takes more, but texts may be long

Answers = Mapping[str, Json]  # by record id
AnswerAll = Callable[[Answers], Awaitable[bool]]


@dataclass
class Statistics:
    """Counted since the start, for all EROs together."""

    polls: int = 0
    items: int = 0  # received, each as often as it came
    acknowledged: int = 0  # records, each once
    unacknowledged: int = 0  # answers that the gateway did not take
    failed: int = 0  # records that it was told could not be stored
    offered: int = 0  # records asked for again
    determined: int = 0
    notices: int = 0
    errors: int = 0  # calls that failed and are tried again
    away: int = 0  # EROs whose system is off


class Desk:
    """What one ERO's system remembers and writes down, whatever its manner of working."""

    def __init__(
        self, council: Council, calls: Calls, journal: Appends, statistics: Statistics
    ) -> None:
        self.council = council
        self.calls = calls
        self.statistics = statistics
        self.failed: dict[str, None] = {}  # in order: told to have failed, not asked for again yet
        self.taken: list[Json] | None = None  # items that nobody has decided on; None: not kept
        self._journal = journal
        self._owed: dict[str, Json] = {}  # answers sent, and nothing came back
        self._counted: set[str] = set()  # ids acknowledged
        self._fetched: dict[str, Json] = {}  # whole items, if they are kept

    async def page(self, after: str | None = None) -> Page:
        """The next page of what waits, journaled."""
        return await self._keep(await self.calls.page(after))

    async def lease(self, seconds: int, page_size: int) -> Page:
        """Some of what waits, for this one worker, journaled."""
        return await self._keep(await self.calls.lease(seconds, page_size))

    async def _keep(self, body: bytes) -> Page:
        self.statistics.polls += 1
        page = read_page(body, "registrations")
        if page.items:
            await self._journal.append(self._page_line(b"page", body))
            self.statistics.items += len(page.items)
        if self.taken is not None:
            new = (item for item in page.items if item["id"] not in self._counted)
            self._fetched |= {item["id"]: item for item in new}
        return page

    async def notices(self) -> Page:
        """The next page of notices, journaled."""
        body = await self.calls.notices()
        page = read_page(body, "notices")
        if page.items:
            await self._journal.append(self._page_line(b"notices", body))
        return page

    async def answer_together(self, answers: Answers) -> bool:
        """Many answers in one call; True if the gateway took all of them."""
        self._owed |= answers
        ids = list(answers)
        complete = True
        for chunk in (ids[at : at + ANSWERS_MAX] for at in range(0, len(ids), ANSWERS_MAX)):
            told = [{"id": id_, **answers[id_]} for id_ in chunk]
            taken = set(await self.calls.answer_together(told))
            complete &= self._settled(chunk, [id_ for id_ in chunk if id_ in taken], answers)
        return complete

    async def answer_one_by_one(self, answers: Answers) -> bool:
        """A call for each answer; True if the gateway took all of them."""
        self._owed |= answers
        complete = True
        for id_, answer in answers.items():
            taken = [id_] if await self.calls.answer_one(id_, answer) else []
            complete &= self._settled([id_], taken, answers)
        return complete

    async def repeat_unanswered(self, answer: AnswerAll) -> None:
        """An answer to which nothing came back is sent again first: it may have had its effect."""
        if self._owed:
            await answer(dict(self._owed))

    def _settled(self, sent: Sequence[str], taken: Sequence[str], answers: Answers) -> bool:
        for id_ in sent:
            self._owed.pop(id_, None)
        self.statistics.unacknowledged += len(sent) - len(taken)
        succeeded = [id_ for id_ in taken if answers[id_]["status"] == "success"]
        failed = [id_ for id_ in taken if answers[id_]["status"] != "success"]
        self._note_success(succeeded)
        self._note_failure(failed)
        return len(taken) == len(sent)

    def _note_success(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        self.note("acknowledged", ids)
        first = [id_ for id_ in ids if id_ not in self._counted]
        self._counted.update(first)
        self.statistics.acknowledged += len(first)
        if self.taken is not None:
            self.taken += [self._fetched.pop(id_) for id_ in first if id_ in self._fetched]

    def _note_failure(self, ids: Sequence[str]) -> None:
        if ids:
            self.note("failed", ids)
            self.failed |= dict.fromkeys(ids)
            self.statistics.failed += len(ids)

    async def offer_again(self, ids: Sequence[str], *, together: bool) -> None:
        """Asks for records again that failed, or that were lost here, one by one or all held."""
        if together:
            await self.calls.offer_all_held()
        for id_ in ids:
            if together or await self.calls.offer(id_):
                self.note("offered", [id_])
                self.statistics.offered += 1
            self.failed.pop(id_, None)

    def note(self, what: str, told: object) -> None:
        """A line of the journal, on disk soon."""
        line = {"ero": self.council.ero, "at": now_text(), what: told}
        self._journal.note(json.dumps(line).encode())

    def _page_line(self, what: bytes, page: bytes) -> bytes:
        """The page as it came, on one line (a line break in JSON is white space)."""
        ero, at = json.dumps(self.council.ero).encode(), now_text().encode()
        return b'{"ero":%b,"at":"%b","%b":%b}' % (ero, at, what, page.replace(b"\n", b" "))
