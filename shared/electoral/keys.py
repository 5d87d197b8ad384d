"""The key-maker: makes the keys of all services ahead of time, each directory only its purposes.

`python -m electoral.keys make --root DIRECTORY` runs at start and daily. Keys are made 8 days
ahead and the next quarter's with them, written whole, then renamed: nothing rolls at midnight.
`destroy` ends what is past its time in all services' directories, once they have finished with it.
"""

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from electoral.blind_index import (
    IndexPurpose,
    PermanentPurpose,
    permanent_key_id,
    quarterly_key_id,
)
from electoral.key_commands import add_key_commands, add_retention_arguments
from electoral.sealing import DESTROYED_SUFFIX, KEY_BYTES, SealPurpose, daily_key_id, make_lasting
from electoral.today import LONDON

DAYS_AHEAD = 8

# Which service may open what: the gateway never holds `nino-online`.
SEAL_PURPOSES: dict[str, tuple[SealPurpose, ...]] = {
    "registration": ("person", "nino-online", "form-session"),
    "verification": ("person", "nino-online", "nino-council"),
    "ems-gateway": ("person", "nino-council"),
}
QUARTERLY_PURPOSES: dict[str, tuple[IndexPurpose, ...]] = {
    "registration": ("body", "status", "arrival"),
    "verification": ("nino-index", "person-index"),
    "ems-gateway": ("body",),
}
PERMANENT_PURPOSES: dict[str, tuple[PermanentPurpose, ...]] = {
    "registration": ("idempotency",),
    "verification": (),
    "ems-gateway": ("idempotency", "history"),
}


def make_keys(root: Path, today: date) -> int:
    """Make what is missing for `today` and 8 days ahead; returns how many keys were made."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(root):
        return sum(
            _make_one(key_id, [root / service for service in sorted(services)])
            for key_id, services in sorted(_wanted(today).items())
        )


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Wait for other makers: of two keys with one id, what the one sealed would be lost."""
    with (root / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wanted(today: date) -> dict[str, set[str]]:
    days = [today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)]
    wanted: dict[str, set[str]] = {}
    for service, key_id in _key_ids(days):
        wanted.setdefault(key_id, set()).add(service)
    return wanted


def _key_ids(days: list[date]) -> Iterator[tuple[str, str]]:
    for service, sealing in SEAL_PURPOSES.items():
        for day in days:
            yield from ((service, daily_key_id(purpose, day)) for purpose in sealing)
            yield from (
                (service, quarterly_key_id(purpose, day)) for purpose in QUARTERLY_PURPOSES[service]
            )
        for permanent in PERMANENT_PURPOSES[service]:
            yield service, permanent_key_id(permanent)


def _make_one(key_id: str, directories: list[Path]) -> int:
    """Give every holder the same key; one that is there already is copied, never replaced."""
    for directory in directories:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any((directory / f"{key_id}{DESTROYED_SUFFIX}").exists() for directory in directories):
        return 0
    paths = [directory / f"{key_id}.key" for directory in directories]
    there = [path for path in paths if path.exists()]
    key = there[0].read_bytes() if there else os.urandom(KEY_BYTES)
    for path in paths:
        if path not in there:
            _write_whole(path, key)
    return 0 if there else 1


def _write_whole(path: Path, key: bytes) -> None:
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)
    make_lasting(path.parent)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m electoral.keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make the missing keys of all services")
    make.set_defaults(run=_make)
    others = add_key_commands(commands, lambda options: _directories(options.root))
    for command in (make, *others):
        command.add_argument("--root", type=Path, required=True, help="one directory per service")
    for command in others:
        add_retention_arguments(command)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except OSError as error:
        print(f"Keys cannot be written below --root: {error.strerror}.", file=sys.stderr)
        return os.EX_CONFIG


def _make(options: argparse.Namespace) -> int:
    made = make_keys(options.root, datetime.now(UTC).astimezone(LONDON).date())
    print(f"{made} keys made.")
    return 0


def _directories(root: Path) -> list[Path]:
    return [root / service for service in SEAL_PURPOSES]


if __name__ == "__main__":
    sys.exit(main())
