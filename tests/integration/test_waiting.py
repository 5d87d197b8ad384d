"""The form under pressure, on the real Postgres: who waits, who goes on, and when they came."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
import time_machine
from electoral.keys import make_keys
from electoral.postgres import Pool
from electoral.today import LONDON
from form_port import ANSWERS, FormPort, Visitor, form_port
from form_words import english_left, read_page
from registration.admission import Admission
from registration.form.tickets import COOKIE
from registration_service import postcode_index

FIRST, WAITING = "country-of-residence", "waiting"
AT_WAITING = f"/register-to-vote/{WAITING}"
AT_FIRST = f"/register-to-vote/{FIRST}"
BYTES_MAX = 15_000
DEADLINE = datetime(2027, 4, 19, 23, 0, tzinfo=UTC)  # of the polls of 6 May 2027
MINUTE = timedelta(minutes=1)


class Pressure:
    """Admission as it is, with as much in hand as a test wants."""

    def __init__(self) -> None:
        self.admission = Admission()

    def none(self) -> None:
        self.admission.in_hand = 0

    def some(self) -> None:
        """No room for who comes new."""
        self.admission.in_hand = int(self.admission.limit) + 1

    def too_much(self) -> None:
        """No room for anybody."""
        self.admission.in_hand = 10 * int(self.admission.limit)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
def pressure() -> Pressure:
    return Pressure()


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path, pressure: Pressure
) -> AsyncIterator[FormPort]:
    async with form_port(
        registration_pool, keys_root, postcodes, admission=pressure.admission
    ) as running:
        yield running


async def waiting(port: FormPort) -> Visitor:
    """Somebody who was led to the waiting page, and looks at it."""
    visitor = port.visitor()
    await visitor.get(FIRST)
    assert visitor.place == AT_WAITING
    assert (await visitor.get(WAITING)).status == 200
    return visitor


async def arrival(pool: Pool) -> tuple[datetime, datetime]:
    """Return when the only application arrived, and when it was received."""
    row = await pool.fetchrow("SELECT arrived_at, received_at FROM application")
    assert row is not None
    return row["arrived_at"], row["received_at"]


# -- who waits ------------------------------------------------------------------------------------


async def test_in_ordinary_times_nobody_waits_and_nobody_gets_a_ticket(port: FormPort) -> None:
    visitor = port.visitor()
    assert (await visitor.get(FIRST)).status == 200
    await visitor.answer_all()
    assert (await visitor.send()).status == 303
    assert visitor.place == "/register-to-vote/receipt"
    assert COOKIE not in visitor.cookies


async def test_under_pressure_who_is_new_waits_and_who_has_begun_goes_on(
    port: FormPort, pressure: Pressure
) -> None:
    begun, asked, new = port.visitor(), port.visitor(), port.visitor()
    await begun.answer(FIRST)
    await asked.get(FIRST)
    pressure.some()
    await new.get(FIRST)
    assert new.place == AT_WAITING
    await new.post(FIRST, ANSWERS[FIRST])
    assert new.place == AT_WAITING
    await new.get(f"cy/{FIRST}")
    assert new.place == f"/register-to-vote/cy/{WAITING}"
    await asked.post(FIRST, ANSWERS[FIRST])
    assert asked.place == "/register-to-vote/nationality"
    await begun.answer_all()
    assert (await begun.send()).status == 303
    assert begun.place == "/register-to-vote/receipt"


async def test_who_has_begun_is_refused_only_when_there_is_far_too_much(
    port: FormPort, pressure: Pressure
) -> None:
    visitor = port.visitor()
    await visitor.answer(FIRST)
    pressure.too_much()
    refused = await visitor.get("nationality")
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    for slug in ("", "about", WAITING):
        assert (await visitor.get(slug)).status in (200, 303)
    pressure.none()
    assert (await visitor.get("nationality")).status == 200


async def test_when_there_is_room_again_who_waits_goes_in_and_gives_the_ticket_back(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    visitor = await waiting(port)
    pressure.none()
    await visitor.get(WAITING)
    assert visitor.place == AT_FIRST
    pressure.some()  # once called, they have begun
    assert (await visitor.get(FIRST)).status == 200
    await visitor.post(FIRST, ANSWERS[FIRST])
    assert visitor.place == "/register-to-vote/nationality"
    assert COOKIE not in visitor.cookies
    assert (await visitor.get("nationality")).status == 200


async def test_nobody_new_overtakes_who_waits_and_who_came_first_goes_in_first(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    first, second = await waiting(port), None
    await asyncio.sleep(0.01)
    second = await waiting(port)
    pressure.none()
    new = port.visitor()
    await new.get(FIRST)
    assert new.place == AT_WAITING
    assert (await second.get(WAITING)).status == 200
    await first.get(WAITING)
    assert first.place == AT_FIRST
    await asyncio.sleep(0.6)
    await second.get(WAITING)
    assert second.place == AT_FIRST


async def test_a_ticket_that_somebody_made_up_is_worth_nothing(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    visitor = await waiting(port)
    theirs = visitor.cookies[COOKIE]
    for made_up in (theirs.replace("waits", "called"), theirs[:-1], "x", "é" * 50, ""):
        visitor.cookies = {COOKIE: made_up}
        await visitor.get(FIRST)
        assert visitor.place == AT_WAITING
    visitor.cookies = {COOKIE: theirs}
    visitor.token = "arrival-2026q4.1795382103998." + "A" * 43
    await visitor.post(FIRST, ANSWERS[FIRST])
    assert visitor.place == AT_WAITING


async def test_who_has_a_session_is_led_back_to_it(port: FormPort, pressure: Pressure) -> None:
    visitor = port.visitor()
    await visitor.answer(FIRST)
    pressure.some()
    await visitor.get(WAITING)
    assert visitor.place == "/register-to-vote/nationality"


async def test_the_next_person_at_this_computer_has_neither_place_nor_time_of_the_last(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    visitor = await waiting(port)
    pressure.none()
    await visitor.post("start-again", {})
    assert visitor.cookies == {}


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_the_page_says_all_there_is_to_say_in_few_bytes(
    port: FormPort, pressure: Pressure, language: str
) -> None:
    pressure.some()
    visitor = port.visitor()
    slug = WAITING if language == "en" else f"cy/{WAITING}"
    response = await visitor.get(slug, Accept_Encoding="identity")
    assert response.headers["Cache-Control"] == "no-store"
    html = visitor.text
    assert len(html.encode()) < BYTES_MAX
    assert len(gzip.compress(html.encode(), 9)) < 4_000
    found = read_page(html)
    assert found.language == language
    assert 'http-equiv="refresh"' in html
    assert language == "en" or english_left(html) == []
    texts = port.form.texts.translate("cy" if language == "cy" else "en")
    said = " ".join(found.said)
    for key in ("waiting:title", "waiting:open", "waiting:wait.unknown", "start.deadline.title"):
        assert texts(key) in said
    assert texts("waiting:place", minutes=30) in said
    assert texts("start.other.paper.text") in said


async def test_browsers_do_not_all_come_back_at_one_moment(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    pauses = set()
    for _ in range(60):
        visitor = port.visitor()
        await visitor.get(WAITING)
        pauses.add(visitor.text.partition('http-equiv="refresh" content="')[2].partition('"')[0])
    assert len(pauses) > 3
    assert all(20 <= int(pause) <= 40 for pause in pauses)


async def test_the_place_is_kept_half_an_hour_in_a_cookie_that_is_safe(
    port: FormPort, pressure: Pressure
) -> None:
    pressure.some()
    response = await port.visitor().get(WAITING)
    cookie = SimpleCookie(response.headers["Set-Cookie"])[COOKIE]
    assert (cookie["max-age"], cookie["path"], cookie["domain"]) == ("1800", "/", "")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# -- when they came -------------------------------------------------------------------------------


async def test_an_application_arrived_when_its_sender_joined_the_queue(
    port: FormPort, pressure: Pressure, registration_pool: Pool
) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now - 20 * MINUTE):
        pressure.some()
        visitor = await waiting(port)
    with time_machine.travel(now - 10 * MINUTE):
        pressure.none()
        await visitor.get(WAITING)
        assert visitor.place == AT_FIRST
        await visitor.answer_all()
    await visitor.send()
    arrived_at, received_at = await arrival(registration_pool)
    assert abs(arrived_at - (now - 20 * MINUTE)) < MINUTE / 2
    assert received_at > now


async def test_an_application_arrived_when_the_first_question_was_shown(
    port: FormPort, registration_pool: Pool
) -> None:
    now = datetime.now(UTC)
    visitor = port.visitor()
    with time_machine.travel(now - 5 * MINUTE):
        await visitor.get(FIRST)
    await visitor.post(f"cy/{FIRST}", {"showAgain": "", **ANSWERS[FIRST]})
    await visitor.post(f"cy/{FIRST}", {})
    assert "govuk-error-summary" in visitor.text
    await visitor.post(FIRST, ANSWERS[FIRST])
    assert visitor.place == "/register-to-vote/nationality"
    await visitor.answer_all()
    await visitor.send()
    arrived_at, _ = await arrival(registration_pool)
    assert abs(arrived_at - (now - 5 * MINUTE)) < MINUTE / 2


async def test_a_form_left_open_for_days_arrives_when_it_is_sent(
    port: FormPort, registration_pool: Pool, keys_root: Path
) -> None:
    now, visitor = datetime.now(UTC), port.visitor()
    opened_at = now - timedelta(hours=25)
    make_keys(keys_root, opened_at.astimezone(LONDON).date())
    with time_machine.travel(opened_at):
        await visitor.get(FIRST)
    await visitor.post(FIRST, ANSWERS[FIRST])
    await visitor.answer_all()
    await visitor.send()
    arrived_at, received_at = await arrival(registration_pool)
    assert received_at - arrived_at <= MINUTE


# -- a deadline -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stays_open", [False, True])
async def test_after_a_deadline_who_came_before_it_is_told_and_goes_first_only_by_the_setting(
    registration_pool: Pool,
    keys_root: Path,
    postcodes: Path,
    pressure: Pressure,
    stays_open: bool,
) -> None:
    make_keys(keys_root, DEADLINE.astimezone(LONDON).date())
    pressure.some()
    async with form_port(
        registration_pool,
        keys_root,
        postcodes,
        admission=pressure.admission,
        form_open_after_deadline=stays_open,
    ) as port:
        with time_machine.travel(DEADLINE - 2 * MINUTE):
            before = await waiting(port)
            assert "6 May 2027" in before.text
            assert "19 April 2027" in before.text
        with time_machine.travel(DEADLINE + 20 * MINUTE):
            after = await waiting(port)
            assert "The deadline passed" not in after.text
            await before.get(WAITING)
            assert (before.place == AT_FIRST) == stays_open
            assert ("The deadline passed while you waited" in before.text) != stays_open
        with time_machine.travel(DEADLINE + 90 * MINUTE):
            late = port.visitor()
            late.cookies = dict(before.cookies)
            await late.get(WAITING)
            assert (late.place == AT_FIRST) == stays_open
