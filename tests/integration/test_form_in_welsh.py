"""A journey in Welsh, with a mistake on each page: no answer says anything in English."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from electoral.postgres import Pool
from form_port import ANSWERS, FormPort, Visitor, form_port
from form_words import english_left, read_page
from registration_service import postcode_index

pytestmark = pytest.mark.integration

# What leads to nearly every page there is.
ANSWERED: Mapping[str, Mapping[str, str]] = {
    **ANSWERS,
    "nationality": {"other": "yes", "country1": "DE"},
    "eu-rights": {"euRights": "yes"},
    "previous-name": {"changed": "yes", "firstName": "Mair", "lastName": "Llwyd"},
    "type-address": {"street": "Heol Newydd", "postcode": "AA3 1AB"},
    "council": {"gssCode": "W06000015"},
    "previous-address": {"moved": "abroad"},
    "previous-address-abroad": {"street": "Rue Neuve", "country": "FR"},
    "postal-vote": {"wanted": "yes", "formBy": "post"},
    "contact": {"email": "sian@example.com", "phone": "01632 960 001", "post": "yes"},
}
WRONG: Mapping[str, Mapping[str, str]] = {
    "date-of-birth": {"day": "31", "month": "2", "year": "1987"},
    "name": {"firstName": "<", "lastName": "x" * 40},
    "nino": {"nino": "QQ123456C"},
    "postcode": {"postcode": "AA3"},
    "contact": {"email": "sian", "phone": "12"},
}


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path
) -> AsyncIterator[FormPort]:
    notify = "http://notify.example"  # nobody asks there: copies are offered
    async with form_port(registration_pool, keys_root, postcodes, notify_url=notify) as running:
        yield running


def check(visitor: Visitor, response: ClientResponse, status: int = 200) -> None:
    assert response.status == status
    assert read_page(visitor.text).language == "cy"
    assert english_left(visitor.text) == []


async def mistake_and_answer(visitor: Visitor, slug: str) -> str:
    """Leave a page empty, then say something wrong, then what is right; return what is next."""
    place = f"cy/{slug}"
    check(visitor, await visitor.get(place))
    for wrong in ({}, *filter(None, [WRONG.get(slug)])):
        check(visitor, await visitor.post(place, wrong), 422)
    answered = await visitor.post(place, ANSWERED[slug])
    assert answered.status == 303, (slug, visitor.text)
    check(visitor, await visitor.get(place))  # filled in
    answered = await visitor.post(place, ANSWERED[slug])
    before, _, following = answered.headers["Location"].rpartition("/")
    assert before == "/register-to-vote/cy"
    return following


async def walk(visitor: Visitor) -> list[str]:
    walked, slug = [], "country-of-residence"
    while slug != "check-your-answers":
        walked.append(slug)
        assert len(walked) <= len(ANSWERED), walked
        slug = await mistake_and_answer(visitor, slug)
    return walked


async def test_a_whole_journey_says_nothing_in_english(port: FormPort) -> None:
    visitor = port.visitor()
    check(visitor, await visitor.get("cy"))
    assert set(await walk(visitor)) == ANSWERED.keys()
    check(visitor, await visitor.get("cy/check-your-answers"))
    assert "Caerdydd" in visitor.text
    assert "Yr Almaen" in visitor.text
    assert "31 Mawrth 1987" in visitor.text
    check(visitor, await visitor.get("cy/declaration"))
    check(visitor, await visitor.post("cy/declaration", {}), 422)
    await visitor.post("cy/declaration", {"agree": "yes"})
    assert visitor.place == "/register-to-vote/cy/receipt"
    check(visitor, await visitor.get("cy/receipt"))
    check(visitor, await visitor.post("cy/receipt/copy", {}), 422)
    await visitor.post("cy/receipt/copy", {"copyEmail": "yes"})
    check(visitor, await visitor.get("cy/receipt"))
    check(visitor, await visitor.get("cy/feedback"))
    check(visitor, await visitor.post("cy/feedback", {}), 422)
    await visitor.post("cy/feedback", {"score": "5"})
    check(visitor, await visitor.get("cy/feedback"))


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("cy/status", 200),
        ("cy/session-ended", 200),
        ("cy/about", 200),
        ("cy/exit/too-young-wales", 200),
        ("cy/helper/sign-in", 200),
        ("cy/exit/nowhere", 404),
        ("cy/nothing/here", 404),
        ("/performance/cy", 200),
        ("/performance/cy/by-date.csv?from=2026-02-30&to=2026-03-01", 422),
        ("/performance/cy/by-date.csv?from=2020-01-01&to=2026-03-01", 422),
    ],
)
async def test_a_page_without_a_session_says_nothing_in_english(
    port: FormPort, place: str, status: int
) -> None:
    visitor = port.visitor()
    check(visitor, await visitor.get(place), status)


async def test_a_question_that_cannot_be_answered_is_refused_in_welsh(port: FormPort) -> None:
    visitor = port.visitor()
    check(visitor, await visitor.post("cy/status", {}), 422)
    asked = {"reference": "12345 6789B", "postcode": "S1 2HH"}
    check(visitor, await visitor.post("cy/status", asked), 422)
    wrong = {"name": "nobody", "password": "nothing"}
    check(visitor, await visitor.post("cy/helper/sign-in", wrong), 422)


async def test_a_form_from_elsewhere_is_refused_in_welsh(port: FormPort) -> None:
    visitor = port.visitor()
    await mistake_and_answer(visitor, "country-of-residence")
    check(visitor, await visitor.post("cy/nationality", {"csrf": "another"}), 403)


async def test_the_language_can_be_changed_on_any_page_and_nothing_is_lost(port: FormPort) -> None:
    visitor = port.visitor()
    await mistake_and_answer(visitor, "country-of-residence")
    await visitor.get("country-of-residence")
    assert read_page(visitor.text).language == "en"
    assert 'value="england" checked' in visitor.text
    assert 'href="/register-to-vote/cy/country-of-residence"' in visitor.text
