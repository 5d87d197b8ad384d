"""The waiting page in a browser: accessible, on a small screen too, and it goes on by itself."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from electoral import postgres
from electoral.keys import make_keys
from electoral.today import LONDON
from form_port import form_port
from form_world import FormWorld
from playwright.sync_api import Browser, Cookie, expect
from registration.admission import Admission
from registration_service import postcode_index

from browser.visitor import DESKTOP, PHONE, visiting

pytestmark = [pytest.mark.integration, pytest.mark.long]

FIRST, WAITING = "country-of-residence", "waiting"
# WCAG 2.2.1 leaves out what is essential: who waits loses nothing by it, and goes in by it.
RELOADS = "meta-refresh"


@dataclass
class Pressed:
    """A form that takes nobody new until it is told to."""

    url: str
    admission: Admission

    def press(self) -> None:
        self.admission.in_hand = int(self.admission.limit) + 50

    def relieve(self) -> None:
        self.admission.in_hand = 0


@pytest.fixture
def pressed(form: FormWorld, tmp_path: Path) -> Iterator[Pressed]:
    with _served(form, tmp_path) as running:
        running.press()
        yield running


@contextmanager
def _served(form: FormWorld, folder: Path) -> Iterator[Pressed]:
    """Serve the form in a thread of its own: the browser's driver keeps this one's loop."""
    make_keys(folder / "keys", datetime.now(UTC).astimezone(LONDON).date())
    started: Future[tuple[Pressed, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        admission, over = Admission(), asyncio.Event()
        pool = await postgres.open_pool(form.dsn, service="test", connections=4)
        codes = postcode_index(folder)
        async with pool, form_port(pool, folder / "keys", codes, admission=admission) as port:
            url = str(port.client.make_url("")).rstrip("/")
            started.set_result((Pressed(url, admission), asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    running, loop, over = started.result(timeout=60)
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(timeout=30)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_page_is_for_everybody(
    browser: Browser, pressed: Pressed, language: str, size: tuple[int, int]
) -> None:
    with visiting(browser, pressed.url, language=language, size=size) as visitor:
        visitor.go(FIRST)
        assert visitor.slug == WAITING
        assert visitor.page.locator("html").get_attribute("lang") == language
        found = Axe().run(visitor.page).response["violations"]
        assert [each["id"] for each in found if each["id"] != RELOADS] == []
        visitor.page.set_viewport_size({"width": 320, "height": 256})
        assert not visitor.scrolls_sideways()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_when_it_is_their_turn_the_page_goes_on_by_itself_and_they_can_begin(
    browser: Browser, pressed: Pressed, javascript: bool
) -> None:
    with visiting(browser, pressed.url, javascript=javascript) as visitor:
        visitor.go()
        visitor.follow(FIRST)
        assert visitor.slug == WAITING
        pressed.relieve()
        visitor.page.wait_for_url(f"**/{FIRST}", timeout=50_000)
        pressed.press()
        visitor.answer({"country": "england"})
        expect(visitor.page).to_have_url(f"{pressed.url}/register-to-vote/nationality")


def test_changing_the_language_keeps_the_place(browser: Browser, pressed: Pressed) -> None:
    with visiting(browser, pressed.url) as visitor:
        visitor.go(FIRST)
        came = _place(visitor.page.context.cookies())
        visitor.page.locator("[data-other-language]").click()
        visitor.language = "cy"
        assert visitor.slug == WAITING
        assert _place(visitor.page.context.cookies()) == came


def _place(cookies: list[Cookie]) -> str:
    (ticket,) = [each.get("value", "") for each in cookies if each.get("name") == "__Host-place"]
    return ticket.split(".")[1].split("-")[0]
