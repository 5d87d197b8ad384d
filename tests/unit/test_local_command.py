"""The `electoral` command, as far as it can go without starting anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COLUMNS = {"COLUMNS": "200"}


def electoral(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "electoral_local", *arguments],
        env={**os.environ, **COLUMNS, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_status_of_nothing_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    result = electoral("status", f"--state={tmp_path}")
    assert result.returncode == 1
    expected = f"electoral: Nothing is running in {tmp_path}: start it with `electoral up`.\n"
    assert result.stderr == expected


def test_down_with_nothing_running_is_no_failure(tmp_path: Path) -> None:
    result = electoral("down", f"--state={tmp_path}")
    assert (result.returncode, result.stdout.strip()) == (0, f"Nothing is running in {tmp_path}.")


def test_logs_of_an_unknown_process_name_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("hello\n")
    result = electoral("logs", "kafak", f"--state={tmp_path}")
    assert result.returncode == 78
    assert result.stderr == "electoral: There is no log of kafak: there are kafka.\n"


def test_logs_prints_the_last_lines(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("".join(f"line {n}\n" for n in range(100)))
    result = electoral("logs", "kafka", "-n", "2", f"--state={tmp_path}")
    assert result.stdout == "line 98\nline 99\n"


def test_up_with_a_wrong_port_is_one_sentence_and_exit_78(tmp_path: Path) -> None:
    result = electoral("up", f"--state={tmp_path}", ELECTORAL_POSTGRES_PORT="many")
    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        "electoral: ELECTORAL_POSTGRES_PORT is no port number: set it to one from 1 to 65535."
    ]


def test_a_detached_up_passes_on_what_was_wrong(tmp_path: Path) -> None:
    result = electoral("up", "--detach", f"--state={tmp_path}", ELECTORAL_POSTGRES_PORT="many")
    assert result.returncode == 78
    assert "ELECTORAL_POSTGRES_PORT is no port number" in result.stderr


@pytest.mark.parametrize("seeds", ["x", "5-1", "1,,2", "1-2-3", "-3", ""])
def test_seeds_that_are_none_are_one_sentence_and_exit_78(seeds: str) -> None:
    result = electoral("chaos", f"--seeds={seeds}")
    assert result.returncode == 78
    assert result.stdout == ""
    expected = "names no seeds: give --seeds one (1), several (1,2,3) or a rising range (1-10).\n"
    assert result.stderr == f"electoral: {seeds!r} {expected}"
