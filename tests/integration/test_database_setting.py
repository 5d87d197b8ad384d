"""A database that Postgres does not know, or not for this role: the setting is named, exit 78."""

import os
from collections.abc import Callable

import pytest
from electoral import logs
from electoral_local.postgres import EmbeddedPostgres
from ems_gateway import __main__ as gateway
from registration import __main__ as registration
from verification import __main__ as verification

MAIN: dict[str, Callable[[list[str]], int]] = {
    "registration": registration.main,
    "verification": verification.main,
    "ems_gateway": gateway.main,
}
SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KEYS_DIRECTORY": "keys",
    "PARTNERS_FILE": "partners.json",
    "POSTCODE_INDEX": "index",
    "DWP_URL": "http://127.0.0.1:1",
    "DWP_CLIENT_ID": "client",
    "DWP_CLIENT_SECRET": "swordfish",
    "EROS_FILE": "eros.json",
}


@pytest.mark.parametrize("command", [["migrate"], ["held", "list"]], ids=" ".join)
@pytest.mark.parametrize("wrong", ["password", "database"])
@pytest.mark.parametrize("service", MAIN)
def test_a_database_that_postgres_does_not_know_is_named_by_its_setting(
    embedded_postgres: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    service: str,
    wrong: str,
    command: list[str],
) -> None:
    monkeypatch.setattr(logs, "configure", lambda service, level: None)
    monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", a_wrong_dsn(embedded_postgres, wrong))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"{service.upper()}_{name}", value)
    assert MAIN[service](command) == os.EX_CONFIG
    said = capsys.readouterr().err
    assert said.startswith(f"{service.upper()}_DATABASE_URL is wrong: ")
    assert said.count("\n") == 1


def a_wrong_dsn(server: EmbeddedPostgres, wrong: str) -> str:
    if wrong == "database":
        return server.superuser_dsn("nowhere")
    return server.dsn("registration").replace("://registration:", "://registration:not-")
