"""`python -m registration`: serve, migrate, held, keys, postcodes-build, openapi."""

import argparse
import sys
from pathlib import Path

import yaml
from asyncpg import InvalidAuthorizationSpecificationError, InvalidCatalogNameError
from electoral import command_line, lifecycle, logs
from electoral.credentials import CredentialsUnusable
from electoral.key_commands import add_keys
from electoral.settings import EX_CONFIG, load

from registration import app, openapi, postcodes
from registration.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of(app.SERVICE)
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, app.SERVICE, app.MIGRATIONS)
    commands.add_held(_dsn)
    add_keys(commands, lambda: load(Settings).keys_directory, lambda: load(Settings).retention)
    build = commands.add("postcodes-build", _build, "build the index of postcodes")
    build.add_argument("--out", type=Path, required=True, help="file to write")
    openapi_file = commands.add("openapi", _openapi, "write the OpenAPI document")
    openapi_file.add_argument("--out", type=Path, required=True, help="file to write")
    return command_line.run(parser, arguments)


def _dsn() -> str:
    return load(Settings).database_url


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    logs.configure(app.SERVICE, settings.log_level)
    if not settings.keys_directory.is_dir():
        return _wrong("KEYS_DIRECTORY", "it is not a directory")
    try:
        return lifecycle.run(lambda life: app.serve(settings, life))
    except CredentialsUnusable as error:
        return _wrong("PARTNERS_FILE", str(error))
    except postcodes.PostcodeIndexUnusable as error:
        return _wrong("POSTCODE_INDEX", str(error))
    except (InvalidAuthorizationSpecificationError, InvalidCatalogNameError):
        return _wrong("DATABASE_URL", "Postgres knows no such role, password or database")


def _wrong(setting: str, sentence: str) -> int:
    """Say in one sentence which setting is wrong."""
    print(f"REGISTRATION_{setting} is wrong: {sentence.rstrip('.')}.", file=sys.stderr)
    return EX_CONFIG


def _build(options: argparse.Namespace) -> int:
    count = postcodes.build_index(options.out)
    print(f"{count:,} postcodes written.")
    return 0


def _openapi(options: argparse.Namespace) -> int:
    text = yaml.safe_dump(openapi.document(), sort_keys=False, allow_unicode=True, width=100)
    options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
