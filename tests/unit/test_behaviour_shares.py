"""Which council's system behaves how: by shares, by name, the same for the same seed."""

from collections import Counter
from pathlib import Path

import pytest
from simulated.__main__ import app
from simulated.behaviour_shares import BehavioursRefused, Shares, chosen, read_shares, share_out
from simulated.behaviours import BEHAVIOURS
from typer.testing import CliRunner

MANY = [f"ero-{number}" for number in range(40)]


def test_shares_are_as_exact_as_whole_eros_allow_and_the_same_for_a_seed() -> None:
    shares = read_shares('{"workers": 0.25, "late": 0.1, "ero-7": "away"}')
    found = share_out(MANY, shares, seed=3)
    assert Counter(found.values()) == {"batch": 25, "workers": 10, "late": 4, "away": 1}
    assert found == share_out(MANY[::-1], shares, seed=3)
    assert found != share_out(MANY, shares, seed=4)
    assert found["ero-7"] == "away"


def test_mixed_has_all_six_and_no_shares_are_all_batch() -> None:
    assert set(share_out(MANY, read_shares("mixed"), seed=1).values()) == set(BEHAVIOURS)
    assert set(share_out(MANY, Shares(), seed=1).values()) == {"batch"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("half", "neither `mixed` nor JSON"),
        ("[]", "a JSON object"),
        ('{"sleepy": 0.5}', "no behaviour sleepy: choose from batch"),
        ('{"lothian": "sleepy"}', "no behaviour sleepy"),
        ('{"late": 0.7, "batch": 0.4}', "1 together at most"),
        ('{"late": -0.1}', "from 0 to 1"),
        ('{"late": true}', "a number"),
    ],
)
def test_what_cannot_be_shared_out_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BehavioursRefused, match=sentence):
        read_shares(text)


def test_an_unknown_ero_is_refused() -> None:
    with pytest.raises(BehavioursRefused, match="no ERO ero-99"):
        share_out(MANY, read_shares('{"ero-99": "late"}'), seed=1)


def test_who_determines_is_drawn_by_the_seed() -> None:
    assert len(chosen(MANY, 0.25, seed=1)) == 10
    assert chosen(MANY, 0.25, seed=1) == chosen(MANY[::-1], 0.25, seed=1)
    assert chosen(MANY, 0.0, seed=1) == frozenset()


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    file = tmp_path / "tokens.json"
    file.write_text('{"lothian": "token"}')
    return file


def told(*arguments: str) -> tuple[int, str]:
    """How the command ends, and what it says, without its frame."""
    done = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, arguments)
    return done.exit_code, done.output


def test_the_command_refuses_behaviours_that_there_are_not(tokens: Path) -> None:
    files = (f"--tokens={tokens}", f"--journal={tokens.parent}", "--gateway=http://127.0.0.1:9")
    code, said = told("councils", *files, '--behaviours={"dundee": "late"}')
    assert code == 2
    assert "no ERO dundee" in said


def test_a_gateway_that_does_not_answer_ends_a_recovery_with_a_sentence(tokens: Path) -> None:
    files = (f"--tokens={tokens}", f"--journal={tokens.parent}", "--gateway=http://127.0.0.1:9")
    (tokens.parent / "councils.jsonl").touch()
    assert told("recover", "--ero=dundee", *files)[0] == 2
    code, said = told("recover", "--ero=lothian", *files)
    assert code == 1
    assert "simulated: the gateway did not answer" in said
