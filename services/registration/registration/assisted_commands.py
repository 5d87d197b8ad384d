"""The commands about helpers' accounts: add, list, lock, unlock, password.

A password comes from a prompt or from a file: what stands in arguments, anybody on the machine
reads.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands
from electoral.settings import load

from registration.errors import CannotChangeHelper
from registration.settings import Settings

if TYPE_CHECKING:
    from electoral.postgres import Pool

    from registration.postgres.assisted import Account

    Work = Callable[["Pool"], Awaitable[list[str]]]


def add(commands: Subcommands) -> None:
    """Add `helpers add|list|lock|unlock|password`."""
    helpers = commands.add("helpers", _run, "accounts of those who apply for others")
    actions = helpers.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list the accounts")
    for action, what in (
        ("add", "make an account"),
        ("lock", "let nobody sign in to an account, and end its sessions"),
        ("unlock", "let it be used again, and forget its wrong passwords"),
        ("password", "give an account another password, and end its sessions"),
    ):
        parser = actions.add_parser(action, help=what)
        parser.add_argument("name", help="the account's name")
        if action in ("add", "password"):
            parser.add_argument(
                "--password-file", type=Path, help="file whose first line it is; else it is asked"
            )


def _run(options: argparse.Namespace) -> int:
    settings = load(Settings)
    try:
        print("\n".join(asyncio.run(_on_a_pool(_work_of(options, settings), settings))))
    except CannotChangeHelper as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _on_a_pool(work: "Work", settings: Settings) -> list[str]:
    from electoral.postgres import open_pool

    async with await open_pool(settings.database_url, service="operator", connections=1) as pool:
        return await work(pool)


def _work_of(options: argparse.Namespace, settings: Settings) -> "Work":
    """Say what is to be done; a password is asked for before anything is opened."""
    from registration.form.assisted import is_name, normal_name

    if options.action == "list":
        return lambda pool: _list(pool, settings)
    name = normal_name(options.name)
    if not is_name(name):
        raise CannotChangeHelper(
            "A name has 2 to 40 letters, digits, dots, hyphens or underscores."
        )
    if options.action == "add":
        return _adding(name, _hash_of(options.password_file))
    if options.action == "password":
        return _giving_password(name, _hash_of(options.password_file))
    return _locking(name) if options.action == "lock" else _unlocking(name)


async def _list(pool: "Pool", settings: Settings) -> list[str]:
    from registration.form.signing_in import lock_rule
    from registration.postgres.assisted import list_accounts

    accounts = await list_accounts(pool, lock_rule(settings).window)
    return [*(_line(account) for account in accounts), f"{len(accounts)} helpers."]


def _line(account: "Account") -> str:
    state = f"locked {account.locked_at:%Y-%m-%d}" if account.locked_at else "open"
    wrong = f"  {account.failures} wrong passwords lately" if account.failures else ""
    return f"{account.name}  since {account.created_at:%Y-%m-%d}  {state}{wrong}"


def _adding(name: str, password_hash: str) -> "Work":
    from registration.postgres.assisted import add_account

    async def work(pool: "Pool") -> list[str]:
        if not await add_account(pool, name, password_hash):
            raise CannotChangeHelper(
                f"{name} is a helper already: `helpers password` changes the password."
            )
        return [f"{name} is a helper."]

    return work


def _giving_password(name: str, password_hash: str) -> "Work":
    from registration.postgres.assisted import set_password

    async def work(pool: "Pool") -> list[str]:
        return _done(await set_password(pool, name, password_hash), f"{name} has a new password.")

    return work


def _locking(name: str) -> "Work":
    from registration.postgres.assisted import lock_account

    async def work(pool: "Pool") -> list[str]:
        return _done(await lock_account(pool, name), f"{name} is locked.")

    return work


def _unlocking(name: str) -> "Work":
    from registration.postgres.assisted import unlock_account

    async def work(pool: "Pool") -> list[str]:
        return _done(await unlock_account(pool, name), f"{name} is unlocked.")

    return work


def _done(found: bool, sentence: str) -> list[str]:
    if not found:
        raise CannotChangeHelper("There is no helper of this name: `helpers list` shows all.")
    return [sentence]


def _hash_of(file: Path | None) -> str:
    """Read a new password and hash it; raises `CannotChangeHelper`."""
    from registration.form.assisted import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, is_long_enough
    from registration.form.passwords import hash_password

    password = _prompt() if file is None else _first_line(file)
    if not is_long_enough(password):
        lengths = f"{PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX}"
        raise CannotChangeHelper(
            f"A password has {lengths} characters: three random words make a good one."
        )
    return hash_password(password)


def _prompt() -> str:
    password = getpass("Password: ")
    if getpass("The same again: ") != password:
        raise CannotChangeHelper("The two are not the same; nothing was changed.")
    return password


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError):
        raise CannotChangeHelper("The password's file cannot be read.") from None
