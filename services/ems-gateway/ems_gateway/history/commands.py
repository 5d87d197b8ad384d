"""`python -m ems_gateway history`: check the whole of it, or show the key that signs it."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands
from electoral.settings import load

from ems_gateway.settings import Settings

if TYPE_CHECKING:
    from ems_gateway.history.chain import HistoryKey
    from ems_gateway.history.verifying import ToldHead

FAULTS_SHOWN_MAX = 1_000
PROGRESS_EVERY = 100_000  # entries


def add_history(commands: Subcommands) -> None:
    """Add `history verify` and `history key`."""
    parser = commands.add("history", _verify, "check what is kept of each application's history")
    actions = parser.add_subparsers(dest="action", required=True)
    verify = actions.add_parser("verify", help="find what was altered, removed, added or swapped")
    verify.add_argument("--since", type=date.fromisoformat, help="only from this day: YYYY-MM-DD")
    verify.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        help="a file with a statement's head, which must still be true",
    )
    key = actions.add_parser("key", help="show the public key that heads are signed with")
    key.set_defaults(run=_show_key)


def _show_key(_: argparse.Namespace) -> int:
    print(_key(load(Settings)).public.hex())
    return 0


def _key(settings: Settings) -> "HistoryKey":
    from electoral.sealing import DirectoryKeyring, UnknownKey
    from electoral.unusable import Unusable

    from ems_gateway.history.chain import KEY_ID, HistoryKey

    try:
        return HistoryKey(DirectoryKeyring(settings.keys_directory))
    except UnknownKey:
        raise Unusable(f"it has no key {KEY_ID}.", settings.keys_directory) from None


def _verify(options: argparse.Namespace) -> int:
    settings = load(Settings)
    from ems_gateway.history.verifying import read_heads

    try:
        told = [head for file in options.head for head in read_heads(file)]
    except (OSError, ValueError):
        print("A file given with --head has no head of a statement.", file=sys.stderr)
        return 2
    # What a head tells of is to be checked down to its entries.
    days = [options.since, *(head.day for head in told)]
    since = None if options.since is None else min(days)
    return asyncio.run(_verified(settings, since, told))


async def _verified(settings: Settings, since: date | None, told: "Sequence[ToldHead]") -> int:
    from electoral.postgres import open_pool

    from ems_gateway.history.heads import check_day_heads
    from ems_gateway.history.verifying import check_heads, check_history

    public = _key(settings).public
    report = _Report()
    async with await open_pool(settings.database_url, service="verify", connections=1) as pool:
        async for checked in check_history(pool, public, since):
            report.add(checked.entries, checked.batches, checked.faults)
        report.add(0, 0, await check_day_heads(pool, public, datetime.now(UTC), since))
        report.add(0, 0, await check_heads(pool, public, told))
    return report.end()


class _Report:
    """Says what is found as it is found, and how far the check has come."""

    def __init__(self) -> None:
        self._entries = self._batches = self._faults = 0

    def add(self, entries: int, batches: int, faults: Sequence[object]) -> None:
        for fault in faults[: max(0, FAULTS_SHOWN_MAX - self._faults)]:
            print(fault, flush=True)
        self._faults += len(faults)
        before, self._entries = self._entries, self._entries + entries
        self._batches += batches
        if before // PROGRESS_EVERY != self._entries // PROGRESS_EVERY:
            print(f"{self._entries:,} entries checked", file=sys.stderr)

    def end(self) -> int:
        found = f"faults: {self._faults:,}" if self._faults else "all as written"
        print(f"{self._entries:,} entries in {self._batches:,} batches checked; {found}.")
        return 1 if self._faults else 0
