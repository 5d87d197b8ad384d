"""What every service's command line has: serve, migrate, held."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from electoral import held, logs, postgres
from electoral.credentials import CredentialsUnusable
from electoral.held import HeldMessage
from electoral.http import CannotListen
from electoral.postgres import MigrationError, Pool
from electoral.settings import EX_CONFIG

EX_UNAVAILABLE = 69  # sysexits.h: a service that is needed is not available


Command = Callable[[argparse.Namespace], int]
"""One command: told its arguments, returns the exit status."""


def parser_of(service: str) -> tuple[argparse.ArgumentParser, "Subcommands"]:
    """Begin a service's command line."""
    parser = argparse.ArgumentParser(prog=f"python -m {service}")
    return parser, Subcommands(parser.add_subparsers(dest="command", required=True))


class Subcommands:
    """The commands of one service."""

    def __init__(self, parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
        self._parsers = parsers

    def add(self, name: str, run: Command, help_text: str) -> argparse.ArgumentParser:
        """Add a command; returns its parser, for arguments of its own."""
        parser = self._parsers.add_parser(name, help=help_text)
        parser.set_defaults(run=run)
        return parser

    def add_held(self, dsn: Callable[[], str]) -> None:
        """Add `held list|release|replay`."""
        parser = self.add(
            "held", lambda options: _held(options, dsn()), "messages that could not be handled"
        )
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list them, oldest first")
        release = actions.add_parser("release", help="handle some of them again")
        release.add_argument("ids", type=int, nargs="+", help="their numbers, as listed")
        actions.add_parser("replay", help="handle all of them again, oldest first")

    def add_migrate(self, dsn: Callable[[], str], service: str, directory: Path) -> None:
        """Add `migrate`."""
        self.add(
            "migrate",
            lambda _: _migrate(dsn(), service, directory),
            "bring the database up to date",
        )


def run(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> int:
    """Parse and run; what is wrong outside the program is one sentence."""
    options = parser.parse_args(arguments)
    try:
        command: Command = options.run
        return command(options)
    except (MigrationError, CannotListen, CredentialsUnusable) as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
        print(
            "DATABASE_URL is wrong: Postgres knows no such role, password or database.",
            file=sys.stderr,
        )
        return EX_CONFIG
    except Exception as error:
        if not postgres.is_away(error):
            raise
        print(f"Postgres did not answer ({type(error).__name__}): is it running?", file=sys.stderr)
        return EX_UNAVAILABLE


def _migrate(dsn: str, service: str, directory: Path) -> int:
    logs.configure(service, "INFO")
    count = asyncio.run(postgres.migrate(dsn, service, directory))
    print(f"{count} migrations applied.")
    return 0


def _held(options: argparse.Namespace, dsn: str) -> int:
    if options.action == "list":
        return asyncio.run(_with_pool(dsn, _list_held))
    ids = options.ids if options.action == "release" else None

    async def release(pool: Pool) -> int:
        count = await held.release(pool, ids)
        print(f"{count} released: the service handles them within seconds.")
        return 0 if count else 1

    return asyncio.run(_with_pool(dsn, release))


async def _list_held(pool: Pool) -> int:
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
