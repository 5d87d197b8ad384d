"""Commands that whoever starts the system waits for import only what they need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"aiohttp", "aiokafka", "uvloop"}
PROGRAM = """
import json, runpy, sys
module = sys.argv.pop(1)
try:
    runpy.run_module(module, run_name="__main__")
except SystemExit as end:
    status = end.code
print(json.dumps([status, sorted(sys.modules)]))
"""


def modules_of(folder: Path, module: str, *arguments: str) -> tuple[int, set[str]]:
    """Run a command in a fresh interpreter; returns its exit status and what it imported."""
    settings = {
        "DATABASE_URL": "postgresql://someone@127.0.0.1:1/somewhere",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(folder),
        "PARTNERS_FILE": "partners.json",
        "POSTCODE_INDEX": "index",
        "DWP_URL": "http://127.0.0.1:1",
        "DWP_CLIENT_ID": "client",
        "DWP_CLIENT_SECRET": "secret",
        "EROS_FILE": "eros.json",
    }
    environment = {f"{module.upper()}_{name}": value for name, value in settings.items()}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, module, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    status, modules = json.loads(found.stdout.splitlines()[-1])
    return status, set(modules)


@pytest.mark.parametrize("service", ["registration", "verification", "ems_gateway"])
def test_migrate_imports_neither_http_nor_kafka_nor_the_service(
    tmp_path: Path, service: str
) -> None:
    status, modules = modules_of(tmp_path, service, "migrate")
    assert status == os.EX_UNAVAILABLE  # it got as far as asking Postgres
    assert modules & (HEAVY | {f"{service}.app", f"{service}.postgres"}) == set()


def test_the_key_maker_imports_neither_http_nor_kafka_nor_postgres(tmp_path: Path) -> None:
    status, modules = modules_of(tmp_path, "electoral.keys", "make", "--root", str(tmp_path))
    assert status == 0
    assert modules & (HEAVY | {"asyncpg", "pydantic"}) == set()


def test_the_topic_maker_imports_neither_http_nor_postgres(tmp_path: Path) -> None:
    status, modules = modules_of(tmp_path, "electoral.topics", "ensure", "--replication=many")
    assert status == 2  # argparse refuses that
    assert modules & {"aiohttp", "asyncpg", "uvloop"} == set()
