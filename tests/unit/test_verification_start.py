"""What verification reads before it does anything: what is wrong with that ends the start."""

from pathlib import Path

import pytest
from electoral.lifecycle import Lifecycle
from pydantic import ValidationError
from verification import app, rules
from verification.settings import Settings


async def test_a_rule_set_that_cannot_be_read_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "data" / "rules"
    directory.mkdir(parents=True)
    (directory / "2030.1.json").write_text('{"version": "2030.1"}')
    settings = Settings(
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
        kafka_bootstrap_servers="127.0.0.1:1",
        keys_directory=tmp_path,
        dwp_url="http://127.0.0.1:1",
        dwp_client_id="hub",
        dwp_client_secret="secret",
    )
    monkeypatch.setattr(rules, "files", lambda _: tmp_path)
    rules.rule_sets.cache_clear()
    try:
        with pytest.raises(ValidationError):
            async with app.serve(settings, Lifecycle()):
                pass
    finally:
        rules.rule_sets.cache_clear()
