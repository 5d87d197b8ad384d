"""`python -m ems_gateway`: the service, and what operators do."""

import argparse
import sys

from electoral import command_line
from electoral.settings import load

from ems_gateway import commands as commands_queue
from ems_gateway.calling import commands as commands_credentials
from ems_gateway.history.commands import add_history
from ems_gateway.moves import commands as commands_moves
from ems_gateway.notices.commands import add_notices
from ems_gateway.settings import MIGRATIONS, SERVICE, Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of("ems_gateway")
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, SERVICE, MIGRATIONS)
    actions = commands.add_held(_dsn)
    commands_moves.add(commands, actions)
    commands_credentials.add_tokens(commands)
    commands_credentials.add_certificates(commands)
    commands_queue.add(commands)
    add_history(commands)
    add_notices(commands)
    return command_line.run(parser, Settings, arguments)


def _dsn() -> str:
    return load(Settings).database_url


# What each of the others needs takes a while to import, and `migrate` does not need it.


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from ems_gateway import app

    return command_line.serve(settings, SERVICE, lambda life: app.serve(settings, life))


if __name__ == "__main__":
    sys.exit(main())
