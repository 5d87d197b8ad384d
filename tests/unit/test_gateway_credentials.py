"""Who is calling the gateway."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from electoral.authorities import Authorities
from electoral.credentials import CredentialsUnusable
from ems_gateway.credentials import credentials_check, read_credentials

AUTHORITIES = Authorities.load()


def a_file(directory: Path, *entries: object) -> Path:
    file = directory / "eros.json"
    file.write_text(json.dumps(entries))
    return file


def an_entry(ero: str, *tokens: str) -> dict[str, object]:
    return {"ero": ero, "tokenSha256": [sha256(token.encode()).hexdigest() for token in tokens]}


def test_a_token_leads_to_its_ero(tmp_path: Path) -> None:
    file = a_file(tmp_path, an_entry("hartlepool", "one", "two"), an_entry("lothian", "three"))
    credentials = read_credentials(file, AUTHORITIES)
    assert [credentials.caller(token) for token in ("one", "two", "three")] == [
        "hartlepool",
        "hartlepool",
        "lothian",
    ]


@pytest.mark.parametrize("token", ["", "four", "\udcff", sha256(b"one").hexdigest()])
def test_any_other_token_is_nobodys(tmp_path: Path, token: str) -> None:
    credentials = read_credentials(a_file(tmp_path, an_entry("hartlepool", "one")), AUTHORITIES)
    assert credentials.caller(token) is None


@pytest.mark.parametrize(
    "entry", [an_entry("atlantis", "one"), {"tokenSha256": []}, {"ero": 7, "tokenSha256": ["00"]}]
)
def test_a_file_that_names_no_ero_is_refused(tmp_path: Path, entry: object) -> None:
    with pytest.raises(CredentialsUnusable):
        read_credentials(a_file(tmp_path, entry, {"tokenSha256": ["00"]}), AUTHORITIES)


async def test_a_file_that_breaks_later_is_told_by_readiness_and_changes_nobody(
    tmp_path: Path,
) -> None:
    file = a_file(tmp_path, an_entry("hartlepool", "one"))
    credentials = read_credentials(file, AUTHORITIES)
    check = credentials_check(credentials)
    assert await check() is None
    file.write_text("{")
    assert await check() is not None
    assert credentials.caller("one") == "hartlepool"


async def test_a_changed_file_counts(tmp_path: Path) -> None:
    credentials = read_credentials(a_file(tmp_path, an_entry("hartlepool", "one")), AUTHORITIES)
    a_file(tmp_path, an_entry("hartlepool", "another"))
    credentials.load()
    assert (credentials.caller("one"), credentials.caller("another")) == (None, "hartlepool")
