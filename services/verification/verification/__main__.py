"""`python -m verification`: serve, migrate, held."""

import argparse
import sys

from electoral import command_line, lifecycle, logs
from electoral.settings import load

from verification import app
from verification.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of(app.SERVICE)
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, app.SERVICE, app.MIGRATIONS)
    commands.add_held(_dsn)
    return command_line.run(parser, arguments)


def _dsn() -> str:
    return load(Settings).database_url


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    logs.configure(app.SERVICE, settings.log_level)
    return lifecycle.run(lambda life: app.serve(settings, life))


if __name__ == "__main__":
    sys.exit(main())
