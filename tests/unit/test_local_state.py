"""The state directory: whose it is, what it says, and where it and the cache are."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from electoral_local.errors import ConfigurationError
from electoral_local.places import cache_directory, state_directory, write_private
from electoral_local.state_lock import state_lock, supervisor_pid
from electoral_local.status import (
    ProcessStatus,
    StackStatus,
    forget_status,
    read_status,
    write_status,
)

HOLDING = """
import sys, time
from pathlib import Path
from electoral_local.state_lock import state_lock
with state_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_supervisor_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        assert supervisor_pid(tmp_path) == first.pid
        refused = pytest.raises(ConfigurationError, match=f"use by process {first.pid}: end it")
        with refused, state_lock(tmp_path):
            pass
        first.kill()
    # The kernel has released it, however the first one ended.
    assert supervisor_pid(tmp_path) is None
    with state_lock(tmp_path):
        pass


def test_nobody_supervises_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert supervisor_pid(tmp_path / "none") is None


def test_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    status = StackStatus(
        ready=False,
        addresses={"registration": "http://127.0.0.1:8101"},
        processes=(
            ProcessStatus("kafka", "ready", 12, 1),
            ProcessStatus("postgres", "starting", 13, 0),
        ),
    )
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    assert status.summary == "Starting (1 of 2): postgres"
    forget_status(tmp_path)
    assert read_status(tmp_path) is None


def test_private_files_are_the_owners_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_settings_move_cache_and_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ELECTORAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ELECTORAL_STATE", str(tmp_path / "state"))
    assert cache_directory() == tmp_path / "cache"
    assert state_directory() == tmp_path / "state"


def test_the_cache_is_outside_the_tree_and_the_state_inside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ELECTORAL_CACHE", "ELECTORAL_STATE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/.cache/electoral")
    assert state_directory() == tmp_path / "var"
