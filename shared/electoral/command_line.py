"""What every service's command line has: serve, migrate, held.

A command imports what it needs when it runs: `migrate`, which whoever starts the system waits for,
needs neither HTTP nor Kafka nor the service itself.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from electoral import logs, migrating, postgres
from electoral.migrating import MigrationError
from electoral.settings import ServiceSettings, explain_unusable, load, variable
from electoral.unusable import Unusable

if TYPE_CHECKING:
    from electoral.lifecycle import Serve

Command = Callable[[argparse.Namespace], int]
"""One command: told its arguments, returns the exit status."""

_WRONG_ADDRESS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)


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

    def add_held(
        self, dsn: Callable[[], str]
    ) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
        """Add `held list|release|replay`; returns its actions, for a service's own."""
        parser = self.add(
            "held", lambda options: _held(options, dsn()), "messages that could not be handled"
        )
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list them, oldest first")
        release = actions.add_parser("release", help="handle some of them again")
        release.add_argument("ids", type=int, nargs="+", help="their numbers, as listed")
        actions.add_parser("replay", help="handle all of them again, oldest first")
        return actions

    def add_migrate(self, dsn: Callable[[], str], service: str, directory: Path) -> None:
        """Add `migrate`."""
        self.add(
            "migrate",
            lambda _: _migrate(dsn(), service, directory),
            "bring the database up to date",
        )


def run(
    parser: argparse.ArgumentParser,
    settings: type[ServiceSettings],
    arguments: list[str] | None = None,
) -> int:
    """Parse and run; what is wrong outside the program is one sentence."""
    options = parser.parse_args(arguments)
    try:
        command: Command = options.run
        return command(options)
    except Unusable as error:
        return _refuse(explain_unusable(load(settings), error))
    except MigrationError as error:
        return _refuse(str(error))
    except _WRONG_ADDRESS:
        name = variable(settings, "database_url")
        return _refuse(f"{name} is wrong: Postgres knows no such database, role or password.")
    except Exception as error:
        if not postgres.is_away(error):
            raise
        print(f"Postgres did not answer ({type(error).__name__}): is it running?", file=sys.stderr)
        return os.EX_UNAVAILABLE


def serve(settings: ServiceSettings, service: str, serve: "Serve") -> int:
    """Run a service until it is told to end."""
    from electoral import lifecycle

    logs.configure(service, settings.log_level)
    if not settings.keys_directory.is_dir():
        raise Unusable("it is not a directory.", settings.keys_directory)
    return lifecycle.run(serve)


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return os.EX_CONFIG


def _migrate(dsn: str, service: str, directory: Path) -> int:
    logs.configure(service, "INFO")
    count = asyncio.run(migrating.migrate(dsn, service, directory))
    print(f"{count} migrations applied.")
    return 0


def _held(options: argparse.Namespace, dsn: str) -> int:
    from electoral import held_commands

    return held_commands.run(options, dsn)
