"""Names typed into the form arrive in the council's journal as they were typed."""

import asyncio
import time
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from builders import an_address, an_application
from electoral.address_lookup import uprn_of
from electoral_local.blueprint import StackOptions
from electoral_local.stack import Stack
from simulated.councils import JOURNAL_FILE
from simulated.deliveries import Delivery, read_journals
from simulated.form_answers import typed_answers
from simulated.form_citizen import FormCitizen
from simulated.http_client import Connection, Server

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 60.0
POSTCODE = "S1 2HH"
# q with two marks: no single character has them, so NFC leaves three.
COMPOSED_OF_NOTHING = "q\u0307\u0323"
NAMES = (
    "Llŷr",
    "Siân",
    normalize("NFD", "Siân"),
    "O'Neill",
    "O’Neill",
    "Nguyễn",
    "Łukasz",
    "İpek",
    "A",
    "李小龙",
    "محمد",
    "Null",
    f"Je{COMPOSED_OF_NOTHING * 11}",
    "Abcdefghijklmnopqrstuvwxyzabcdefŷŵâ",
)
assert [len(normalize("NFC", name)) for name in NAMES[-2:]] == [35, 35]  # the longest there are


async def test_names_arrive_in_the_councils_journal_as_they_were_typed(tmp_path: Path) -> None:
    options = StackOptions(
        tmp_path / "var", free_ports=True, arguments={"councils": ("--interval=1",)}
    )
    async with Stack(options) as stack:
        for number, name in enumerate(NAMES):
            await apply_by_form(stack, number, name)
        arrived = await delivered(stack.blueprint.journals, len(NAMES))
    names = sorted((item["detail"]["fn"], item["detail"]["ln"]) for item in arrived)
    wanted = [normalize("NFC", name) for name in NAMES]
    assert names == sorted((name, name) for name in wanted)


async def apply_by_form(stack: Stack, number: int, name: str) -> None:
    """Fill in the form under a name; every other person in Welsh."""
    connection = Connection(Server.of_url(stack.blueprint.registration_url), {})
    citizen = FormCitizen(connection, language=("en", "cy")[number % 2])
    address = an_address(postcode=POSTCODE, uprn=uprn_of(POSTCODE, 1 + number))
    application = an_application(firstName=name, lastName=name, address=address)
    try:
        receipt = await citizen.walk(typed_answers(application))
    finally:
        connection.close()
    assert receipt.reference


async def delivered(journals: Path, count: int) -> list[dict[str, Any]]:
    """What councils have written down, each once, when so many are there."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(found := _items(journals)) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} arrived"
        await asyncio.sleep(0.25)
    return found


def _items(journals: Path) -> list[dict[str, Any]]:
    file = journals / JOURNAL_FILE
    entries = read_journals([file]) if file.exists() else ()
    items = {e.item["id"]: e.item for e in entries if isinstance(e, Delivery)}
    return list(items.values())
