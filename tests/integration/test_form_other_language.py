"""Changing the language in the middle of a page: the words change, what was typed stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from electoral.postgres import Pool
from form_pages_rendered import read
from form_port import FormPort, form_port
from registration_service import postcode_index

pytestmark = pytest.mark.integration

AGAIN = {"showAgain": "yes"}


@pytest.fixture
async def port(registration_pool: Pool, keys_root: Path, tmp_path: Path) -> AsyncIterator[FormPort]:
    async with form_port(registration_pool, keys_root, postcode_index(tmp_path)) as port:
        yield port


async def test_what_is_typed_comes_along_into_the_other_language(port: FormPort) -> None:
    visitor = port.visitor()
    await visitor.answer("country-of-residence")
    await visitor.get("nationality")
    shown = await visitor.post("cy/nationality", {"irish": "yes", "cannot": "yes", **AGAIN})
    document = read(visitor.text)
    assert shown.status == 200
    assert document.all("html")[0].attributes["lang"] == "cy"
    assert "checked" in document.by_id("irish").attributes
    assert "checked" in document.by_id("cannot").attributes
    assert "checked" not in document.by_id("british").attributes
    assert document.all("form")[0].attributes["action"] == "/register-to-vote/cy/nationality"


async def test_a_page_that_is_shown_again_is_not_answered(port: FormPort) -> None:
    visitor = port.visitor()
    await visitor.answer("country-of-residence")
    await visitor.get("nationality")
    await visitor.post("cy/nationality", {"irish": "yes", **AGAIN})
    await visitor.get("nationality")
    assert "checked" not in read(visitor.text).by_id("irish").attributes


async def test_a_postcode_comes_along_without_being_looked_up(port: FormPort) -> None:
    visitor = port.visitor()
    for slug in ("country-of-residence", "nationality", "date-of-birth", "name", "previous-name"):
        await visitor.answer(slug)
    await visitor.answer("nino")
    await visitor.get("postcode")
    shown = await visitor.post("cy/postcode", {"postcode": "not one", **AGAIN})
    document = read(visitor.text)
    assert shown.status == 200
    assert document.by_id("postcode").attributes["value"] == "not one"
    assert not document.all("title")[0].text.startswith("Gwall")


async def test_the_declaration_is_never_sent_by_changing_the_language(port: FormPort) -> None:
    """Its form says nothing of being shown again: the link there is a link."""
    visitor = port.visitor()
    await visitor.answer_all()
    await visitor.get("declaration")
    (form,) = read(visitor.text).all("form")
    assert "data-shows-again" not in form.attributes
