"""Destruction of keys: what they sealed is gone for good, in every backup and every log.

Each service is asked first, on its admin port, whether it still has to finish something under the
key; while any has, or does not answer, nothing is destroyed. `<key id>.destroyed` stays behind, so
that what was sealed under the key is known to be gone rather than thought to be early.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from electoral.retention import Retention
from electoral.sealing import DESTROYED_SUFFIX, KEY_ID, make_lasting

SERVICES = frozenset({"registration", "verification", "ems-gateway"})
ASK_TIMEOUT = 30.0  # seconds; a service may have to look through much


class Refused(Exception):
    """The key stays; the message says why."""


def check_over(key_id: str, retention: Retention, today: date) -> None:
    """Refuse a key that is still sealing, opening or being searched by."""
    if not KEY_ID.fullmatch(key_id):
        raise Refused("That is no key's id: `list` shows them.")
    try:
        last_day = retention.last_day(key_id)
    except ValueError:  # a day that no month has
        raise Refused("That is no key's id: `list` shows them.") from None
    if last_day is None:
        raise Refused(f"{key_id} is kept for ever.")
    if not retention.is_over(key_id, today):
        raise Refused(f"{key_id} is kept until {last_day}.")


def check_finished(key_id: str, urls: Sequence[str]) -> None:
    """Ask all three services; refuse while any has unfinished rows or does not answer."""
    unfinished = dict(_ask(url, key_id) for url in urls)
    missing = SERVICES - unfinished.keys()
    if missing:
        raise Refused(f"{key_id} stays: {', '.join(sorted(missing))} was not asked.")
    waiting = [f"{name} {count:,}" for name, count in sorted(unfinished.items()) if count]
    if waiting:
        raise Refused(f"{key_id} stays: unfinished rows under it at {', '.join(waiting)}.")


def _ask(url: str, key_id: str) -> tuple[str, int]:
    """Return a service's name and how many rows it has not finished."""
    try:
        # Admin ports are inside: whatever proxy this machine uses is not asked.
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"{url.rstrip('/')}/keys/{key_id}", timeout=ASK_TIMEOUT) as response:
            answer = json.load(response)
        return str(answer["service"]), int(answer["unfinished"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(f"{key_id} stays: {url} did not answer how much is unfinished.") from None


def destroy(directories: Iterable[Path], key_id: str) -> int:
    """Destroy a key in each directory that holds it; returns in how many it was there.

    The file becomes its own marker in one step, so that nobody ever reads half a key; then its
    content is overwritten. What a crash has left undone the next call does.
    """
    count = 0
    for directory in directories:
        key, marker = directory / f"{key_id}.key", directory / f"{key_id}{DESTROYED_SUFFIX}"
        if key.exists():
            key.rename(marker)
            count += 1
        if marker.exists() and marker.stat().st_size:
            _overwrite(marker)
        if marker.exists():
            make_lasting(directory)
    return count


def _overwrite(path: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(os.urandom(path.stat().st_size))
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())
