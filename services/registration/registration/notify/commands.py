"""The commands about copies of receipts that were given up: list, release."""

import argparse
import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from electoral.command_line import Subcommands

if TYPE_CHECKING:
    from registration.postgres.notifications import HeldCopy


def add(commands: Subcommands, dsn: Callable[[], str]) -> None:
    """Add `copies list|release`."""
    copies = commands.add(
        "copies",
        lambda options: _run(options, dsn()),
        "copies of receipts that were given up",
    )
    actions = copies.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list them, oldest first")
    release = actions.add_parser("release", help="try some of them anew, or all")
    release.add_argument("ids", type=UUID, nargs="*", help="their ids, as listed; none: all")


def _run(options: argparse.Namespace, dsn: str) -> int:
    ids = options.ids if options.action == "release" else None
    print("\n".join(asyncio.run(answer(dsn, options.action, ids))))
    return 0


async def answer(dsn: str, action: str, ids: list[UUID] | None = None) -> list[str]:
    """Do what a command asks for; returns the lines that it prints."""
    from electoral.postgres import open_pool

    from registration.postgres import notifications

    async with await open_pool(dsn, service="copies", connections=2) as pool:
        if action == "list":
            held = await notifications.list_held(pool)
            return [*map(_line, held), f"{len(held)} held."]
        count = await notifications.release(pool, ids or None)
        return [f"{count} released: the service tries them within seconds."]


def _line(one: "HeldCopy") -> str:
    since = one.finished_at.isoformat(timespec="seconds")
    return f"{one.notification_id}  {since}  {one.kind}  {one.reason}  tries: {one.tries}"
