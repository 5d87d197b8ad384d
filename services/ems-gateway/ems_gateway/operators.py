"""How an operator's command runs: on a pool of its own, and what is refused is one sentence."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from electoral.settings import load

from ems_gateway.settings import Settings

if TYPE_CHECKING:
    from electoral.postgres import Pool

Work = Callable[[argparse.Namespace, Settings, "Pool"], Awaitable[list[str]]]
"""One command: told its arguments, returns the lines that it prints; raises `GatewayError`."""


def command(work: Work) -> Callable[[argparse.Namespace], int]:
    """Make a command of it: 0 when it was done, 1 when it was refused."""

    def run(options: argparse.Namespace) -> int:
        from ems_gateway.errors import GatewayError

        settings = load(Settings)
        try:
            print("\n".join(asyncio.run(_lines(work, options, settings))))
        except GatewayError as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    return run


async def _lines(work: Work, options: argparse.Namespace, settings: Settings) -> list[str]:
    from electoral.postgres import open_pool

    async with await open_pool(settings.database_url, service="operator", connections=2) as pool:
        return await work(options, settings, pool)
