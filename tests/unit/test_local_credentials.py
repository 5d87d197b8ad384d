"""Tokens of one machine: made once, private, handed to services as hashes only."""

import hashlib
import json
import stat
from pathlib import Path

from electoral_local.credentials import Credentials


def test_services_get_hashes_of_the_tokens_that_callers_use(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    credentials.make()
    partners = json.loads(credentials.partners_file.read_text())
    hashes = {partner["source"]: partner["tokenSha256"] for partner in partners}
    for source in ("web", "assisted"):
        token = credentials.partner_token(source)
        assert hashes[source] == [hashlib.sha256(token.encode()).hexdigest()]
    eros = {ero["ero"]: ero["tokenSha256"] for ero in json.loads(credentials.eros_file.read_text())}
    tokens = credentials.ero_tokens()
    assert len(tokens) == len(set(tokens.values())) > 300
    assert eros == {
        ero: [hashlib.sha256(token.encode()).hexdigest()] for ero, token in tokens.items()
    }


def test_tokens_stay_when_made_again(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    credentials.make()
    before = (credentials.ero_tokens(), credentials.partner_token(), credentials.dwp_client_secret)
    credentials.make()
    after = (credentials.ero_tokens(), credentials.partner_token(), credentials.dwp_client_secret)
    assert after == before


def test_an_ero_that_is_new_gets_a_token_and_one_that_is_gone_loses_it(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    credentials.make()
    tokens = credentials.ero_tokens()
    dropped, kept = list(tokens)[:2]
    changed = [{"ero": ero, "token": token} for ero, token in tokens.items() if ero != dropped]
    credentials.tokens_file.write_text(json.dumps([*changed, {"ero": "nowhere", "token": "x"}]))
    credentials.make()
    again = credentials.ero_tokens()
    assert again.keys() == tokens.keys()
    assert again[kept] == tokens[kept]
    assert again[dropped] != tokens[dropped]


def test_every_file_is_the_owners_alone(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    credentials.make()
    assert credentials.dwp_client_secret
    secret_files = [path for path in tmp_path.iterdir() if path.suffix in (".json", ".secret")]
    assert len(secret_files) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret_files} == {0o600}
