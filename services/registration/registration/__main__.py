"""`python -m registration`: serve, migrate, held, keys, helpers, copies, and files to build."""

import argparse
import os
import sys
from pathlib import Path

from electoral import command_line
from electoral.key_commands import add_keys
from electoral.settings import load

from registration import assisted_commands
from registration.notify import commands as copies_commands
from registration.settings import MIGRATIONS, SERVICE, Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of("registration")
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, SERVICE, MIGRATIONS)
    commands.add_held(_dsn)
    add_keys(commands, lambda: load(Settings).keys_directory, lambda: load(Settings).retention)
    assisted_commands.add(commands)
    copies_commands.add(commands, _dsn)
    build = commands.add("postcodes-build", _build, "build the index of postcodes")
    build.add_argument("--out", type=Path, required=True, help="file to write")
    openapi_file = commands.add("openapi", _openapi, "write the OpenAPI document")
    openapi_file.add_argument("--out", type=Path, required=True, help="file to write")
    return command_line.run(parser, Settings, arguments)


def _dsn() -> str:
    return load(Settings).database_url


# What each of the others needs takes a while to import, and no other command needs it.


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from registration import app

    return command_line.serve(settings, SERVICE, lambda life: app.serve(settings, life))


def _build(options: argparse.Namespace) -> int:
    from electoral import postcodes

    try:
        count = postcodes.build_index(options.out)
    except postcodes.PostcodeDirectoryMissing as missing:
        print(f"There are no postcodes to build from: install {missing}.", file=sys.stderr)
        return os.EX_CONFIG
    print(f"{count:,} postcodes written.")
    return 0


def _openapi(options: argparse.Namespace) -> int:
    from registration import openapi

    options.out.write_text(openapi.text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
