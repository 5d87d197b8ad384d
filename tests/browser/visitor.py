"""Somebody at the form with a browser: what they see, type and press, and what they complain of."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response
from simulated.form_answers import Answers

FORM = "/register-to-vote"
CHECK, DECLARATION, RECEIPT = "check-your-answers", "declaration", "receipt"
PHONE = (360, 740)
DESKTOP = (1280, 900)
PAGES_MAX = 40
REFERENCE = re.compile(r"\b[1-9B-DF-HJ-NP-TV-Z]{5}[\s\u00a0][1-9B-DF-HJ-NP-TV-Z]{5}\b")
# The console also says that a page with a mistake came with 422, which is as it should be.
EXPECTED = frozenset({"404", "422", "503"})
STATUS = re.compile(r"status of (\d{3})")
# Sends what is typed from page to page, as these themselves would, but without showing them.
HURRY = """
async ({answers, last}) => {
  let shown = await fetch(location.href);
  for (;;) {
    const slug = new URL(shown.url).pathname.split("/").pop();
    if (slug === last) return;
    const page = new DOMParser().parseFromString(await shown.text(), "text/html");
    const typed = {...answers[slug], csrf: page.querySelector("[name=csrf]")?.value ?? ""};
    const listed = [...page.querySelectorAll("[name=uprn]")].map((choice) => choice.value);
    if (typed.uprn && !listed.includes(typed.uprn)) typed.uprn = "not-listed";
    shown = await fetch(shown.url, {method: "POST", body: new URLSearchParams(typed)});
    if (!shown.ok) throw new Error(`${slug}: ${shown.status}`);
  }
}
"""


@dataclass
class Visitor:
    """One browser window. `complaints` are the console's errors, CSP's among them, but for the
    statuses that are as they should be.
    """

    page: Page
    base: str
    language: str = "en"
    complaints: list[str] = field(default_factory=list)
    expected: frozenset[str] = EXPECTED

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    # -- where they are -------------------------------------------------------------------------

    def path(self, slug: str = "") -> str:
        prefix = f"{FORM}/cy" if self.language == "cy" else FORM
        return f"{prefix}/{slug}" if slug else prefix

    @property
    def slug(self) -> str:
        """The page they are on, in the language they want: another language is a failure."""
        path = urlsplit(self.page.url).path
        assert path == self.path() or path.startswith(self.path() + "/"), f"led to {path}"
        return path.removeprefix(self.path()).strip("/")

    def go(self, slug: str = "") -> Response | None:
        return self.page.goto(self.base + self.path(slug))

    def back(self) -> None:
        """By the link on the page."""
        self.page.locator(".govuk-back-link").click()

    # -- what they do ---------------------------------------------------------------------------

    def fill(self, typed: Mapping[str, str]) -> None:
        """Type and choose, by the fields' names."""
        for name, text in typed.items():
            self._set(name, text)

    def press(self) -> None:
        """Press the page's one button."""
        self.page.locator("main form button[type=submit], main form .govuk-button").first.click()

    def answer(self, typed: Mapping[str, str]) -> None:
        self.fill(typed)
        self.press()

    def answer_until(self, answers: Answers, last: str = CHECK) -> None:
        """Answer whatever is asked until a page is reached."""
        for _ in range(PAGES_MAX):
            slug = self.slug
            if slug == last:
                return
            assert slug in answers, f"unexpected page {slug!r}: {self.page.title()}"
            self.answer(self.as_listed(answers[slug]))
            assert self.error_fields() == [], f"{slug}: {self.main_text()}"
        raise AssertionError(f"going round in circles at {self.slug!r}")

    def hurry_to(self, last: str, answers: Answers) -> None:
        """Begin, and answer up to a page without looking at those before: in tests of that one."""
        self.go("country-of-residence")
        self.page.evaluate(HURRY, {"answers": answers, "last": last})
        self.go(last)
        assert self.slug == last, self.main_text()

    def send(self) -> str:
        """From check-your-answers on: declare and send. Returns the reference."""
        self.follow(DECLARATION)
        self.answer({"agree": "yes"})
        assert self.slug == RECEIPT, self.main_text()
        return self.reference()

    def walk(self, answers: Answers) -> str:
        """From the start page to the receipt. Returns the reference."""
        self.go()
        self.follow("country-of-residence")
        self.answer_until(answers)
        return self.send()

    def follow(self, slug: str) -> None:
        """Follow the page's link to another page."""
        self.page.locator(f'main a[href="{self.path(slug)}"]').first.click()

    # -- what they see --------------------------------------------------------------------------

    def main_text(self) -> str:
        return self.page.locator("main").inner_text()

    def reference(self) -> str:
        found = REFERENCE.search(self.main_text())
        assert found, self.main_text()
        return found[0].replace("\u00a0", " ")

    def error_fields(self) -> list[str]:
        """The fields that the error summary links to."""
        links = self.page.locator(".govuk-error-summary a").all()
        return [(link.get_attribute("href") or "").removeprefix("#") for link in links]

    def typed(self, name: str) -> str:
        """What stands in a field now, or which of several is chosen."""
        fields = self.page.locator(f'[name="{name}"]')
        if fields.first.get_attribute("type") in ("radio", "checkbox"):
            chosen = self.page.locator(f'[name="{name}"]:checked')
            return (chosen.first.get_attribute("value") or "") if chosen.count() else ""
        return fields.first.input_value()

    def scrolls_sideways(self) -> bool:
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(wide))

    def as_listed(self, typed: Mapping[str, str]) -> Mapping[str, str]:
        """Who does not find their address in the list says so, and types it."""
        uprn = typed.get("uprn", "")
        if not uprn or self._is_listed(uprn):
            return typed
        return {"uprn": "not-listed"}

    # -- fields ---------------------------------------------------------------------------------

    def _set(self, name: str, text: str) -> None:
        fields = self.page.locator(f'main [name="{name}"]')
        kind = fields.first.evaluate("e => e.type || e.tagName")
        if kind in ("radio", "checkbox"):
            self.page.locator(f'main [name="{name}"][value="{text}"]').check()
        elif kind == "select-one":
            self._choose(fields.first, text)
        else:
            fields.first.fill(text)

    @staticmethod
    def _choose(field_: Locator, text: str) -> None:
        field_.select_option(value=text)

    def _is_listed(self, uprn: str) -> bool:
        return self.page.locator(f'main [value="{uprn}"]').count() > 0

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        status = STATUS.search(message.text)
        if status is None or status[1] not in self.expected:
            self.complaints.append(f"{urlsplit(self.page.url).path}: {message.text}")


@contextmanager
def visiting(
    browser: Browser,
    base: str,
    *,
    language: str = "en",
    size: tuple[int, int] = DESKTOP,
    javascript: bool = True,
) -> Iterator[Visitor]:
    """Open a window with cookies of its own; whoever leaves it must have had no complaint."""
    context = _context(browser, size, javascript)
    try:
        visitor = Visitor(context.new_page(), base, language)
        yield visitor
        assert visitor.complaints == []
    finally:
        context.close()


def _context(browser: Browser, size: tuple[int, int], javascript: bool) -> BrowserContext:
    options: dict[str, Any] = {"viewport": {"width": size[0], "height": size[1]}}
    context = browser.new_context(java_script_enabled=javascript, **options)
    context.set_default_timeout(10_000)
    return context
