"""Copies of receipts are sent later, each once, whatever Notify does and whoever dies."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession
from builders import an_application
from electoral import postgres
from electoral.identifiers import show_reference
from electoral.leases import take_lease
from electoral.postgres import Pool
from electoral.sealing import DirectoryKeyring, Sealer
from electoral_local.ports import free_ports
from electoral_local.postgres import EmbeddedPostgres
from form_port import FormPort, form_port
from form_world import form_world
from notify_world import (
    EMAIL,
    LONG_ENOUGH,
    MOBILE,
    TOKEN,
    Outside,
    apply,
    ask,
    rows,
    sending,
    until,
    until_tried,
)
from registration.notify.commands import answer
from registration.notify.copies import Copies
from registration.notify.port import Message, NotifyFailure
from registration.notify.sender import Manner, counting_unfinished
from registration.postgres.notifications import list_held, release
from registration_service import authorized, postcode_index

pytestmark = pytest.mark.integration

WORKER = Path(__file__).parent / "notify_worker.py"


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
def dsn(postgres_dsn: Callable[[str], str]) -> str:
    return postgres_dsn("registration")


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with await postgres.open_pool(dsn, service="test", connections=8) as opened:
        yield opened


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    (port,) = free_ports(1)
    notify = Outside(tmp_path / "notify", f"http://127.0.0.1:{port}")
    await notify.start()
    yield notify
    await notify.stop()


@pytest.fixture
async def port(
    pool: Pool, keys_root: Path, postcodes: Path, outside: Outside
) -> AsyncIterator[FormPort]:
    async with form_port(pool, keys_root, postcodes, notify_url=outside.url) as running:
        yield running


# -- What is sent ----------------------------------------------------------------------------------


async def test_a_copy_goes_out_with_reference_and_council_and_its_address_is_forgotten(
    port: FormPort, outside: Outside
) -> None:
    one = await apply(port)
    await ask(port, one, {"email": EMAIL, "text": MOBILE})
    async with sending(port, outside):
        sent = await until(port, "sent", 2)
    assert [row["sealed_to"] for row in sent] == [None, None]
    by_kind = {line["kind"]: line for line in outside.journal()}
    assert outside.server is not None
    assert by_kind["email"]["recipient"] == outside.server.recipient(EMAIL)
    assert by_kind["text"]["recipient"] == outside.server.recipient(MOBILE)
    ero = port.form.authorities.ero(one.gss_code)
    for line in by_kind.values():
        assert show_reference(one.reference) in line["body"]
        assert "You do not need to apply again." in line["body"]
        assert ero.name in line["body"]
        assert ero.contact.phone in line["body"]
        assert "{" not in line["body"]


async def test_a_copy_is_in_the_language_it_was_asked_for_in(
    port: FormPort, outside: Outside
) -> None:
    one = await apply(port)
    await port.form.copies.ask(one.reference, {"email": EMAIL}, "cy")
    async with sending(port, outside):
        await until(port, "sent")
    (line,) = outside.journal()
    texts = port.form.texts
    assert line["subject"] == texts.text("status:copy.email_subject", "cy")
    assert line["subject"] != texts.text("status:copy.email_subject", "en")
    assert "You do not need" not in line["body"]


async def test_a_copy_for_an_address_nobody_could_place_says_that_the_council_will_be_found(
    port: FormPort, outside: Outside
) -> None:
    one = await apply(port, address={"street": "New Street", "postcode": "AA3 1AB"})
    await ask(port, one)
    async with sending(port, outside):
        await until(port, "sent")
    assert "which council your address belongs to" in outside.journal()[0]["body"]


async def test_one_of_a_kind_is_sent_for_an_application_however_often_it_is_asked_for(
    port: FormPort, outside: Outside
) -> None:
    one = await apply(port)
    await asyncio.gather(*(ask(port, one) for _ in range(5)))
    async with sending(port, outside):
        await until(port, "sent")
        await ask(port, one)
        await asyncio.sleep(0.3)
    assert len(outside.journal()) == len(await rows(port)) == 1


# -- Trouble ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"errorRate": 1}, "server-error"),
        ({"down": True}, "server-error"),
        ({"throttleRate": 1, "retryAfterSeconds": 0}, "throttled"),
        ({"refuse": True}, "unreachable"),
        ({"garbageRate": 1}, "garbage"),
    ],
)
async def test_what_fails_is_tried_again_and_goes_out_once(
    port: FormPort, outside: Outside, behaviour: dict[str, object], reason: str
) -> None:
    await outside.behave(**behaviour)
    await ask(port, await apply(port))
    async with sending(port, outside):
        tried = await until_tried(port, reason)
        assert tried["sealed_to"] is not None
        await outside.behave(**dict.fromkeys(behaviour, 0) | _off(behaviour))
        await until(port, "sent")
    assert len(outside.journal()) == 1


def _off(behaviour: Mapping[str, object]) -> dict[str, object]:
    return {name: False for name, value in behaviour.items() if value is True}


async def test_a_server_that_is_absent_is_waited_for(port: FormPort, outside: Outside) -> None:
    await outside.stop()
    await ask(port, await apply(port))
    async with sending(port, outside):
        await until_tried(port, "unreachable")
        await outside.start()
        await until(port, "sent")
    assert len(outside.journal()) == 1


async def test_a_slow_server_delays_copies_and_no_receipt(port: FormPort, outside: Outside) -> None:
    await outside.behave(latencyMs=1_500)
    async with sending(port, outside):
        one = await apply(port)
        async with asyncio.timeout(1.0):
            await ask(port, one)
            await apply(port)
        assert (await rows(port))[0]["state"] == "waiting"
        await until(port, "sent")


async def test_a_message_that_was_taken_and_not_answered_is_delivered_once(
    port: FormPort, outside: Outside
) -> None:
    await outside.behave(unansweredRate=1)
    await ask(port, await apply(port))
    async with sending(port, outside):
        await until_tried(port, "unreachable")
        await outside.behave(unansweredRate=0)
        await until(port, "sent")
    figures = await outside.figures()
    assert figures["delivered"] == len(outside.journal()) == 1
    assert figures["repeated"] >= 1


async def test_a_message_that_is_refused_is_held_with_the_reason_until_it_is_released(
    port: FormPort, outside: Outside
) -> None:
    await outside.behave(refuseRate=1)
    await ask(port, await apply(port))
    async with sending(port, outside):
        await until(port, "held")
        (held,) = await list_held(port.form.pool)
        assert (held.reason, held.tries) == ("refused", 1)
        await outside.behave(refuseRate=0)
        assert await release(port.form.pool, [held.notification_id]) == 1
        await until(port, "sent")


async def test_what_is_held_is_listed_and_released_by_command(
    port: FormPort, outside: Outside, dsn: str
) -> None:
    await outside.behave(refuseRate=1)
    await ask(port, await apply(port))
    async with sending(port, outside):
        (held,) = await until(port, "held")
    line, count = await answer(dsn, "list")
    assert line.startswith(f"{held['notification_id']}  ")
    assert line.endswith("  email  refused  tries: 1")
    assert count == "1 held."
    assert (await answer(dsn, "release", [uuid4()]))[0].startswith("0 released")
    assert (await answer(dsn, "release"))[0].startswith("1 released")
    assert await answer(dsn, "list") == ["0 held."]


async def test_a_wrong_token_is_given_up_in_the_end_with_its_reason(
    port: FormPort, outside: Outside
) -> None:
    await ask(port, await apply(port))
    impatient = Manner(
        per_second_max=200,
        look_interval=0.05,
        pause_max=0.05,
        delay_first=timedelta(milliseconds=20),
        give_up_after=timedelta(seconds=0.5),
    )
    async with sending(port, outside, impatient, token="another"):
        (held,) = await until(port, "held")
    assert (held["reason"], outside.journal()) == ("unauthorized", [])
    assert held["tries"] > 1


async def test_a_copy_whose_key_was_destroyed_is_held_and_the_next_goes_out(
    port: FormPort, outside: Outside, keys_root: Path
) -> None:
    await ask(port, await apply(port))
    old = "form-session-2020-01-01.x"
    await port.form.pool.execute("UPDATE notification SET sealed_to = $1", old)
    (keys_root / "registration" / "form-session-2020-01-01.destroyed").touch()
    await ask(port, await apply(port))
    async with sending(port, outside):
        await until(port, "sent")
        (held,) = await until(port, "held")
    assert held["reason"] == "destroyed-key"


async def test_two_senders_share_the_rate_and_send_nothing_twice(
    port: FormPort, outside: Outside
) -> None:
    count, rate = 12, 10
    for _ in range(count):
        await ask(port, await apply(port))
    measured = Manner(per_second_max=rate, look_interval=0.05)
    began = datetime.now(UTC)
    async with sending(port, outside, measured), sending(port, outside, measured):
        await until(port, "sent", count)
    elapsed = (datetime.now(UTC) - began).total_seconds()
    assert len(outside.journal()) == count == (await outside.figures())["calls"]
    assert elapsed >= (count - 1) / rate


@pytest.mark.parametrize("first_stays", [True, False])
async def test_nobody_calls_a_notify_that_asked_to_be_left_alone(
    port: FormPort, outside: Outside, monkeypatch: pytest.MonkeyPatch, first_stays: bool
) -> None:
    monkeypatch.setattr("registration.notify.sender.LEASE_SECONDS", 0.1)
    await outside.behave(throttleRate=1, retryAfterSeconds=5)
    await ask(port, await apply(port))
    async with AsyncExitStack() as first:
        await first.enter_async_context(sending(port, outside))
        await until_tried(port, "throttled")
        if not first_stays:
            await first.aclose()
        async with sending(port, outside):
            await asyncio.sleep(1)
            assert (await outside.figures())["calls"] == 1
            await outside.behave(throttleRate=0)
            await until(port, "sent")


async def test_a_sender_that_ends_before_its_row_says_so_keeps_the_next_away_all_the_same(
    port: FormPort, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    marking = asyncio.Event()

    async def mark_for_ever(*_: object) -> None:
        marking.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("registration.notify.sender.LEASE_SECONDS", 0.1)
    await outside.behave(throttleRate=1, retryAfterSeconds=5)
    await ask(port, await apply(port))
    with monkeypatch.context() as first:
        first.setattr("registration.postgres.notifications.try_later", mark_for_ever)
        async with sending(port, outside):
            await asyncio.wait_for(marking.wait(), 10)
    await outside.behave(throttleRate=0)
    await ask(port, await apply(port))
    async with sending(port, outside):
        await asyncio.sleep(1)
        assert (await outside.figures())["calls"] == 1
        await until(port, "sent")


class ThrottlesTheFirst:
    """Takes all others, which were on their way, a moment after it refused the first."""

    def __init__(self) -> None:
        self.calls = 0
        self.second = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.calls += 1
        if self.calls == 1:
            await self.second.wait()
            raise NotifyFailure("throttled", retry_after=5.0)
        self.second.set()
        for _ in range(5):  # turns of the loop: the first is refused by then
            await asyncio.sleep(0)


async def test_who_was_on_the_way_and_is_taken_ends_no_pause(
    port: FormPort, outside: Outside
) -> None:
    for _ in range(12):
        await ask(port, await apply(port))
    notify = ThrottlesTheFirst()
    slowly = Manner(per_second_max=100, look_interval=0.05, pause_max=0.05)
    async with sending(port, outside, slowly, instead=notify):
        await until_tried(port, "throttled")
        await asyncio.sleep(1)
    assert 1 < notify.calls < 12


async def test_a_pause_that_began_without_postgres_is_everybodys_as_soon_as_it_is_back(
    port: FormPort, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    async def away_once(pool: Pool, name: str, owner: UUID, seconds: float) -> bool:
        if seconds > 3 and not failed.is_set():
            failed.set()
            raise ConnectionRefusedError
        return await take_lease(pool, name, owner, seconds)

    monkeypatch.setattr("registration.notify.sender.LEASE_SECONDS", 2.0)
    monkeypatch.setattr("registration.notify.sender.take_lease", away_once)
    await outside.behave(throttleRate=1, retryAfterSeconds=8)
    for _ in range(2):
        await ask(port, await apply(port))
    async with sending(port, outside):
        await asyncio.wait_for(failed.wait(), 10)
        async with sending(port, outside):
            await asyncio.sleep(4)  # the lease that it had before would be over
            assert (await outside.figures())["calls"] == 1


async def test_what_waits_and_what_is_held_is_counted(port: FormPort, outside: Outside) -> None:
    await ask(port, await apply(port))
    refresh = counting_unfinished(port.form.pool, port.metrics)
    await refresh()
    assert 'notifications_unfinished{state="waiting"} 1.0' in port.metrics.exposition().decode()
    async with sending(port, outside):
        await until(port, "sent")
    await refresh()
    assert 'notifications_unfinished{state="waiting"} 0.0' in port.metrics.exposition().decode()


# -- A sender that dies ----------------------------------------------------------------------------


async def test_a_sender_killed_between_send_and_mark_sends_nothing_twice(
    port: FormPort, outside: Outside, keys_root: Path, dsn: str
) -> None:
    await ask(port, await apply(port))
    output = await run_to_its_death(dsn, keys_root, outside.url)
    assert len(outside.journal()) == 1
    (row,) = await rows(port)
    assert (row["state"], row["tries"]) == ("waiting", 1)
    assert row["claimed_until"] > datetime.now(UTC)
    # Its claim and its lease end by themselves; here nobody waits a minute for that.
    await port.form.pool.execute("UPDATE notification SET claimed_until = now()")
    await port.form.pool.execute("DELETE FROM lease")
    async with sending(port, outside):
        await until(port, "sent")
    assert len(outside.journal()) == 1
    assert (await outside.figures())["repeated"] == 1
    assert EMAIL not in output


async def run_to_its_death(dsn: str, keys_root: Path, url: str) -> str:
    """Let a process send that dies when it would mark the first copy; returns what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        WORKER,
        dsn,
        str(keys_root / "registration"),
        url,
        TOKEN,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LONG_ENOUGH):
        output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, output.decode()
    return output.decode()


# -- The service -----------------------------------------------------------------------------------


async def test_the_service_itself_sends_at_the_address_it_is_told(
    embedded_postgres: EmbeddedPostgres, outside: Outside, tmp_path: Path
) -> None:
    told = {"REGISTRATION_NOTIFY_URL": outside.url, "REGISTRATION_NOTIFY_TOKEN": TOKEN}
    (tmp_path / "service").mkdir()
    with form_world(embedded_postgres, tmp_path / "service", told) as world:
        headers = {**authorized(), "Idempotency-Key": "one"}
        opened = await postgres.open_pool(world.dsn, service="test", connections=2)
        async with opened as pool, ClientSession() as session:
            url = f"{world.url}/v1/applications"
            async with session.post(url, json=an_application(), headers=headers) as answer:
                receipt = await answer.json()
            sealer = Sealer(DirectoryKeyring(world.keys / "registration"))
            copies = Copies(pool, sealer, offered=True)
            await copies.ask(receipt["reference"], {"email": EMAIL}, "en")
            shown = ""
            async with asyncio.timeout(LONG_ENOUGH):
                while 'notify_calls_total{outcome="taken"} 1.0' not in shown:
                    async with session.get(f"{world.service.admin}/metrics") as answer:
                        shown = await answer.text()
    assert 'notifications_unfinished{state="held"} 0.0' in shown
    assert len(outside.journal()) == 1
    assert EMAIL not in world.log.read_text()
