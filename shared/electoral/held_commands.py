"""The commands `held list`, `release` and `replay`."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from electoral import held, postgres
from electoral.held import HeldMessage
from electoral.postgres import Pool


def run(options: argparse.Namespace, dsn: str) -> int:
    """Do what was asked for with the held messages of a database."""
    if options.action == "list":
        return asyncio.run(_with_pool(dsn, _list))
    ids = options.ids if options.action == "release" else None

    async def release(pool: Pool) -> int:
        count = await held.release(pool, ids)
        print(f"{count} released: the service handles them within seconds.")
        return 0 if count else 1

    return asyncio.run(_with_pool(dsn, release))


async def _list(pool: Pool) -> int:
    messages = await held.list_held(pool)
    for one in messages:
        print(_line(one))
    print(f"{len(messages)} held.")
    return 0


def _line(one: HeldMessage) -> str:
    about = "foreign" if one.is_foreign else f"{one.application_id} attempt {one.attempt}"
    place = f"{one.topic}/{one.partition}@{one.offset}"
    since = one.held_at.isoformat(timespec="seconds") if one.held_at else "-"
    return f"{one.held_id}  {since}  {one.state}  {one.error_class}  {about}  {place}"


async def _with_pool(dsn: str, work: Callable[[Pool], Awaitable[int]]) -> int:
    pool = await postgres.open_pool(dsn, service="held", connections=2)
    async with pool:
        return await work(pool)
