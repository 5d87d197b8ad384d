"""Sending once: however often, from however many tabs, and whatever dies in between."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from electoral import postgres
from electoral.identifiers import show_reference
from electoral.postgres import Pool
from form_port import FormPort, Visitor, form_port
from registration_service import postcode_index, running, settings_of

RECEIPT = "/register-to-vote/receipt"
AGREED = {"agree": "yes"}


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> AsyncIterator[FormPort]:
    async with form_port(registration_pool, keys_root, postcodes) as running_port:
        yield running_port


async def ready_to_send(port: FormPort) -> Visitor:
    """Open a browser that shows the declaration."""
    visitor = port.visitor()
    await visitor.answer_all()
    await visitor.get("declaration")
    return visitor


async def only_reference(pool: Pool) -> str:
    """Return the reference of the only application there is, as it is shown."""
    (row,) = await pool.fetch("SELECT reference FROM application")
    return show_reference(row["reference"])


async def shown_receipt(visitor: Visitor) -> str:
    answer = await visitor.get("receipt")
    assert answer.status == 200
    return visitor.text


async def test_an_application_is_sent_and_its_receipt_shown(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await ready_to_send(port)
    assert (await visitor.post("declaration", AGREED)).status == 303
    assert visitor.place == RECEIPT
    assert await only_reference(registration_pool) in await shown_receipt(visitor)
    row = await registration_pool.fetchrow("SELECT client_id, source, language FROM application")
    assert row is not None
    assert tuple(row) == ("form", "web", "en")


async def test_without_the_declaration_nothing_is_sent(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await ready_to_send(port)
    refused = await visitor.post("declaration", {})
    assert refused.status == 422
    assert "<title>Error: " in visitor.text
    assert await registration_pool.fetchval("SELECT count(*) FROM application") == 0


async def test_with_a_question_open_nothing_is_sent(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = port.visitor()
    await visitor.answer("country-of-residence")
    await visitor.get("nationality")
    await visitor.post("declaration", AGREED)
    assert visitor.place == "/register-to-vote/nationality"
    assert await registration_pool.fetchval("SELECT count(*) FROM application") == 0


async def test_many_clicks_at_once_send_one_application(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await ready_to_send(port)
    tabs = [visitor.another_tab() for _ in range(12)]
    answers = await asyncio.gather(*(tab.post("declaration", AGREED) for tab in tabs))
    assert {answer.status for answer in answers} == {303}
    assert {tab.place for tab in tabs} == {RECEIPT}
    assert await only_reference(registration_pool) in await shown_receipt(visitor)


async def test_reloading_going_back_and_sending_again_shows_the_same_receipt(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await ready_to_send(port)
    other_tab = visitor.another_tab()
    for tab in (visitor, visitor, other_tab):
        assert (await tab.post("declaration", AGREED)).status == 303
        assert tab.place == RECEIPT
    for slug in ("declaration", "check-your-answers", "name", "country-of-residence"):
        await visitor.get(slug)
        assert visitor.place == RECEIPT
    assert await only_reference(registration_pool) in await shown_receipt(visitor)


async def test_sent_from_two_processes_at_once_it_is_one_application(
    port: FormPort, registration_pool: Pool, keys_root: Path, postcodes: Path
) -> None:
    visitor = await ready_to_send(port)
    async with form_port(registration_pool, keys_root, postcodes) as second:
        there = visitor.another_tab()
        there.client = second.client
        sends = (each.post("declaration", AGREED) for each in (visitor, there))
        assert [answer.status for answer in await asyncio.gather(*sends)] == [303, 303]
    reference = await only_reference(registration_pool)
    assert reference in await shown_receipt(visitor)


async def test_a_tab_left_open_brings_no_answer_back(
    port: FormPort, registration_pool: Pool, keys_root: Path
) -> None:
    visitor = await ready_to_send(port)
    left_open = visitor.another_tab()
    await left_open.get("contact")
    await visitor.post("declaration", AGREED)
    await left_open.post("contact", {"email": "late@example.com"})
    assert left_open.place == RECEIPT
    (token,) = visitor.cookies.values()
    session = await port.form.sessions.read(token)
    assert session is not None
    assert session.typed == {}
    assert session.receipt is not None
    assert session.receipt.email == "sian@example.com"


async def test_an_answer_changed_after_a_send_that_was_forgotten_finds_the_first_receipt(
    port: FormPort, registration_pool: Pool
) -> None:
    """Postgres may forget the session's last second, and never an application."""
    visitor = await ready_to_send(port)
    before = await registration_pool.fetchrow("SELECT sealed, version FROM form_session")
    assert before is not None
    await visitor.post("declaration", AGREED)
    await registration_pool.execute(
        "UPDATE form_session SET sealed = $1, version = $2", before["sealed"], before["version"]
    )
    await visitor.answer("contact", email="other@example.com")
    assert visitor.place == "/register-to-vote/check-your-answers"
    await visitor.send()
    assert visitor.place == RECEIPT
    shown = await shown_receipt(visitor)
    assert await only_reference(registration_pool) in shown
    assert "not part of it" in shown


async def test_what_cannot_be_taken_now_is_kept_and_sent_again(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> None:
    async with form_port(registration_pool, keys_root, postcodes, waiting_items_max=0) as full:
        visitor = await ready_to_send(full)
        refused = await visitor.post("declaration", AGREED)
        assert refused.status == 503
        assert refused.headers["Retry-After"]
        assert refused.headers["Cache-Control"] == "no-store"
        assert "Nothing is lost" in visitor.text
    async with form_port(registration_pool, keys_root, postcodes) as again:
        visitor.client = again.client
        await visitor.post("declaration", AGREED)
        assert visitor.place == RECEIPT
        assert await only_reference(registration_pool) in await shown_receipt(visitor)


async def test_a_session_that_ends_while_it_is_sent_still_shows_the_receipt(
    port: FormPort, registration_pool: Pool
) -> None:
    visitor = await ready_to_send(port)
    async with registration_pool.acquire() as other, other.transaction():
        await other.execute("DELETE FROM form_session")  # and the update waits for this
        sending = asyncio.create_task(visitor.post("declaration", AGREED))
        await until(registration_pool, "SELECT count(*) FROM application")
    answer = await sending
    assert answer.status == 200
    assert await only_reference(registration_pool) in visitor.text


async def test_a_process_that_dies_after_the_commit_has_sent_it_all_the_same(
    postgres_dsn: Callable[[str], str], keys_root: Path, postcodes: Path, tmp_path: Path
) -> None:
    """Killed between the accepting commit and the session's: nothing is lost or sent twice."""
    dsn = postgres_dsn("registration")
    environment = settings_of(dsn, "127.0.0.1:1", keys_root, tmp_path, postcodes)
    pool = await postgres.open_pool(dsn, service="test", connections=4)
    async with pool:
        with running(environment) as service:
            async with ClientSession(service.url) as client:
                visitor = Visitor(client)
                await visitor.answer_all()
                await visitor.get("declaration")
                await die_before_the_receipt_is_kept(pool, visitor, service.process)
        with running(environment) as service:
            async with ClientSession(service.url) as client:
                visitor.client = client
                await visitor.get("declaration")
                assert (await visitor.post("declaration", AGREED)).status == 303
                assert visitor.place == RECEIPT
                assert await only_reference(pool) in await shown_receipt(visitor)


async def die_before_the_receipt_is_kept(pool: Pool, visitor: Visitor, process: Any) -> None:
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM form_session FOR UPDATE")
        sending = asyncio.create_task(visitor.post("declaration", AGREED))
        await until(pool, "SELECT count(*) FROM application")
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(sending, return_exceptions=True)
        process.wait(10)


async def until(pool: Pool, query: str) -> None:
    """Wait until a count is no longer 0."""
    async with asyncio.timeout(10):
        while not await pool.fetchval(query):
            await asyncio.sleep(0.02)
