"""Whose an application is: by its UPRN, else its postcode, else the council it names."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import brotli
import msgpack
import pytest
from builders import ABSENT, an_address, an_application
from electoral.address_lookup import Address, AddressLookupUnavailable
from electoral.authorities import Authorities
from electoral.postcodes import PostcodeIndex, build_index
from registration.application import Application
from registration.authority import AuthorityFinder, Placed
from registration.reading import read_application

TODAY = date(2026, 11, 22)
SHEFFIELD, BARNSLEY, EDINBURGH = "E08000039", "E08000038", "S12000036"
UPRN = "100051000001"


@dataclass
class OneAddress:
    """An address look-up that knows the address of one UPRN, or is slow, or down."""

    postcode: str
    gss_code: str
    delay: float = 0.0  # seconds
    is_down: bool = False

    async def by_uprn(self, uprn: str) -> Address | None:
        await asyncio.sleep(self.delay)
        if self.is_down:
            raise AddressLookupUnavailable
        return self._address() if uprn == UPRN else None

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        return (self._address(),)

    def _address(self) -> Address:
        return Address(UPRN, "12", "Mill Lane", None, "", None, self.postcode, self.gss_code)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostcodeIndex]:
    folder = tmp_path_factory.mktemp("directory")
    placed = {"S1  2HH": SHEFFIELD, "EH1 1YZ": EDINBURGH}
    data = {"pcd": list(placed), "laua": list(placed.values())}
    packed = msgpack.packb({"columns": ["pcd", "laua"], "data": data})
    (folder / "postcodes_S.msgpack.br").write_bytes(brotli.compress(packed))
    build_index(folder / "index", folder)
    with PostcodeIndex(folder / "index") as index:
        yield index


def read(**changes: object) -> Application:
    body = an_application(country=ABSENT) | changes
    return read_application(body, on=TODAY, source="web")


def finder(postcodes: PostcodeIndex, addresses: OneAddress) -> AuthorityFinder:
    return AuthorityFinder(Authorities.load(), postcodes, addresses, 0.05)


def place(postcodes: PostcodeIndex, addresses: OneAddress, **changes: object) -> Placed:
    return asyncio.run(finder(postcodes, addresses).place(read(**changes), TODAY))


def test_the_uprn_s_authority_counts_where_the_postcode_straddles(postcodes: PostcodeIndex) -> None:
    addresses = OneAddress("S1 2HH", BARNSLEY)
    typed = an_address(postcode="s12hh", uprn=UPRN)
    assert place(postcodes, addresses, address=typed) == Placed(BARNSLEY, "uprn", "england")


def test_a_uprn_of_another_postcode_does_not_decide(postcodes: PostcodeIndex) -> None:
    """The form kept the old UPRN while street and postcode were typed anew."""
    addresses = OneAddress("S1 2HH", SHEFFIELD)
    typed = an_address(postcode="EH1 1YZ", uprn=UPRN)
    assert place(postcodes, addresses, address=typed) == Placed(EDINBURGH, "postcode", "scotland")


def test_a_uprn_of_another_postcode_does_not_decide_where_nobody_knows_the_one_given(
    postcodes: PostcodeIndex,
) -> None:
    addresses, typed = OneAddress("S1 2HH", SHEFFIELD), an_address(postcode="ZZ9 9ZZ", uprn=UPRN)
    assert place(postcodes, addresses, address=typed) == Placed("X99999999", "unknown", None)
    named = place(postcodes, addresses, address=typed, gssCode=EDINBURGH)
    assert named == Placed(EDINBURGH, "gss-code", "scotland")


@pytest.mark.parametrize("uprn", [ABSENT, "1"])
def test_without_a_uprn_that_is_known_the_postcode_decides(
    postcodes: PostcodeIndex, uprn: object
) -> None:
    addresses, typed = OneAddress("S1 2HH", BARNSLEY), an_address(uprn=uprn)
    assert place(postcodes, addresses, address=typed) == Placed(SHEFFIELD, "postcode", "england")


@pytest.mark.parametrize(
    "addresses",
    [OneAddress("S1 2HH", BARNSLEY, delay=60.0), OneAddress("S1 2HH", BARNSLEY, is_down=True)],
    ids=["slow", "down"],
)
def test_without_an_answer_about_the_uprn_the_postcode_decides(
    postcodes: PostcodeIndex, addresses: OneAddress
) -> None:
    typed = an_address(uprn=UPRN)
    assert place(postcodes, addresses, address=typed) == Placed(SHEFFIELD, "postcode", "england")


@pytest.mark.parametrize(
    ("previous", "gss_code"),
    [
        (ABSENT, None),
        ({"street": "High Street 3", "postcode": "eh11yz"}, EDINBURGH),
        ({"street": "High Street 3", "postcode": "EH1 1YZ", "country": "GB"}, EDINBURGH),
        ({"street": "High Street 3", "postcode": "EH1 1YZ", "country": "CA"}, None),
        ({"street": "High Street 3", "country": "CA"}, None),
        ({"street": "High Street 3", "postcode": "BT1 5GS"}, None),
    ],
)
def test_a_previous_address_has_an_authority_if_it_is_in_great_britain(
    postcodes: PostcodeIndex, previous: object, gss_code: str | None
) -> None:
    changes = {} if previous is ABSENT else {"previousAddress": previous}
    found = finder(postcodes, OneAddress("S1 2HH", SHEFFIELD)).previous(read(**changes), TODAY)
    assert found == gss_code
