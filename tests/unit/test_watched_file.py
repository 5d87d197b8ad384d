"""A file that changes while we run: the new one counts, and a broken one changes nothing."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from electoral import watched_file
from electoral.unusable import Unusable
from electoral.watched_file import WatchedFile


def read(path: Path) -> str:
    try:
        text = path.read_text()
    except OSError:
        raise Unusable("it is not there.", path) from None
    if text == "broken":
        raise Unusable("it is broken.", path)
    return text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "facts"
    path.write_text("one")
    return path


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not reached():
            await asyncio.sleep(0.01)


async def test_what_is_written_later_counts_within_the_interval(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_file, "REREAD_INTERVAL", 0.01)
    watched = WatchedFile(file, read)
    reading = asyncio.create_task(watched.keep_reading())
    assert watched.content == "one"
    file.write_text("another")
    await until(lambda: watched.content == "another")
    file.write_text("broken")
    await asyncio.sleep(0.05)
    assert watched.content == "another"
    file.write_text("mended")
    await until(lambda: watched.content == "mended")
    reading.cancel()


def test_a_file_that_keeps_its_time_is_read_again_when_it_is_another(file: Path) -> None:
    watched, before = WatchedFile(file, read), file.stat().st_mtime_ns
    other = file.with_name("other")
    other.write_text("two")
    os.utime(other, ns=(before, before))
    other.replace(file)
    watched.load()
    assert watched.content == "two"


def test_a_file_that_did_not_change_is_not_read_again(file: Path) -> None:
    count = 0

    def counted(path: Path) -> str:
        nonlocal count
        count += 1
        return read(path)

    watched = WatchedFile(file, counted)
    watched.load()
    assert count == 1


def test_a_file_that_went_away_is_told(file: Path) -> None:
    watched = WatchedFile(file, read)
    assert watched.what_is_wrong() is None
    file.unlink()
    assert watched.what_is_wrong() == "it is not there."
    assert watched.content == "one"


def test_a_file_that_was_never_there_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        WatchedFile(tmp_path / "nowhere", read)
