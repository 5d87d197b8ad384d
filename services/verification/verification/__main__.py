"""`python -m verification`: serve, migrate, held."""

import argparse
import sys

from electoral import command_line
from electoral.settings import load

from verification.settings import MIGRATIONS, SERVICE, Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of("verification")
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, SERVICE, MIGRATIONS)
    commands.add_held(_dsn)
    return command_line.run(parser, Settings, arguments)


def _dsn() -> str:
    return load(Settings).database_url


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from verification import app  # after the settings: it takes a while, and only this needs it

    return command_line.serve(settings, SERVICE, lambda life: app.serve(settings, life))


if __name__ == "__main__":
    sys.exit(main())
