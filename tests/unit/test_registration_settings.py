"""Registration's settings: a missing or wrong one is one sentence that names it, and exit 78."""

from pathlib import Path

import pytest
from electoral import logs
from registration.__main__ import main
from registration_service import settings_of, write_partners


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set everything, so that only what a test changes is wrong."""
    dsn = "postgresql://registration:secret@127.0.0.1:1/registration"
    (tmp_path / "keys/registration").mkdir(parents=True)
    postcodes = tmp_path / "no-index"
    settings = settings_of(dsn, "127.0.0.1:1", tmp_path / "keys", tmp_path, postcodes)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    write_partners(tmp_path)
    # Loggers of this whole test run would write to this test's captured output for ever.
    monkeypatch.setattr(logs, "configure", lambda service, level: None)
    return monkeypatch


def exit_status() -> object:
    try:
        return main(["serve"])
    except SystemExit as end:
        return end.code


def check_sentence(capsys: pytest.CaptureFixture[str], name: str) -> str:
    said = capsys.readouterr().err
    assert f"REGISTRATION_{name}" in said
    assert said.count("\n") == 1
    assert said.endswith(".\n")
    assert "secret" not in said
    return said


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KEYS_DIRECTORY",
        "PARTNERS_FILE",
        "POSTCODE_INDEX",
        "HTTP_PORT",
        "ADMIN_PORT",
    ],
)
def test_a_missing_setting_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    environment.delenv(f"REGISTRATION_{name}")
    assert exit_status() == 78
    assert "it is missing" in check_sentence(capsys, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("KAFKA_BOOTSTRAP_SERVERS", "nonsense:port"),
        ("KEYS_DIRECTORY", "nowhere"),
        ("PARTNERS_FILE", "nowhere"),
        ("POSTCODE_INDEX", "nowhere"),
        ("HTTP_PORT", "many"),
        ("ADMIN_PORT", "70000"),
        ("WRITERS", "0"),
        ("ADDRESS_LOOKUP_TIMEOUT", "0"),
        ("PERSON_KEY_DAYS", "-1"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(f"REGISTRATION_{name}", value)
    assert exit_status() == 78
    assert "is wrong" in check_sentence(capsys, name)


@pytest.mark.parametrize(
    "partners", ["", "[{}]", '[{"clientId": "a", "source": "paper", "tokenSha256": ["00"]}]']
)
def test_partners_that_cannot_be_read_are_named(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    partners: str,
) -> None:
    (tmp_path / "partners.json").write_text(partners)
    assert exit_status() == 78
    check_sentence(capsys, "PARTNERS_FILE")


def test_keys_are_listed_and_kept_for_as_long_as_the_settings_say(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "keys/registration/person-2026-01-01.key").write_bytes(b"k" * 32)
    environment.setenv("REGISTRATION_PERSON_KEY_DAYS", "100000")
    for command in (["keys"], ["keys", "list"]):
        assert main(command) == 0
        assert capsys.readouterr().out == "person-2026-01-01  kept until 2299-10-17\n"
    assert main(["keys", "expired"]) == 0
    assert capsys.readouterr().out == ""


def test_a_key_is_not_destroyed_while_nobody_answers(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = tmp_path / "keys/registration/person-2020-01-01.key"
    key.write_bytes(b"k" * 32)
    arguments = ["--key-id", "person-2020-01-01", "--ask", "http://127.0.0.1:1"]
    assert main(["keys", "destroy", *arguments]) == 1
    assert "did not answer" in capsys.readouterr().err
    assert key.exists()
