"""A helper enters one person after the other; nobody sees anything of the last one."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from electoral import postgres
from electoral.postgres import Pool
from electoral_local.postgres import EmbeddedPostgres
from form_world import FormWorld, form_world
from registration.form.assisted import HELPER_COOKIE
from registration.form.passwords import hash_password
from registration.form.security import COOKIE
from registration.postgres import assisted
from simulated.form_answers import Answers, country_of, typed_answers
from simulated.form_citizen import CHECK, DECLARATION, FormCitizen, JourneyStopped, Page
from simulated.http_client import Answer, Connection, Server
from simulated.population import Population

pytestmark = pytest.mark.integration

PASSWORD = "three random words"
WRONG = "three other words"
HASHED = hash_password(PASSWORD)

SIGN_IN, NEXT_PERSON, SIGN_OUT = "helper/sign-in", "helper/next-person", "helper/sign-out"
ENDED = "session-ended"
CONFIRMED = {"agree": "yes", "personConfirms": "yes"}
NO_SESSION = Page("", Answer(200, b"", b""))


@pytest.fixture(scope="module")
def form(
    embedded_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FormWorld]:
    settings = {"REGISTRATION_HELPER_FAILURES_PER_ADDRESS_MAX": "1000"}
    with form_world(embedded_postgres, tmp_path_factory.mktemp("form"), settings) as world:
        yield world


@pytest.fixture
async def form_pool(form: FormWorld) -> AsyncIterator[Pool]:
    pool = await postgres.open_pool(form.dsn, service="test", connections=2)
    async with pool:
        await pool.execute("TRUNCATE form_session, helper_attempt")
        for name in ("sian", "owen"):
            await assisted.add_account(pool, name, HASHED)
            await assisted.unlock_account(pool, name)
        yield pool


class Browser(FormCitizen):
    """A helper's browser: every cookie of an answer is kept, as browsers do."""

    async def post(self, page: Page, typed: dict[str, str]) -> Answer:  # type: ignore[override]
        answer = await super().post(page, typed)
        for said in re.findall(rb"\r\nset-cookie: ([^\r]*)", answer.head_as_sent, re.IGNORECASE):
            self._keep_cookie(said.decode())
        return answer

    async def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        return await self.post(
            Page(SIGN_IN, NO_SESSION.answer), {"name": name, "password": password}
        )

    async def next_person(self) -> Answer:
        return await self.post(await self.read(NEXT_PERSON), {})


def a_browser(form: FormWorld, language: str = "en") -> Browser:
    return Browser(Connection(Server.of_url(form.url), {}), language=language, origin=form.url)


def a_person(number: int) -> tuple[Answers, set[str]]:
    """The answers of somebody, and those of them that nobody else gives."""
    citizen = Population(7).person(number)
    application = citizen.application
    answers = typed_answers(application, country_of(application, citizen.identity.place.nation))
    first, last = f"Zebedee{number}", f"Quillfeather{number}"
    answers["name"] = {"firstName": first, "lastName": last}
    answers["contact"] = {"email": f"zebedee{number}@example.com", "phone": f"01632 96000{number}"}
    own = {first, last, answers["contact"]["email"], answers["nino"].get("nino", first)}
    return answers, own


async def test_a_helper_enters_three_people_and_nothing_of_the_last_one_is_left(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    assert (await browser.sign_in("sian")).status == 303
    everything: set[str] = set()
    sent_before = form.accepted()
    for number, sends in ((1, True), (2, False), (3, True)):
        answers, own = a_person(number)
        check = await browser.answer_all(answers)
        assert own & set(re.findall(r"[\w@.-]+", check.text))
        pages = [*browser.visited, CHECK, "receipt"]
        if sends:
            await send(browser)
        assert await form_pool.fetchval("SELECT count(*) FROM form_session") == 1
        old = browser.cookies[COOKIE]
        ended = await browser.next_person()
        assert COOKIE not in browser.cookies
        assert ended.header(b"clear-site-data") == b'"cache"'
        assert await form_pool.fetchval("SELECT count(*) FROM form_session") == 0
        everything |= own
        await shows_nothing_of(everything, browser, pages)
        browser.cookies[COOKIE] = old  # whoever kept it
        await shows_nothing_of(everything, browser, pages)
        del browser.cookies[COOKIE]
    assert form.accepted() == sent_before + 2
    assert await words_in_any_table(form_pool, everything) == set()


async def send(browser: Browser) -> None:
    """Declare, first without the person's own confirmation, and send."""
    declaration = await browser.read(DECLARATION)
    refused = await browser.post(declaration, {"agree": "yes"})
    assert refused.status == 422
    assert set(Page(DECLARATION, refused).errors) == {"personConfirms"}
    receipt = await browser.type(declaration, CONFIRMED)
    assert receipt.slug == "receipt"
    assert receipt.reference


async def shows_nothing_of(words: set[str], browser: Browser, slugs: list[str]) -> None:
    """Ask for pages that were seen before."""
    for slug in dict.fromkeys(slugs):
        page = await browser.read(slug)
        assert page.slug in (ENDED, "country-of-residence", "", NEXT_PERSON), slug
        assert not [word for word in words if word in page.text], slug


async def words_in_any_table(pool: Pool, words: set[str]) -> set[str]:
    tables = await pool.fetch("SELECT relname FROM pg_stat_user_tables")
    found = set()
    assert len(tables) > 10
    for table in tables:
        rows = await pool.fetch(f'SELECT t::text AS row FROM "{table["relname"]}" AS t')
        found |= {word for word in words for row in rows if word in row["row"]}
    return found


async def test_what_was_sent_is_assisted_and_the_confirmation_stands_beside_it(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    await browser.sign_in("owen")
    await browser.answer_all(a_person(4)[0])
    await send(browser)
    row = await form_pool.fetchrow(
        """SELECT client_id, source, helper, confirmed_at <= received_at AS before
             FROM application JOIN assisted_confirmation USING (idempotency_hash)
            WHERE helper = 'owen'"""
    )
    assert row is not None
    assert dict(row) == {
        "client_id": "form-assisted",
        "source": "assisted",
        "helper": "owen",
        "before": True,
    }


async def test_every_page_of_a_helper_says_who_is_signed_in_and_is_kept_nowhere(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    await browser.sign_in("sian")
    await browser.answer_all(a_person(5)[0])
    for slug in {*browser.visited, NEXT_PERSON, SIGN_OUT, DECLARATION, "exit/abroad"}:
        page = await browser.read(slug)
        assert "signed in as sian" in page.text, slug
        assert page.answer.header(b"cache-control") == b"no-store", slug
    await send(browser)
    assert "signed in as sian" in (await browser.read("receipt")).text


async def test_a_helpers_form_session_goes_on_with_that_helper_alone(
    form: FormWorld, form_pool: Pool
) -> None:
    browser, other, citizen = a_browser(form), a_browser(form), a_browser(form)
    await browser.sign_in("sian")
    await other.sign_in("owen")
    answers, own = a_person(6)
    await browser.answer_all(answers)
    for stranger in (other, citizen):
        stranger.cookies[COOKIE] = browser.cookies[COOKIE]
        page = await stranger.read("name")
        assert page.slug == ENDED
        assert not [word for word in own if word in page.text]
        posted = await stranger.post(Page("contact", page.answer), answers["contact"])
        assert (posted.status, posted.header(b"location")) == (
            303,
            b"/register-to-vote/session-ended",
        )
    assert (await browser.read("name")).slug == "name"


async def test_what_a_citizen_began_never_becomes_a_helpers(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    answers, _ = a_person(7)
    await browser.answer_all(answers)
    begun = browser.cookies[COOKIE]
    await browser.sign_in("sian")
    assert COOKIE not in browser.cookies
    assert await form_pool.fetchval("SELECT count(*) FROM form_session") == 0
    browser.cookies[COOKIE] = begun
    assert (await browser.read("name")).slug == ENDED


@pytest.mark.parametrize("why", ["signed out", "locked", "idle"])
async def test_who_is_no_longer_signed_in_is_led_to_sign_in_and_not_on_as_a_citizen(
    why: str, form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    await browser.sign_in("sian")
    await browser.answer_all(a_person(8)[0])
    kept = dict(browser.cookies)
    match why:
        case "signed out":
            await browser.post(await browser.read(SIGN_OUT), {})
            assert browser.cookies == {}
            assert await form_pool.fetchval("SELECT count(*) FROM form_session") == 0
        case "locked":
            await assisted.lock_account(form_pool, "sian")
        case _:
            await form_pool.execute("UPDATE helper_session SET expires_at = now()")
    for slug in ("country-of-residence", NEXT_PERSON, SIGN_OUT):
        browser.cookies = dict(kept)
        assert (await browser.read(slug)).slug == SIGN_IN
    assert HELPER_COOKIE not in browser.cookies
    browser.cookies = dict(kept)
    posted = await browser.post(
        Page("country-of-residence", NO_SESSION.answer), {"country": "england"}
    )
    assert posted.header(b"location") == b"/register-to-vote/helper/sign-in"


async def test_wrong_name_wrong_password_and_a_locked_account_are_told_the_same(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    told = [Page(SIGN_IN, await browser.sign_in(name, WRONG)) for name in ("nobody", "sian")]
    for _ in range(4):
        await browser.sign_in("sian", WRONG)
    told.append(Page(SIGN_IN, await browser.sign_in("sian", PASSWORD)))
    assert {page.answer.status for page in told} == {422}
    assert len({page.text.replace("nobody", "sian") for page in told}) == 1
    assert set(told[0].errors) == {"name"}
    assert told[0].title.startswith("Error: ")
    assert WRONG not in told[0].text
    assert browser.cookies == {}


async def test_what_is_missing_is_asked_for_in_the_language_of_the_page(
    form: FormWorld, form_pool: Pool
) -> None:
    english = Page(SIGN_IN, await a_browser(form).sign_in("", "")).errors
    welsh = Page(SIGN_IN, await a_browser(form, "cy").sign_in("", "")).errors
    assert set(english) == set(welsh) == {"name", "password"}
    assert not set(english.values()) & set(welsh.values())


async def test_next_person_and_sign_out_need_a_form_of_this_helper(
    form: FormWorld, form_pool: Pool
) -> None:
    browser = a_browser(form)
    await browser.sign_in("sian")
    await browser.answer_all(a_person(9)[0])
    for slug in (NEXT_PERSON, SIGN_OUT):
        assert (await browser.post(Page(slug, NO_SESSION.answer), {})).status == 403
    assert (await browser.read(CHECK)).slug == CHECK


async def test_a_helper_is_asked_for_the_persons_confirmation_and_a_citizen_is_not(
    form: FormWorld, form_pool: Pool
) -> None:
    citizen = a_browser(form)
    await citizen.answer_all(a_person(1)[0])
    assert "personConfirms" not in (await citizen.read(DECLARATION)).text
    helper = a_browser(form)
    await helper.sign_in("sian")
    await helper.answer_all(a_person(2)[0])
    declaration = await helper.read(DECLARATION)
    assert "personConfirms" in declaration.text
    with pytest.raises(JourneyStopped):
        await helper.type(declaration, {"agree": "yes"})
