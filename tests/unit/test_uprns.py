"""The address provider's published rules, done a second time: both must say the same."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import brotli
import msgpack
import pytest
from electoral.address_lookup import SyntheticAddressLookup
from electoral.postcodes import PostcodeIndex, build_index
from simulated.uprns import (
    houses_of,
    is_over_the_boundary,
    may_straddle,
    neighbour_of,
    neighbours,
    uprn_of,
)

LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
HERE, NEXT_DOOR, FURTHER = "E08000003", "E08000006", "E08000009"
# In the directory's seven characters: one authority's whole sector, then two streets of others.
DIRECTORY = (
    {f"M1  1{a}{b}": HERE for a in LETTERS for b in LETTERS}
    | {f"M1  2A{b}": NEXT_DOOR for b in LETTERS}
    | {f"M1  2B{b}": FURTHER for b in LETTERS}
    | {"M1  2CA": NEXT_DOOR}  # a slip in the directory: nothing ends so, it is nobody's neighbour
    | {"AB101AA": "S12000033", "AB101AB": "S12000034"}
)
PLACED = {postcode: code for postcode, code in DIRECTORY.items() if postcode != "M1  2CA"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyntheticAddressLookup]:
    folder = tmp_path_factory.mktemp("directory")
    data = {"pcd": list(DIRECTORY), "laua": list(DIRECTORY.values())}
    packed = msgpack.packb({"columns": ["pcd", "laua"], "data": data})
    (Path(folder) / "postcodes_M.msgpack.br").write_bytes(brotli.compress(packed))
    build_index(folder / "index", folder)
    with PostcodeIndex(folder / "index") as index:
        yield SyntheticAddressLookup(index)


def spaced(postcode: str) -> str:
    return f"{postcode[:4].strip()} {postcode[4:]}"


def test_a_uprn_is_the_published_one() -> None:
    assert uprn_of("SW1A 1AA", 7) == "614159154967"
    assert uprn_of("M1 1AA", 1) == "473642279761"
    assert uprn_of("ZZ9Z 9ZZ", 30) == "759769514370"


def test_the_provider_and_these_rules_say_the_same_of_every_house(
    provider: SyntheticAddressLookup,
) -> None:
    other_code = neighbours(PLACED.items(), [spaced(postcode) for postcode in PLACED])
    split = 0
    for seven, code in PLACED.items():
        postcode = spaced(seven)
        for house in range(1, houses_of(postcode) + 1):
            address = asyncio.run(provider.by_uprn(uprn_of(postcode, house)))
            over = is_over_the_boundary(postcode, house)
            expected = other_code.get(postcode, code) if over else code
            assert address is not None, (postcode, house)
            assert (address.postcode, address.gss_code) == (postcode, expected)
            split += expected != code
        beyond = uprn_of(postcode, houses_of(postcode) + 1)
        assert asyncio.run(provider.by_uprn(beyond)) is None
    assert split > 10


def test_the_nearest_other_code_counts_and_of_two_the_one_before() -> None:
    assert neighbour_of(2, ["A", "B", "B", "B", "C"]) == "A"
    assert neighbour_of(3, ["A", "B", "B", "B", "C"]) == "C"
    assert neighbour_of(0, ["B"] * 20 + ["C"]) == "C"
    assert neighbour_of(0, ["B"] * 21 + ["C"]) is None


def test_only_what_may_straddle_has_a_neighbour() -> None:
    wanted = [spaced(postcode) for postcode in PLACED]
    found = neighbours(PLACED.items(), wanted)
    assert found
    assert [postcode for postcode in found if not may_straddle(postcode)] == []
