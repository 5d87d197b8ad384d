"""The receipt: what it says, and asking there for a copy of it."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from electoral.identifiers import show_reference
from electoral.postgres import Pool
from electoral_local.ports import free_ports
from form_port import ANSWERS, FormPort, Visitor, form_port
from notify_world import EMAIL, MOBILE, PHONE, Outside, rows, sending, until, until_tried
from registration.form.receipts import show_receipt
from registration.form.session import FormReceipt, new_session
from registration.notify.copies import Copies
from registration_service import postcode_index
from simulated.notify import JOURNAL_FILE

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    (port,) = free_ports(1)
    notify = Outside(tmp_path / "notify", f"http://127.0.0.1:{port}")
    await notify.start()
    yield notify
    await notify.stop()


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path, outside: Outside
) -> AsyncIterator[FormPort]:
    async with form_port(
        registration_pool, keys_root, postcodes, notify_url=outside.url
    ) as running:
        yield running


async def with_receipt(port: FormPort, **contact: str) -> Visitor:
    visitor = port.visitor()
    await visitor.answer_all(contact=contact or {"email": EMAIL, "phone": PHONE})
    assert (await visitor.send()).status == 303
    await visitor.get("receipt")
    return visitor


async def test_a_copy_is_asked_for_on_the_receipt_and_goes_where_the_application_said(
    port: FormPort, outside: Outside
) -> None:
    visitor = await with_receipt(port)
    assert "Get a copy of this page" in visitor.text
    answer = await visitor.post("receipt/copy", {"copyEmail": "yes", "copyText": "yes"})
    assert (answer.status, visitor.place) == (303, "/register-to-vote/receipt")
    await visitor.get("receipt")
    assert "We will send a copy to your email address" in visitor.text
    assert "We will send a copy to your phone" in visitor.text
    assert 'name="copyEmail"' not in visitor.text
    async with sending(port, outside):
        await until(port, "sent", 2)
    assert outside.server is not None
    sent_to = {line["recipient"] for line in outside.journal()}
    assert sent_to == {outside.server.recipient(EMAIL), outside.server.recipient(MOBILE)}


async def test_asking_for_nothing_is_told_beside_the_boxes(port: FormPort) -> None:
    visitor = await with_receipt(port)
    assert (await visitor.post("receipt/copy", {})).status == 422
    assert "<title>Error: " in visitor.text
    assert 'href="#copyEmail"' in visitor.text
    assert 'id="copyEmail"' in visitor.text
    assert await rows(port) == []


async def test_no_text_is_offered_to_a_landline_and_nothing_at_all_to_post_alone(
    port: FormPort,
) -> None:
    visitor = await with_receipt(port, email=EMAIL, phone="01632 960001")
    assert 'name="copyEmail"' in visitor.text
    assert 'name="copyText"' not in visitor.text
    await visitor.post("receipt/copy", {"copyText": "yes"})
    assert await rows(port) == []
    visitor = await with_receipt(port, post="yes")
    assert "Get a copy" not in visitor.text


async def test_nothing_is_offered_where_nobody_sends(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> None:
    async with form_port(registration_pool, keys_root, postcodes) as port:
        visitor = await with_receipt(port)
        assert "Get a copy" not in visitor.text
        await visitor.post("receipt/copy", {"copyEmail": "yes"})
        assert await rows(port) == []


async def test_a_copy_needs_the_sessions_own_form(port: FormPort) -> None:
    visitor = await with_receipt(port)
    fields = {"copyEmail": "yes", "csrf": "0" * 32}
    assert (await visitor.post("receipt/copy", fields)).status == 403
    stranger = port.visitor()
    await stranger.post("receipt/copy", {"copyEmail": "yes"})
    assert stranger.place.endswith("session-ended")
    assert await rows(port) == []


async def test_the_receipt_says_all_that_somebody_needs_to_know(port: FormPort) -> None:
    visitor = await with_receipt(port)
    reference = await port.form.pool.fetchval("SELECT reference FROM application")
    gss_code = await port.form.pool.fetchval("SELECT gss_code FROM application")
    ero = port.form.authorities.ero(gss_code)
    shown = re.sub(r"\s+", " ", visitor.text)
    for words in (
        show_reference(reference),
        "You do not need to apply again",
        "What happens next",
        ero.name,
        ero.contact.email,
        ero.contact.phone,
        'href="/register-to-vote/status"',
        'href="/register-to-vote/feedback"',
    ):
        assert words in shown
    assert EMAIL not in shown
    assert ANSWERS["name"]["lastName"] not in shown


async def test_nothing_of_the_person_is_in_the_table_the_logs_or_the_journal(
    port: FormPort, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    await outside.behave(errorRate=1)
    visitor = await with_receipt(port)
    await visitor.post("receipt/copy", {"copyEmail": "yes", "copyText": "yes"})
    async with sending(port, outside):
        await until_tried(port, "server-error")
        waiting = [str(dict(row)) for row in await rows(port)]
        await outside.behave(errorRate=0, refuseRate=1)
        await until(port, "held", 2)
        held = [str(dict(row)) for row in await rows(port)]
    everything = "".join([*waiting, *held, (outside.folder / JOURNAL_FILE).read_text()])
    everything += "".join(capsys.readouterr())
    for canary in (EMAIL, EMAIL.partition("@")[0], "7700", "O'Neill"):
        assert canary not in everything


async def test_the_receipt_is_shown_though_nobody_can_say_which_copies_were_asked_for(
    port: FormPort,
) -> None:
    away = Copies(asyncpg.create_pool("postgresql://127.0.0.1"), port.form.sealer, offered=True)
    form = replace(port.form, copies=away)
    receipt = FormReceipt("ABCDE12345", "E08000039", datetime.now(UTC), email="a@example.com")
    answer = await show_receipt(form, new_session(), receipt, "en")
    assert answer.status == 200
    assert "ABCDE 12345" in (answer.text or "")
