"""The status page: how far an application is, for whoever knows its reference and postcode."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from builders import an_application
from electoral.identifiers import draw_reference, show_reference
from electoral.postgres import Pool, transaction
from electoral.tracing import child_traceparent
from form_port import FormPort, Visitor, form_port
from registration.acceptance import Stored
from registration.partners import Partner
from registration.postgres.progress import advance
from registration.status import SENT
from registration.submission import Arrival
from registration_service import postcode_index

pytestmark = pytest.mark.integration

POSTCODE, ANOTHER = "S1 2HH", "S1 4GE"
MORNING = datetime(2026, 6, 1, 8, 5, tzinfo=UTC)  # 9:05 in London
HOUR = timedelta(hours=1)
STEP = re.compile(
    r'<span class="[^"]*">([^<]+)</span>'
    r'.*?govuk-task-list__status">\s*(?:<time[^>]*>)?([^<]+?)\s*<',
    re.DOTALL,
)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> AsyncIterator[FormPort]:
    async with form_port(registration_pool, keys_root, postcodes) as running:
        yield running


async def apply(port: FormPort, **changes: object) -> Stored:
    arrival = Arrival(
        Partner("form", "web"), uuid4().hex, datetime.now(UTC), child_traceparent(None)
    )
    receipt = await port.form.submissions.submit(an_application(**changes), arrival)
    return receipt.stored


async def note(port: FormPort, one: Stored, **facts: datetime) -> None:
    """Note what has happened, as the consumer does."""
    names = {(one.application_id, name.replace("_", "-")): at for name, at in facts.items()}
    async with transaction(port.form.pool) as connection:
        await advance(connection, names)


async def asked(port: FormPort, reference: str, postcode: str = POSTCODE) -> Visitor:
    visitor = port.visitor()
    await visitor.post("status", {"reference": reference, "postcode": postcode})
    return visitor


async def steps(port: FormPort, one: Stored) -> dict[str, str]:
    """Return each step as the page shows it."""
    text = (await asked(port, one.reference)).text.replace("\u00a0", " ")
    return dict(STEP.findall(text))


async def test_the_page_asks_without_a_session_and_may_be_kept(port: FormPort) -> None:
    visitor = port.visitor()
    answer = await visitor.get("status")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert visitor.cookies == {}
    assert "csrf" not in visitor.text


async def test_each_step_is_shown_with_its_time_and_those_to_come_without(port: FormPort) -> None:
    one = await apply(port)
    shown = await steps(port, one)
    assert list(shown) == [
        "Received",
        "Checked",
        "Sent to your council",
        "With your council",
        "Decided",
    ]
    assert set(list(shown.values())[1:]) == {"Not yet"}
    await note(port, one, checked=MORNING)
    shown = await steps(port, one)
    assert shown["Checked"] == shown["Sent to your council"] == "1 June 2026 at 9:05am"
    await note(port, one, with_your_council=MORNING + HOUR, decided=MORNING + 2 * HOUR)
    shown = await steps(port, one)
    assert shown["With your council"] == "1 June 2026 at 10:05am"
    assert shown["Decided"] == "1 June 2026 at 11:05am"


async def test_what_went_to_the_council_before_it_was_checked_is_shown_as_sent(
    port: FormPort,
) -> None:
    one = await apply(port)
    await note(port, one, **{SENT: MORNING})
    shown = await steps(port, one)
    assert (shown["Checked"], shown["Sent to your council"]) == ("Not yet", "1 June 2026 at 9:05am")
    await note(port, one, checked=MORNING + HOUR)
    shown = await steps(port, one)
    assert shown["Checked"] == "1 June 2026 at 10:05am"
    assert shown["Sent to your council"] == "1 June 2026 at 9:05am"


async def test_nothing_is_said_to_be_sent_while_nobody_knows_the_council(port: FormPort) -> None:
    address = {"street": "New Street", "postcode": "AA3 1AB"}
    one = await apply(port, address=address)
    await note(port, one, checked=MORNING)
    visitor = await asked(port, one.reference, "AA3 1AB")
    shown = dict(STEP.findall(visitor.text.replace("\u00a0", " ")))
    assert (shown["Checked"], shown["Sent to your council"]) == ("1 June 2026 at 9:05am", "Not yet")
    assert "still finding out which council" in visitor.text
    await note(port, one, with_your_council=MORNING + HOUR)
    visitor = await asked(port, one.reference, "AA3 1AB")
    assert dict(STEP.findall(visitor.text))["Sent to your council"] == "Done"


async def test_the_result_names_the_registration_office_and_no_person(port: FormPort) -> None:
    one = await apply(port)
    visitor = await asked(port, one.reference)
    contact = port.form.authorities.ero(one.gss_code).contact
    assert contact.email in visitor.text
    assert show_reference(one.reference) in visitor.text
    assert "You do not need to apply again" in visitor.text
    assert POSTCODE not in visitor.text


@pytest.mark.parametrize(
    "write", [str.lower, show_reference, lambda text: f" {text[:3]}-{text[3:]} "]
)
async def test_a_reference_is_known_however_it_is_typed(port: FormPort, write) -> None:  # type: ignore[no-untyped-def]
    one = await apply(port)
    visitor = port.visitor()
    answer = await visitor.post(
        "status", {"reference": write(one.reference), "postcode": " s1 2hh"}
    )
    assert answer.status == 200
    assert "Your application" in visitor.text


async def test_a_wrong_postcode_looks_like_a_reference_that_nobody_has(port: FormPort) -> None:
    one, nobodys = await apply(port), draw_reference()
    visitor = port.visitor()
    pages = []
    for reference in (one.reference, nobodys, "A" * 10):
        answer = await visitor.post("status", {"reference": reference, "postcode": ANOTHER})
        names = set(answer.headers) - {"Date"}
        page = visitor.text.replace(reference, "the reference")
        pages.append((answer.status, page, sorted(names), len(page)))
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0] == 422
    assert "<title>Error: " in pages[0][1]


async def test_what_is_missing_or_malformed_is_told_beside_its_field(port: FormPort) -> None:
    visitor = port.visitor()
    assert (await visitor.post("status", {})).status == 422
    assert 'href="#reference"' in visitor.text
    assert 'href="#postcode"' in visitor.text
    assert "Enter your reference number" in visitor.text
    await visitor.post("status", {"reference": "4BCDF", "postcode": "Mill Lane"})
    assert "must be 10 letters and numbers" in visitor.text
    assert "Enter a full UK postcode" in visitor.text
    assert 'value="4BCDF"' in visitor.text


@pytest.mark.parametrize(
    "reference", ["\0AAAAAAAAA", "AAAAA/AAAA", "ÀAAAAAAAAA", "AAAAAAAAA\ud800"]
)
async def test_what_is_no_letter_or_digit_is_in_no_reference(
    port: FormPort, reference: str
) -> None:
    visitor = port.visitor()
    fields = {"reference": reference, "postcode": POSTCODE}
    body = urlencode(fields, errors="surrogatepass")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await visitor.client.post("/register-to-vote/status", data=body, headers=headers)
    assert answer.status == 422
    assert "must be 10 letters and numbers" in await answer.text()


async def test_a_postcode_with_a_nul_is_no_postcode(port: FormPort) -> None:
    visitor = port.visitor()
    fields = {"reference": draw_reference(), "postcode": f"{POSTCODE}\0"}
    assert (await visitor.post("status", fields)).status == 422
    assert "Enter a full UK postcode" in visitor.text


async def test_a_result_is_kept_nowhere(port: FormPort) -> None:
    one = await apply(port)
    visitor = port.visitor()
    answer = await visitor.post("status", {"reference": one.reference, "postcode": POSTCODE})
    assert answer.status == 200  # no redirect: reference and postcode stand in no address
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.cookies == {}


@pytest.mark.parametrize(
    "headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
async def test_another_sites_page_cannot_ask(port: FormPort, headers: dict[str, str]) -> None:
    one = await apply(port)
    visitor = port.visitor()
    fields = {"reference": one.reference, "postcode": POSTCODE}
    assert (await visitor.post("status", fields, **headers)).status == 403
    assert "Received" not in visitor.text


@pytest.mark.parametrize("limit", ["status_per_minute_reference", "status_per_minute_address"])
async def test_who_asks_too_often_is_told_how_long_to_wait(
    registration_pool: Pool, keys_root: Path, postcodes: Path, limit: str
) -> None:
    limits: dict[str, Any] = {limit: 2}
    async with form_port(registration_pool, keys_root, postcodes, **limits) as port:
        one = await apply(port)
        fields = {"reference": one.reference.lower(), "postcode": POSTCODE}
        visitor = port.visitor()
        assert [(await visitor.post("status", fields)).status for _ in range(2)] == [200, 200]
        answer = await visitor.post("status", fields | {"reference": one.reference})
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert "too often" in visitor.text


async def test_in_welsh_nothing_is_in_english(port: FormPort) -> None:
    one = await apply(port)
    visitor = port.visitor()
    await visitor.post("cy/status", {"reference": one.reference, "postcode": POSTCODE})
    assert '<html lang="cy"' in visitor.text
    assert "Not\u00a0yet" not in visitor.text
    assert "Mehefin" not in visitor.text
    await note(port, one, checked=MORNING)
    await visitor.post("cy/status", {"reference": one.reference, "postcode": POSTCODE})
    assert "1 Mehefin 2026" in visitor.text
