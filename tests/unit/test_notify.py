"""How a copy may be sent, how long a failing one is tried, and the server that pretends to send."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ServerDisconnectedError
from aiohttp.test_utils import TestClient, TestServer
from electoral.authorities import AUTHORITY_UNKNOWN
from hypothesis import given
from hypothesis import strategies as some
from registration.form.status_page import steps_of
from registration.notify.copies import ways_of
from registration.notify.sender import DELAY_MAX, Manner
from registration.status import Status
from simulated.notify import JOURNAL_FILE, NotifyServer

Notify = TestClient[Any, Any]
TOKEN, TO = "a-token", "canary@example.com"
MESSAGE = {"kind": "email", "to": TO, "subject": "Yours", "body": "Your reference number"}


# -- Where to --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phone",
    ["07700 900123", "+44 7700 900123", "+44 (0)7700 900123", "0044-7700-900-123", "7700900123"],
)
def test_a_mobile_number_gets_a_text_however_it_is_written(phone: str) -> None:
    assert ways_of(None, phone) == {"text": "+447700900123"}


@pytest.mark.parametrize("phone", ["01632 960001", "+33 6 12 34 56 78", "07700 90012", "", None])
def test_no_other_number_gets_one(phone: str | None) -> None:
    assert ways_of(None, phone) == {}


def test_an_email_goes_where_the_application_says() -> None:
    assert ways_of("siân@example.com", "01632 960001") == {"email": "siân@example.com"}


# -- How long --------------------------------------------------------------------------------------


def test_each_try_waits_about_twice_as_long_as_the_one_before() -> None:
    manner = Manner(delay_first=timedelta(seconds=30))
    for tries, seconds in ((1, 30), (2, 60), (3, 120), (5, 480)):
        assert 0.8 * seconds <= manner.delay_after(tries).total_seconds() <= 1.2 * seconds


@given(some.integers(1, 10_000))
def test_no_try_waits_much_longer_than_an_hour(tries: int) -> None:
    assert Manner().delay_after(tries) <= 1.2 * DELAY_MAX
    assert Manner().pause_after(tries) <= Manner().pause_max


@given(some.floats(0.1, 10_000))
def test_a_batch_goes_out_well_within_its_lease(per_second_max: float) -> None:
    batch = Manner(per_second_max=per_second_max).batch_max
    assert batch == 1 or batch / per_second_max <= 5.0


# -- Steps -----------------------------------------------------------------------------------------

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def done(status: Status) -> dict[str, datetime | None]:
    return {step.name: step.at for step in steps_of(status) if step.done}


def test_a_later_pending_of_another_attempt_does_not_move_the_time_it_was_sent() -> None:
    steps = {"received": NOON - HOUR, "checked": NOON}
    assert done(Status("E08000039", steps, NOON + HOUR))["sent"] == NOON


def test_steps_stand_in_their_order_whatever_is_known() -> None:
    names = ["received", "checked", "sent", "with_your_council", "decided"]
    assert [step.name for step in steps_of(Status("E08000039", {"received": NOON}))] == names


def test_what_was_decided_without_a_known_council_was_sent_at_an_unknown_time() -> None:
    steps = {"received": NOON, "checked": NOON, "decided": NOON + HOUR}
    assert done(Status(AUTHORITY_UNKNOWN, steps))["sent"] is None
    assert "sent" not in done(Status(AUTHORITY_UNKNOWN, {"received": NOON, "checked": NOON}))


# -- The pretended server --------------------------------------------------------------------------


@pytest.fixture
async def notify(tmp_path: Path) -> AsyncIterator[Notify]:
    async with (
        NotifyServer(TOKEN, tmp_path) as server,
        TestClient(TestServer(server.application())) as client,
    ):
        yield client


async def send(notify: Notify, key: str, token: str = TOKEN, **changes: object) -> int:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    answer = await notify.post("/v1/messages", json=MESSAGE | changes, headers=headers)
    return answer.status


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / JOURNAL_FILE).read_text().splitlines()]


async def test_a_message_is_written_down_once_and_without_its_recipient(
    notify: Notify, tmp_path: Path
) -> None:
    key = str(uuid4())
    assert [await send(notify, key) for _ in range(3)] == [201, 200, 200]
    (line,) = lines(tmp_path)
    assert (line["id"], line["body"]) == (key, MESSAGE["body"])
    assert TO not in (tmp_path / JOURNAL_FILE).read_text()


async def test_a_message_is_known_after_a_restart(tmp_path: Path) -> None:
    key, statuses = str(uuid4()), []
    for _ in range(2):
        async with (
            NotifyServer(TOKEN, tmp_path) as server,
            TestClient(TestServer(server.application())) as client,
        ):
            statuses.append(await send(client, key))
    assert statuses == [201, 200]
    assert len(lines(tmp_path)) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"token": "another"}, 401),
        ({"kind": "fax"}, 400),
        ({"to": ""}, 400),
        ({"body": 7}, 400),
        ({"key": "not-a-uuid"}, 400),
    ],
)
async def test_a_call_that_is_wrong_is_turned_away(
    notify: Notify, tmp_path: Path, changes: dict[str, Any], status: int
) -> None:
    assert await send(notify, **{"key": str(uuid4())} | changes) == status
    assert lines(tmp_path) == []


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        ({"errorRate": 1}, 500),
        ({"down": True}, 503),
        ({"throttleRate": 1}, 429),
        ({"refuseRate": 1}, 400),
        ({"garbageRate": 1}, 200),
    ],
)
async def test_it_misbehaves_as_it_is_told(
    notify: Notify, tmp_path: Path, behaviour: dict[str, Any], status: int
) -> None:
    assert (await notify.put("/control", json=behaviour)).status == 200
    assert await send(notify, str(uuid4())) == status
    assert lines(tmp_path) == []
    await notify.delete("/control")
    assert await send(notify, str(uuid4())) == 201


async def test_what_is_taken_and_not_answered_is_known_the_next_time(notify: Notify) -> None:
    key = str(uuid4())
    await notify.put("/control", json={"unansweredRate": 1})
    with pytest.raises(ServerDisconnectedError):
        await send(notify, key)
    await notify.delete("/control")
    assert await send(notify, key) == 200


@pytest.mark.parametrize("wrong", ["[]", "{", '{"errorRate": 2}', '{"mood": "bad"}'])
async def test_a_behaviour_that_cannot_be_is_refused_with_a_sentence(
    notify: Notify, wrong: str
) -> None:
    answer = await notify.put("/control", data=wrong)
    assert answer.status == 400
    assert (await answer.json())["error"].endswith(".")
