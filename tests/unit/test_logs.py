"""Logs: known fields only, and never what a person has typed."""

import json
import logging

import pytest
import structlog
from electoral import logs

CANARY = "Zyxwvut"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    root = logging.getLogger()
    before = root.handlers, root.level
    logs.configure("registration", "INFO")
    yield
    root.handlers, _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
