"""Sessions of the form on the real Postgres: whose they are, how long they last, what is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from electoral.destruction import destroy
from electoral.postgres import Pool
from electoral.sealing import DoesNotOpen, Sealer, key_id_of
from form_port import ANSWERS, FormPort, Visitor, form_port
from registration.form.session import session_id
from registration.postgres.form_sessions import count_blocks, sweep_sessions
from registration_service import postcode_index

PERSONAL = ("Siân", "O'Neill", "O\\u0027Neill", "AB123456", "AB 12", "Mill Lane", "sian@", "1987")
ENDED = "/register-to-vote/session-ended"


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> AsyncIterator[FormPort]:
    async with form_port(registration_pool, keys_root, postcodes) as running:
        yield running


async def begun(port: FormPort) -> Visitor:
    """Open a browser that has answered the first question."""
    visitor = port.visitor()
    await visitor.answer("country-of-residence")
    return visitor


async def typed_in(pool: Pool, sealer: Sealer) -> dict[str, dict[str, str]]:
    """Return what the only session there is keeps."""
    row = await pool.fetchrow("SELECT session_id, sealed FROM form_session")
    assert row is not None
    bound_to = UUID(bytes=row["session_id"][:16])
    typed: dict[str, dict[str, str]] = json.loads(
        sealer.open("form-session", bound_to, row["sealed"])
    )["typed"]
    return typed


# -- whose ----------------------------------------------------------------------------------------


async def test_the_first_answer_begins_a_session(port: FormPort, registration_pool: Pool) -> None:
    visitor = port.visitor()
    first = await visitor.get("country-of-residence")
    assert first.status == 200
    assert "Set-Cookie" not in first.headers
    answered = await visitor.answer("country-of-residence")
    assert answered.status == 303
    assert visitor.place == "/register-to-vote/nationality"
    cookie = answered.headers["Set-Cookie"]
    assert cookie.startswith("__Host-register=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    (token,) = visitor.cookies.values()
    stored = await registration_pool.fetchval("SELECT session_id FROM form_session")
    assert stored == session_id(token)


async def test_without_a_session_only_the_first_question_is_asked(port: FormPort) -> None:
    visitor = port.visitor()
    for slug in ("name", "check-your-answers", "declaration", "receipt"):
        await visitor.get(slug)
        assert visitor.place == ENDED
    await visitor.post("name", {"firstName": "Siân"})
    assert visitor.place == ENDED
    await visitor.get("cy/name")
    assert visitor.place == "/register-to-vote/cy/session-ended"


async def test_fifty_people_at_once_see_nothing_of_each_other(
    port: FormPort, registration_pool: Pool
) -> None:
    visitors = {f"Citizen{number:02}x": port.visitor() for number in range(50)}

    async def apply(name: str, visitor: Visitor) -> None:
        await visitor.answer_all(name={"firstName": name, "lastName": f"Of{name}"})
        await visitor.get("check-your-answers")

    await asyncio.gather(*(apply(name, visitor) for name, visitor in visitors.items()))
    for name, visitor in visitors.items():
        assert [other for other in visitors if other in visitor.text] == [name]
    assert await registration_pool.fetchval("SELECT count(*) FROM form_session") == 50


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "é" * 43, "a" * 4000, '"'])
async def test_whatever_a_cookie_holds_there_is_a_page(port: FormPort, cookie: str) -> None:
    visitor = port.visitor()
    visitor.cookies = {"__Host-register": cookie}
    await visitor.get("name")
    assert visitor.place == ENDED


async def test_the_next_person_begins_with_nothing(port: FormPort, registration_pool: Pool) -> None:
    visitor = await begun(port)
    old = dict(visitor.cookies)
    await visitor.get("nationality")
    again = await visitor.post("start-again", {})
    assert visitor.place == "/register-to-vote"
    assert again.headers["Clear-Site-Data"] == '"cache"'
    assert visitor.cookies == {}
    assert await registration_pool.fetchval("SELECT count(*) FROM form_session") == 0
    visitor.cookies = old
    await visitor.get("nationality")
    assert visitor.place == ENDED


# -- what is kept ----------------------------------------------------------------------------------


async def test_nothing_personal_stands_in_clear(port: FormPort, registration_pool: Pool) -> None:
    visitor = port.visitor()
    await visitor.answer_all()
    (token,) = visitor.cookies.values()
    rows = await registration_pool.fetch("SELECT form_session::text AS written FROM form_session")
    written = " ".join(row["written"] for row in rows)
    assert [each for each in (*PERSONAL, token) if each in written] == []


async def test_a_row_opens_under_no_other_id(
    port: FormPort, registration_pool: Pool, sealer: Sealer
) -> None:
    await begun(port)
    sealed = await registration_pool.fetchval("SELECT sealed FROM form_session")
    assert key_id_of(sealed).startswith("form-session-")
    with pytest.raises(DoesNotOpen):
        sealer.open("form-session", UUID(int=7), sealed)


async def test_a_restart_ends_nobodys_session(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> None:
    async with form_port(registration_pool, keys_root, postcodes) as before:
        visitor = await begun(before)
        await visitor.answer("nationality")
    async with form_port(registration_pool, keys_root, postcodes) as after:
        visitor.client = after.client
        await visitor.answer("date-of-birth")
        assert visitor.place == "/register-to-vote/name"


async def test_two_tabs_do_not_undo_each_others_answers(
    port: FormPort, registration_pool: Pool, sealer: Sealer
) -> None:
    visitor = await begun(port)
    slugs = ("nationality", "date-of-birth", "name", "nino", "contact")
    tabs = {slug: visitor.another_tab() for slug in slugs}
    for slug, tab in tabs.items():
        await tab.get(slug)
    answers = (tab.post(slug, ANSWERS[slug]) for slug, tab in tabs.items())
    assert {answer.status for answer in await asyncio.gather(*answers)} == {303}
    assert set(await typed_in(registration_pool, sealer)) == {"country-of-residence", *slugs}


async def test_a_wrong_answer_is_shown_again_and_not_kept(
    port: FormPort, registration_pool: Pool, sealer: Sealer
) -> None:
    visitor = await begun(port)
    await visitor.get("date-of-birth")
    wrong = await visitor.post("date-of-birth", {"day": "31", "month": "2", "year": "1987"})
    assert wrong.status == 422
    assert "<title>Error: " in visitor.text
    assert 'value="1987"' in visitor.text
    assert set(await typed_in(registration_pool, sealer)) == {"country-of-residence"}


# -- how long --------------------------------------------------------------------------------------


async def set_minutes_left(pool: Pool, minutes: float) -> None:
    await pool.execute(
        "UPDATE form_session SET expires_at = now() + make_interval(secs => $1)", minutes * 60
    )


async def minutes_left(pool: Pool) -> float:
    left = "SELECT extract(epoch FROM expires_at - now())::float8 / 60 FROM form_session"
    return float(await pool.fetchval(left))


async def test_what_has_ended_is_neither_shown_nor_written(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await begun(port)
    await visitor.get("nationality")
    await set_minutes_left(registration_pool, 0)
    await visitor.post("nationality", ANSWERS["nationality"])
    assert visitor.place == ENDED
    await visitor.get("country-of-residence")
    assert "checked" not in visitor.text
    await port.form.sessions.sweep()
    assert await registration_pool.fetchval("SELECT count(*) FROM form_session") == 0


async def test_it_lasts_an_hour_after_the_last_page(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await begun(port)
    for minutes in (0.1, 30, 59.9):
        await set_minutes_left(registration_pool, minutes)
        assert (await visitor.get("nationality")).status == 200
        assert 60 < await minutes_left(registration_pool) <= 61
    await set_minutes_left(registration_pool, 60.5)
    await visitor.get("nationality")
    assert await minutes_left(registration_pool) < 60.5  # noted once a minute at most


async def test_the_sweep_leaves_what_goes_on(port: FormPort, registration_pool: Pool) -> None:
    await begun(port)
    await port.form.sessions.sweep()
    assert await registration_pool.fetchval("SELECT count(*) FROM form_session") == 1


async def test_a_sweep_goes_through_the_table_once_a_few_blocks_at_a_time(
    port: FormPort, registration_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, blocks_at_once = 60, 7
    monkeypatch.setattr("registration.form.sessions.SWEEP_BLOCKS", blocks_at_once)
    await registration_pool.execute(
        "INSERT INTO form_session (session_id, sealed, expires_at)"
        " SELECT int4send(n), repeat('x', 3000), now() - interval '1 minute' * (n % 2 * 2 - 1)"
        " FROM generate_series(1, $1) AS n",
        count,
    )
    assert await count_blocks(registration_pool) > 3 * blocks_at_once
    left = "SELECT count(*) FROM form_session"
    first = await sweep_sessions(registration_pool, range(blocks_at_once))
    assert 0 < first <= 2 * blocks_at_once
    assert await registration_pool.fetchval(left) == count - first
    await port.form.sessions.sweep()
    assert await registration_pool.fetchval(left) == count / 2
    assert await registration_pool.fetchval(f"{left} WHERE expires_at > now()") == count / 2


async def test_a_destroyed_key_ends_the_session(port: FormPort, keys_root: Path) -> None:
    visitor = await begun(port)
    for key in (keys_root / "registration").glob("form-session-*.key"):
        destroy([key.parent], key.stem)
    port.form.sealer.forget_destroyed()
    await visitor.get("nationality")
    assert visitor.place == ENDED


# -- forged requests -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
async def test_another_sites_page_changes_nothing(
    port: FormPort, registration_pool: Pool, headers: dict[str, str]
) -> None:
    visitor = await begun(port)
    await visitor.get("nationality")
    forged = await visitor.post("nationality", ANSWERS["nationality"], **headers)
    assert forged.status == 403
    assert await registration_pool.fetchval("SELECT version FROM form_session") == 1
    stranger = port.visitor()
    begun_elsewhere = await stranger.post(
        "country-of-residence", ANSWERS["country-of-residence"], **headers
    )
    assert begun_elsewhere.status == 403
    assert stranger.cookies == {}


async def test_a_form_of_another_session_is_refused(port: FormPort) -> None:
    visitor, other = await begun(port), await begun(port)
    await visitor.get("nationality")
    await other.get("nationality")
    assert visitor.token != other.token
    for token in ("", "0" * 32, other.token):
        refused = await visitor.post("nationality", {**ANSWERS["nationality"], "csrf": token})
        assert refused.status == 403


# -- at the edge -----------------------------------------------------------------------------------


async def test_personal_pages_are_stored_nowhere_and_framed_by_nobody(port: FormPort) -> None:
    visitor = await begun(port)
    page = await visitor.get("nationality")
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for slug in ("", "cy", "about", "exit/abroad"):
        public = await visitor.get(slug)
        assert public.status == 200
        assert public.headers["Cache-Control"] == "public, max-age=300"


async def test_the_ways_back_from_an_exit_know_whose_they_are(port: FormPort) -> None:
    async def ways_of(visitor: Visitor) -> list[str]:
        places = []
        for way in ("way-back", "way-back/place"):
            await visitor.get(way)
            places.append(visitor.place)
        return places

    assert await ways_of(port.visitor()) == ["/register-to-vote"] * 2
    visitor = await begun(port)
    assert await ways_of(visitor) == ["/register-to-vote/nationality"] * 2  # asked next
    await visitor.answer("nationality", other="yes", country1="BR")
    assert visitor.place == "/register-to-vote/exit/no-franchise-england"
    assert await ways_of(visitor) == [
        "/register-to-vote/nationality",
        "/register-to-vote/country-of-residence",
    ]


@pytest.mark.parametrize(
    ("slug", "begins"),
    [("nothing-here", "Page not found"), ("exit/nowhere", "Page not found"), ("a/b/c", "Page not")],
)
async def test_there_is_a_page_for_what_is_not_there(
    port: FormPort, slug: str, begins: str
) -> None:
    visitor = port.visitor()
    for front, language in (("", "en"), ("cy/", "cy")):
        answer = await visitor.get(front + slug)
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert f'<html lang="{language}"' in visitor.text
        assert (begins in visitor.text) == (language == "en")


async def test_a_body_that_is_no_form_is_refused_with_a_page(port: FormPort) -> None:
    path = "/register-to-vote/country-of-residence"
    for status, told in (
        (415, {"json": {"country": "england"}}),
        (413, {"data": {"country": "x" * 40_000}}),
        (413, {"data": {f"field{number}": "x" for number in range(60)}}),
    ):
        answer = await port.client.post(path, **told)  # type: ignore[arg-type]
        assert (answer.status, answer.content_type) == (status, "text/html")


async def test_without_postgres_there_is_a_page_that_says_so(port: FormPort) -> None:
    visitor = await begun(port)
    await port.form.pool.close()
    answer = await visitor.get("cy/nationality")
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert '<html lang="cy"' in visitor.text


async def test_no_place_and_no_link_names_what_was_typed(port: FormPort) -> None:
    visitor = port.visitor()
    await visitor.answer_all()
    places = [visitor.place]
    await visitor.get("check-your-answers")
    links = [part.partition('"')[0] for part in visitor.text.split('href="')[1:]]
    typed = {text for fields in ANSWERS.values() for text in fields.values() if len(text) > 3}
    assert [link for link in (*places, *links) if "?" in link] == []
    assert [text for text in typed - {"not-listed", "none"} if any(text in p for p in links)] == []
