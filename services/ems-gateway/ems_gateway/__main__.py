"""`python -m ems_gateway`: serve, migrate, held, assign."""

import argparse
import asyncio
import sys

from electoral import command_line
from electoral.settings import load

from ems_gateway.settings import MIGRATIONS, SERVICE, Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of("ems_gateway")
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, SERVICE, MIGRATIONS)
    commands.add_held(_dsn)
    assign = commands.add("assign", _assign, "say whose a record is that nobody could place")
    assign.add_argument("--list", action="store_true", help="list what waits, longest first")
    assign.add_argument("--record", help="the record's id")
    assign.add_argument("--gss-code", help="the authority that it belongs to")
    assign.add_argument("--by", help="your name, which is kept with the assignment")
    return command_line.run(parser, Settings, arguments)


def _dsn() -> str:
    return load(Settings).database_url


# What each of the others needs takes a while to import, and `migrate` does not need it.


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from ems_gateway import app

    return command_line.serve(settings, SERVICE, lambda life: app.serve(settings, life))


def _assign(options: argparse.Namespace) -> int:
    from ems_gateway.errors import CannotAssign

    settings = load(Settings)
    if not options.list and not (options.record and options.gss_code and options.by):
        print("Give `--list`, or all of `--record`, `--gss-code` and `--by`.", file=sys.stderr)
        return 1
    try:
        print("\n".join(asyncio.run(_assigned(options, settings))))
    except CannotAssign as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _assigned(options: argparse.Namespace, settings: Settings) -> list[str]:
    from electoral.postgres import open_pool

    from ems_gateway import app, assignment

    async with await open_pool(settings.database_url, service="assign", connections=2) as pool:
        if options.list:
            return await assignment.list_lines(pool)
        ero = await assignment.assign_record(
            pool, app.read_authorities(settings), options.record, options.gss_code, options.by
        )
        return [f"{options.record} now waits for {ero}."]


if __name__ == "__main__":
    sys.exit(main())
