"""Somebody who fills in the citizen's form without a browser: reads each page, types, goes on.

They follow the form wherever it leads, and stop with a sentence where it asks what they did not
expect, tells them of a mistake, or takes them out.
"""

import html
import re
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlencode

from simulated.form_answers import Answers, Typed
from simulated.http_client import Answer, Requests

FORM = "/register-to-vote"
CY = "/cy"
FIRST_PAGE, CHECK, DECLARATION, RECEIPT = (
    "country-of-residence",
    "check-your-answers",
    "declaration",
    "receipt",
)
AGREED = {"agree": "yes"}
PAGES_MAX = 40  # of one journey; more is a circle

_CSRF = re.compile(rb'<input[^>]*name="csrf"[^>]*value="([^"]*)"')
_UPRNS = re.compile(rb'name="uprn"[^>]*value="([0-9]+)"|<option[^>]*value="([0-9]+)"')
_LETTERS = "[1-9B-DF-HJ-NP-TV-Z]"
_REFERENCE = re.compile(rf">\s*({_LETTERS}{{5}})(?:\s|&nbsp;|\u00a0)({_LETTERS}{{5}})\s*<")
_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.DOTALL)
_ERRORS = re.compile(r'<a href="#([^"]+)">\s*(.*?)\s*</a>', re.DOTALL)
_FORM_CONTENT = b"Content-Type: application/x-www-form-urlencoded\r\n"


class JourneyStopped(Exception):
    """The form asked, answered or refused what was not expected; says on which page."""


class Visit(NamedTuple):
    """One request of a journey."""

    method: str
    slug: str
    status: int
    seconds: float
    bytes: int


class Page(NamedTuple):
    """A page that was read: where it is, and what it says."""

    slug: str
    answer: Answer

    @property
    def text(self) -> str:
        return self.answer.body.decode()

    @property
    def title(self) -> str:
        found = _TITLE.search(self.text)
        return html.unescape(found[1]) if found else ""

    @property
    def csrf(self) -> str:
        found = _CSRF.search(self.answer.body)
        return found[1].decode() if found else ""

    @property
    def errors(self) -> dict[str, str]:
        """The error summary: field and sentence."""
        return {field: html.unescape(text) for field, text in _ERRORS.findall(self.text)}

    @property
    def listed_uprns(self) -> set[str]:
        """The addresses that one may choose from."""
        return {(a or b).decode() for a, b in _UPRNS.findall(self.answer.body)}

    @property
    def reference(self) -> str:
        """The reference of a receipt, as the form shows it: 5+5."""
        found = _REFERENCE.search(self.text)
        if found is None:
            raise JourneyStopped(f"no reference on the page {self.slug!r}")
        return f"{found[1]} {found[2]}"


class FormCitizen:
    """One person at the form, with a cookie jar of their own."""

    def __init__(
        self,
        connection: Requests,
        *,
        language: str = "en",
        origin: str = "",
        note: Callable[[Visit], None] = lambda visit: None,
    ) -> None:
        self._connection = connection
        self._prefix = FORM + (CY if language == "cy" else "")
        self._origin = f"Origin: {origin}\r\n".encode() if origin else b""
        self._note = note
        self.cookies: dict[str, str] = {}
        self.visited: list[str] = []  # the pages read, in order

    async def walk(self, answers: Answers, *, start: str = "") -> Page:
        """From the start page to the receipt."""
        if start == "":
            await self.read("")
        return await self.send(await self.answer_all(answers))

    async def answer_all(self, answers: Answers, first: str = FIRST_PAGE) -> Page:
        """Answer whatever is asked from a page on; returns check-your-answers."""
        page = await self.read(first)
        for _ in range(PAGES_MAX):
            if page.slug == CHECK:
                return page
            page = await self.answer(page, answers)
        raise JourneyStopped(f"going round in circles at {page.slug!r}")

    async def begin(self, answers: Answers, pages: int) -> str:
        """Answer so many pages, reading only the second, and leave; returns where it stopped."""
        nothing_read = Page(FIRST_PAGE, Answer(200, b"", b""))
        page = await self.type(nothing_read, answers[FIRST_PAGE])
        for _ in range(pages - 1):
            answer = await self.post(page, answers[page.slug])
            if answer.status != 303:
                raise JourneyStopped(f"{page.slug!r} answers {answer.status}")
            page = page._replace(slug=_slug_of(answer))
        return page.slug

    async def answer(self, page: Page, answers: Answers) -> Page:
        """Type the answers to one page and read the page that comes next."""
        if page.slug not in answers:
            raise JourneyStopped(f"unexpected page {page.slug!r}: {page.title}")
        return await self.type(page, _as_listed(page, answers[page.slug]))

    async def type(self, page: Page, typed: Mapping[str, str]) -> Page:
        """Post a page's form, and read where it leads. Raises JourneyStopped on a mistake."""
        answer = await self.post(page, typed)
        if answer.status != 303:
            told = Page(page.slug, answer)
            raise JourneyStopped(f"{page.slug!r} answers {answer.status}: {told.errors}")
        return await self.read(_slug_of(answer))

    async def send(self, check: Page) -> Page:
        """From check-your-answers on: declare, send, read the receipt."""
        if f"{self._prefix}/{DECLARATION}" not in check.text:
            raise JourneyStopped("check-your-answers does not lead to the declaration")
        receipt = await self.type(await self.read(DECLARATION), AGREED)
        if receipt.slug != RECEIPT:
            raise JourneyStopped(f"sending led to {receipt.slug!r}: {receipt.title}")
        return receipt

    async def read(self, slug: str) -> Page:
        """Get a page; follows where it leads."""
        for _ in range(PAGES_MAX):
            answer = await self._request("GET", slug)
            if answer.status == 200:
                self.visited.append(slug)
                return Page(slug, answer)
            if answer.status not in (302, 303):
                raise JourneyStopped(f"{slug!r} answers {answer.status}")
            slug = _slug_of(answer)
        raise JourneyStopped(f"led in circles at {slug!r}")

    async def post(self, page: Page, typed: Mapping[str, str]) -> Answer:
        """Post a page's form; whatever comes is returned."""
        body = urlencode({"csrf": page.csrf, **typed}).encode()
        return await self._request("POST", page.slug, body)

    async def _request(self, method: str, slug: str, body: bytes | None = None) -> Answer:
        path = f"{self._prefix}/{slug}" if slug else self._prefix
        headers = self._cookie_header()
        if body is not None:
            headers += _FORM_CONTENT + self._origin
        begin = perf_counter()
        answer = await self._connection.request(method, path, body, headers)
        taken = perf_counter() - begin
        self._note(Visit(method, slug, answer.status, taken, len(answer.body)))
        self._keep_cookie(answer.header_as_sent(b"set-cookie").decode())
        return answer

    def _cookie_header(self) -> bytes:
        if not self.cookies:
            return b""
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return f"Cookie: {pairs}\r\n".encode()

    def _keep_cookie(self, said: str) -> None:
        name, _, rest = said.partition("=")
        value, _, attributes = rest.partition(";")
        if not name:
            return
        if value in ("", '""') or "max-age=0" in attributes.lower():
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def _slug_of(answer: Answer) -> str:
    """The page that an answer leads to."""
    path = answer.header_as_sent(b"location").decode().partition("?")[0].partition("#")[0]
    return path.removeprefix(FORM).removeprefix(CY).strip("/")


def _as_listed(page: Page, typed: Typed) -> Typed:
    """Who does not find their address in the list says so, and types it."""
    if page.slug == "address" and typed["uprn"] not in page.listed_uprns:
        return {"uprn": "not-listed"}
    return typed
