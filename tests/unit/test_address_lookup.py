"""The synthetic address look-up: deterministic, reversible, with postcodes that straddle."""

import asyncio
from collections.abc import Iterator
from zlib import crc32

import brotli
import msgpack
import pytest
from electoral.address_lookup import (
    Address,
    AddressLookup,
    SyntheticAddressLookup,
    count_houses,
    read_uprn,
    uprn_of,
)
from electoral.postcodes import PostcodeIndex, build_index
from hypothesis import given
from hypothesis import strategies as st

LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
POSTCODES = st.from_regex(
    rf"[A-Z]{{1,2}}[0-9][A-Z0-9]? [0-9][{LETTERS}]{{2}}", fullmatch=True, alphabet=st.characters()
)
HERE, NEXT_DOOR, FURTHER = "E08000003", "E08000006", "E08000009"
# M1 1xx is all Manchester's; M1 2xx begins Salford's, 20 places long; then Trafford's.
ROWS = (
    {f"M1  1{a}{b}": HERE for a in LETTERS for b in LETTERS}
    | {f"M1  2A{b}": NEXT_DOOR for b in LETTERS}
    | {f"M1  2B{b}": FURTHER for b in LETTERS}
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostcodeIndex]:
    folder = tmp_path_factory.mktemp("directory")
    data = {"pcd": list(ROWS), "laua": list(ROWS.values())}
    packed = msgpack.packb({"columns": ["pcd", "laua"], "data": data})
    (folder / "postcodes_M.msgpack.br").write_bytes(brotli.compress(packed))
    build_index(folder / "index", folder)
    with PostcodeIndex(folder / "index") as built:
        yield built


def by_postcode(index: PostcodeIndex, postcode: str) -> tuple[Address, ...]:
    lookup: AddressLookup = SyntheticAddressLookup(index)
    return asyncio.run(lookup.by_postcode(postcode))


def by_uprn(index: PostcodeIndex, uprn: str) -> Address | None:
    lookup: AddressLookup = SyntheticAddressLookup(index)
    return asyncio.run(lookup.by_uprn(uprn))


def may_straddle(postcode: str) -> bool:
    return crc32(postcode.encode()) % 9 == 0


def postcodes_in(sector: str) -> list[str]:
    return [f"{sector}{a}{b}" for a in LETTERS for b in LETTERS]


def test_the_uprn_of_a_house_is_the_published_one() -> None:
    """Others compute the same: the module's docstring gives the rule and this example."""
    assert uprn_of("SW1A 1AA", 7) == "614159154967"
    assert uprn_of("M1 1AA", 1) == "473642279761"
    assert uprn_of("ZZ9Z 9ZZ", 30) == "759769514370"


@given(POSTCODES, st.integers(1, 30))
def test_a_uprn_reads_back_as_its_postcode_and_house(postcode: str, house: int) -> None:
    exists = house <= count_houses(postcode)
    assert read_uprn(uprn_of(postcode, house)) == ((postcode, house) if exists else None)


@given(st.integers(0, 10**12 - 1))
def test_any_other_number_is_nobody_s_uprn(number: int) -> None:
    found = read_uprn(str(number))
    assert found is None or uprn_of(*found) == str(number)


@pytest.mark.parametrize("uprn", ["", "abc", "-1", "1.0", "²", "١٢", "0", "9" * 12, "1" * 13])
def test_what_is_no_uprn_of_ours_reads_as_none(index: PostcodeIndex, uprn: str) -> None:
    assert read_uprn(uprn) is None
    assert by_uprn(index, uprn) is None


def test_a_postcode_has_the_same_addresses_however_it_is_typed(index: PostcodeIndex) -> None:
    addresses = by_postcode(index, "M1 1AA")
    assert addresses == by_postcode(index, "m11aa")
    assert [address.property for address in addresses] == [
        str(house) for house in range(1, count_houses("M1 1AA") + 1)
    ]
    assert {address.postcode for address in addresses} == {"M1 1AA"}


def test_every_address_is_found_by_its_uprn(index: PostcodeIndex) -> None:
    for postcode in ("M1 1AA", "M1 2AA", "M1 2BZ"):
        for address in by_postcode(index, postcode):
            assert len(address.uprn) <= 12
            assert by_uprn(index, address.uprn) == address
            assert by_uprn(index, address.uprn.zfill(12)) == address


def test_a_postcode_that_nobody_can_place_has_no_addresses(index: PostcodeIndex) -> None:
    assert by_postcode(index, "ZZ9 9ZZ") == ()
    assert by_postcode(index, "nonsense") == ()
    assert by_uprn(index, uprn_of("ZZ9 9ZZ", 1)) is None


def test_most_postcodes_belong_to_one_authority(index: PostcodeIndex) -> None:
    for postcode in filter(lambda each: not may_straddle(each), postcodes_in("M1 2")[:40]):
        codes = {address.gss_code for address in by_postcode(index, postcode)}
        assert codes == {ROWS[f"M1  {postcode[3:]}"]}


def test_a_straddling_postcode_s_last_third_is_the_nearest_neighbour_s(
    index: PostcodeIndex,
) -> None:
    straddling = [each for each in postcodes_in("M1 1")[-20:] if may_straddle(each)]
    assert straddling
    for postcode in straddling:
        codes = [address.gss_code for address in by_postcode(index, postcode)]
        first_part = len(codes) * 2 // 3
        assert codes == [HERE] * first_part + [NEXT_DOOR] * (len(codes) - first_part)


def test_of_two_neighbours_the_nearer_one_counts(index: PostcodeIndex) -> None:
    straddling = [each for each in postcodes_in("M1 2")[:20] if may_straddle(each)]
    assert straddling
    for postcode in straddling:
        nearer_before = LETTERS.index(postcode[-1]) < 10
        last = by_postcode(index, postcode)[-1]
        assert last.gss_code == (HERE if nearer_before else FURTHER)


def test_far_from_a_boundary_no_postcode_straddles(index: PostcodeIndex) -> None:
    inland = [each for each in postcodes_in("M1 1")[:-20] if may_straddle(each)]
    assert len(inland) > 20
    codes = {address.gss_code for each in inland for address in by_postcode(index, each)}
    assert codes == {HERE}
