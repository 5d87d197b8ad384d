"""The questions about the address: its postcode's list, by hand, the council; the look-up away."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from electoral.address_lookup import (
    Address,
    AddressLookup,
    AddressLookupUnavailable,
    SyntheticAddressLookup,
)
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.postcodes import PostcodeIndex
from electoral.postgres import Pool
from electoral.problems import FieldError, Problem
from form_port import ANSWERS, FormPort, Visitor, form_port
from registration.form.not_sent import show_refused
from registration.form.session import FormSession
from registration.form.visit import journey_of, today
from registration_service import postcode_index

pytestmark = pytest.mark.integration

POSTCODE, ELSEWHERE, UNPLACED = "S1 2HH", "EH1 1YZ", "AA3 1AB"
SHEFFIELD, EDINBURGH = "E08000039", "S12000036"
UPRN = re.compile(r'name="uprn"[^>]*value="(\d+)"')
PATIENCE = 1.5  # seconds: a second for the look-up, the rest for the page


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


class Troubled:
    """A look-up that works until it is told otherwise: `slow`, `down`, `failing` or `wordy`."""

    def __init__(self, postcodes: Path, trouble: str = "") -> None:
        self._well = SyntheticAddressLookup(PostcodeIndex(postcodes))
        self.trouble = trouble

    async def by_uprn(self, uprn: str) -> Address | None:
        await self._suffer()
        return await self._well.by_uprn(uprn)

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        await self._suffer()
        found = await self._well.by_postcode(postcode)
        if self.trouble == "wordy":
            return tuple(one._replace(street="Long " * 60) for one in found)
        return found

    async def _suffer(self) -> None:
        if self.trouble == "slow":
            await asyncio.sleep(60)
        if self.trouble == "down":
            raise AddressLookupUnavailable
        if self.trouble == "failing":
            raise RuntimeError("a client of somebody else's")


@pytest.fixture
def lookup(postcodes: Path) -> Troubled:
    return Troubled(postcodes)


def served(
    pool: Pool, keys_root: Path, postcodes: Path, lookup: AddressLookup
) -> AbstractAsyncContextManager[FormPort]:
    return form_port(pool, keys_root, postcodes, addresses=lookup)


@pytest.fixture
async def port(
    registration_pool: Pool, keys_root: Path, postcodes: Path, lookup: Troubled
) -> AsyncIterator[FormPort]:
    async with served(registration_pool, keys_root, postcodes, lookup) as running:
        yield running


async def at_postcode(port: FormPort) -> Visitor:
    """Answer all that comes before the postcode."""
    visitor = port.visitor()
    for slug in ("country-of-residence", "nationality", "date-of-birth", "name"):
        assert (await visitor.answer(slug)).status == 303
    for slug in ("previous-name", "nino"):
        assert (await visitor.answer(slug)).status == 303
    return visitor


async def sent_from(visitor: Visitor, port: FormPort) -> tuple[str, dict[str, Any]]:
    """Answer the rest and send; returns the authority and the address that were accepted."""
    slug = visitor.place.rpartition("/")[2]
    while slug in ANSWERS:
        assert (await visitor.answer(slug)).status == 303, visitor.text
        slug = visitor.place.rpartition("/")[2]
    assert (await visitor.send()).status == 303, visitor.text
    row = await port.form.pool.fetchrow("SELECT application_id, gss_code FROM application")
    value = await port.form.pool.fetchval("SELECT value FROM outbox")
    assert row is not None
    sealed = json.loads(value)["person"]
    person = json.loads(port.form.sealer.open("person", row["application_id"], sealed))
    return row["gss_code"], person["address"]


def place_of(visitor: Visitor) -> str:
    return visitor.place.rpartition("/")[2]


async def test_the_address_chosen_arrives_with_its_uprn_and_lines(port: FormPort) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=" s12hh ")
    assert place_of(visitor) == "address"
    await visitor.get("address")
    uprns = UPRN.findall(visitor.text)
    assert len(uprns) == len(await port.form.finder.addresses(POSTCODE) or ())
    assert (await visitor.post("address", {"uprn": uprns[1]})).status == 303
    gss_code, address = await sent_from(visitor, port)
    assert gss_code == SHEFFIELD
    assert (address["uprn"], address["property"], address["postcode"]) == (uprns[1], "2", POSTCODE)


async def test_a_postcode_that_straddles_goes_where_the_chosen_address_is(
    port: FormPort, postcodes: Path
) -> None:
    index = PostcodeIndex(postcodes)
    postcode, far = await straddling(port.form.addresses, index)
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=postcode)
    await visitor.answer("address", uprn=far.uprn)
    gss_code, _ = await sent_from(visitor, port)
    assert gss_code == far.gss_code != index.gss_code(postcode)


async def straddling(lookup: AddressLookup, index: PostcodeIndex) -> tuple[str, Address]:
    """Find an English postcode with an address of another English authority."""
    for number in range(10):
        for letters in ("AA", "AB", "AD", "AE", "AF", "AG", "AH", "AJ", "AL", "AN"):
            for area in ("S10", "S11", "S12", "S17", "S20", "S21", "S35"):
                postcode = f"{area} {number}{letters}"
                for address in await lookup.by_postcode(postcode):
                    if address.gss_code != index.gss_code(postcode):
                        return postcode, address
    raise AssertionError("no postcode straddles")


@pytest.mark.parametrize("uprn", ["100051000001", "0", "nonsense", ""])
async def test_an_address_of_another_list_is_refused_and_the_list_shown_again(
    port: FormPort, uprn: str
) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    answer = await visitor.answer("address", uprn=uprn, _street="Sample Road", _gss=EDINBURGH)
    assert answer.status == 422
    assert "<title>Error: " in visitor.text
    assert UPRN.search(visitor.text)


async def test_what_the_server_notes_cannot_be_posted(port: FormPort) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE, _placed=EDINBURGH, _found="0")
    assert place_of(visitor) == "address"
    await visitor.answer("address", uprn="not-listed", _gss=EDINBURGH)
    await visitor.answer("type-address", street="Mill Lane", postcode=POSTCODE, _placed=EDINBURGH)
    gss_code, _ = await sent_from(visitor, port)
    assert gss_code == SHEFFIELD


@pytest.mark.parametrize("trouble", ["slow", "down", "failing"])
async def test_without_the_look_up_typing_by_hand_goes_on(
    port: FormPort, lookup: Troubled, trouble: str
) -> None:
    visitor = await at_postcode(port)
    lookup.trouble = trouble
    began = time.monotonic()
    await visitor.answer("postcode", postcode=POSTCODE)
    assert time.monotonic() - began < PATIENCE
    assert place_of(visitor) == "type-address"
    gss_code, address = await sent_from(visitor, port)
    assert gss_code == SHEFFIELD
    assert "uprn" not in address


@pytest.mark.parametrize("trouble", ["down", "failing"])
async def test_a_look_up_that_ends_before_the_choice_leads_to_typing(
    port: FormPort, lookup: Troubled, trouble: str
) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    await visitor.get("address")
    uprn = UPRN.findall(visitor.text)[0]
    lookup.trouble = trouble
    assert (await visitor.get("address")).status == 200
    assert 'value="not-listed"' in visitor.text
    await visitor.post("address", {"uprn": uprn})
    assert place_of(visitor) == "type-address"


@pytest.mark.parametrize("trouble", ["down", "slow"])
async def test_a_look_up_that_ends_before_sending_leaves_the_postcodes_authority(
    port: FormPort, lookup: Troubled, trouble: str
) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    await visitor.get("address")
    await visitor.post("address", {"uprn": UPRN.findall(visitor.text)[0]})
    lookup.trouble = trouble
    gss_code, address = await sent_from(visitor, port)
    assert gss_code == SHEFFIELD
    assert address["uprn"]


async def test_an_address_worded_as_no_application_takes_it_is_typed_by_hand(
    port: FormPort, lookup: Troubled
) -> None:
    lookup.trouble = "wordy"
    visitor = await at_postcode(port)
    await visitor.answer("postcode")
    await visitor.get("address")
    await visitor.answer("address", uprn=UPRN.findall(visitor.text)[0])
    assert place_of(visitor) == "type-address"


async def test_the_postcode_is_filled_in_where_the_address_is_typed(port: FormPort) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode="s1 2hh")
    await visitor.answer("address", uprn="not-listed")
    await visitor.get("type-address")
    assert re.search(r'name="postcode"[^>]*value="S1 2HH"', visitor.text)


async def test_going_from_a_chosen_address_to_a_typed_one_drops_uprn_and_authority(
    port: FormPort,
) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    await visitor.get("address")
    await visitor.post("address", {"uprn": UPRN.findall(visitor.text)[0]})
    await visitor.answer("address", uprn="not-listed")
    await visitor.answer("type-address", street="High Street", postcode="S70 2AA")
    gss_code, address = await sent_from(visitor, port)
    assert gss_code == port.form.finder.of_postcode("S70 2AA", today()) != SHEFFIELD
    assert "uprn" not in address


async def test_another_postcode_asks_for_its_own_address(port: FormPort) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    await visitor.get("address")
    await visitor.post("address", {"uprn": UPRN.findall(visitor.text)[0]})
    await visitor.answer("postcode", postcode="S1 4GE")
    assert place_of(visitor) == "address"


async def test_the_council_is_asked_where_the_postcode_cannot_be_placed(port: FormPort) -> None:
    visitor = await at_unplaced(port)
    assert place_of(visitor) == "council"
    await visitor.get("council")
    assert f'value="{SHEFFIELD}"' in visitor.text
    assert (await visitor.post("council", {"gssCode": SHEFFIELD})).status == 303
    assert (await sent_from(visitor, port))[0] == SHEFFIELD


async def test_who_does_not_know_their_council_can_apply(port: FormPort) -> None:
    visitor = await at_unplaced(port)
    assert (await visitor.answer("council", gssCode="unknown")).status == 303
    assert (await sent_from(visitor, port))[0] == AUTHORITY_UNKNOWN


@pytest.mark.parametrize("code", ["E99999999", "nonsense", "", AUTHORITY_UNKNOWN])
async def test_a_council_that_is_none_is_refused_and_the_list_shown_again(
    port: FormPort, code: str
) -> None:
    visitor = await at_unplaced(port)
    assert (await visitor.answer("council", gssCode=code)).status == 422
    assert f'value="{SHEFFIELD}"' in visitor.text


async def test_the_list_of_councils_is_in_the_language_of_the_page(port: FormPort) -> None:
    visitor = await at_unplaced(port)
    await visitor.get("cy/council")
    assert "Abertawe" in visitor.text
    assert "Swansea" not in visitor.text


async def at_unplaced(port: FormPort) -> Visitor:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=UNPLACED)
    assert place_of(visitor) == "type-address"
    await visitor.answer("type-address", street="New Street", postcode=UNPLACED)
    return visitor


async def at_council(port: FormPort) -> Visitor:
    """Answer up to the council, which is wrong in the session by now."""
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=UNPLACED)
    await visitor.answer("type-address", street="New Street", postcode=UNPLACED)
    await visitor.answer("council", gssCode=SHEFFIELD)
    return visitor


async def session_in(port: FormPort, visitor: Visitor) -> FormSession:
    (token,) = visitor.cookies.values()
    session = await port.form.sessions.read(token)
    assert session is not None
    return session


async def test_an_answer_that_has_become_wrong_is_shown_with_why_and_with_its_list(
    port: FormPort,
) -> None:
    visitor = await at_council(port)
    session = await session_in(port, visitor)
    typed = {**session.typed, "council": {"gssCode": "nowhere"}}
    await port.form.sessions.change(session, lambda now: now.with_typed(typed))
    assert (await visitor.get("council")).status == 422
    assert 'href="#gssCode"' in visitor.text
    assert f'value="{SHEFFIELD}"' in visitor.text


async def test_what_the_rules_refuse_when_it_is_sent_is_shown_on_its_page_with_its_list(
    port: FormPort,
) -> None:
    visitor = await at_council(port)
    session = await session_in(port, visitor)
    refused = (FieldError("/gssCode", "missing", "Choose your council"),)
    answer = await show_refused(port.form, session, journey_of(session, "en"), refused)
    assert isinstance(answer, web.Response)
    assert answer.status == 422
    assert isinstance(answer.body, bytes)
    shown = answer.body.decode()
    assert 'href="#gssCode"' in shown
    assert f'value="{SHEFFIELD}"' in shown
    assert 'action="/register-to-vote/council"' in shown


async def test_a_page_that_is_not_asked_is_never_shown_when_the_rules_refuse(
    port: FormPort,
) -> None:
    visitor = await at_postcode(port)
    await visitor.answer("postcode", postcode=POSTCODE)
    session = await session_in(port, visitor)
    refused = (FieldError("/gssCode", "missing", "Choose your council"),)
    with pytest.raises(Problem):
        await show_refused(port.form, session, journey_of(session, "en"), refused)
