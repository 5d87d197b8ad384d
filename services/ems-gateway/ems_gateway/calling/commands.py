"""`tokens` and `certificates`: issue or add, revoke, list."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands
from electoral.settings import load

from ems_gateway.settings import Settings

if TYPE_CHECKING:
    from electoral.postgres import Pool

    from ems_gateway.calling.credentials import Filed

    Work = Callable[[Pool, Filed], Awaitable[list[str]]]


def add_tokens(commands: Subcommands) -> None:
    """Add `tokens issue|revoke|list`."""
    tokens = commands.add("tokens", _tokens, "what EROs' systems prove themselves with")
    actions = tokens.add_subparsers(dest="action", required=True)
    issue = actions.add_parser("issue", help="make a token and print it, this once")
    _ask_for_ero_and_operator(issue)
    _ask_for_the_last_day(issue)
    revoke = actions.add_parser("revoke", help="make a token worth nothing, within seconds")
    _ask_for_ero_and_operator(revoke)
    revoke.add_argument("--token", required=True, help="its name, as listed: eight digits")
    listing = actions.add_parser("list", help="list them, never the tokens themselves")
    listing.add_argument("--ero", help="of this ERO only")


def add_certificates(commands: Subcommands) -> None:
    """Add `certificates add|revoke|list`."""
    certificates = commands.add("certificates", _certificates, "client certificates of EROs")
    actions = certificates.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="take a certificate as an ERO's")
    _ask_for_ero_and_operator(add)
    _ask_for_the_last_day(add)
    add.add_argument("--file", type=Path, help="the certificate in PEM")
    add.add_argument("--issuer", help="its issuer's name (RFC 4514), with --serial")
    add.add_argument("--serial", help="its serial number in hexadecimal, with --issuer")
    add.add_argument("--fingerprint", help="its SHA-256 fingerprint in hexadecimal")
    revoke = actions.add_parser("revoke", help="make a certificate worth nothing, within seconds")
    _ask_for_ero_and_operator(revoke)
    revoke.add_argument("--certificate", required=True, help="its name, as listed")
    listing = actions.add_parser("list", help="list them")
    listing.add_argument("--ero", help="of this ERO only")


def _ask_for_ero_and_operator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ero", required=True, help="the ERO's code")
    parser.add_argument("--by", required=True, help="your name, which is kept")


def _ask_for_the_last_day(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--valid-to", type=date.fromisoformat, help="the last day, YYYY-MM-DD; without it: none"
    )


def _tokens(options: argparse.Namespace) -> int:
    from ems_gateway.calling import issuing

    async def work(pool: "Pool", filed: "Filed") -> list[str]:
        if options.action == "list":
            return await issuing.list_lines(pool, filed, issuing.TOKENS, options.ero)
        if options.action == "revoke":
            name = await issuing.revoke(
                pool, filed, issuing.TOKENS, options.ero, options.token, options.by
            )
            return [f"{name} of {options.ero} is revoked."]
        end = _end_of(options.valid_to)
        return [await issuing.issue_token(pool, filed, options.ero, options.by, end)]

    return _run(options, work)


def _certificates(options: argparse.Namespace) -> int:
    from ems_gateway.calling import issuing
    from ems_gateway.calling.credentials import name_of

    async def work(pool: "Pool", filed: "Filed") -> list[str]:
        if options.action == "list":
            return await issuing.list_lines(pool, filed, issuing.CERTIFICATES, options.ero)
        if options.action == "revoke":
            name = await issuing.revoke(
                pool, filed, issuing.CERTIFICATES, options.ero, options.certificate, options.by
            )
            return [f"{name} of {options.ero} is revoked."]
        proof, end = _certificate_of(options)
        await issuing.add_certificate(pool, filed, options.ero, proof, options.by, end)
        return [f"{name_of(proof)} is {options.ero}'s."]

    return _run(options, work)


def _certificate_of(options: argparse.Namespace) -> tuple[str, datetime | None]:
    """Say what a certificate is known by, and when it ends; raises `CannotIssue`."""
    from ems_gateway.calling import certificates, credentials
    from ems_gateway.errors import CannotIssue

    end = _end_of(options.valid_to)
    try:
        if options.file is not None:
            found, ends = certificates.read_certificate_file(options.file)
            assert found.issuer is not None
            return credentials.serial_proof(found.serial, found.issuer), end or ends
        if options.fingerprint is not None:
            digits = certificates.read_fingerprint(options.fingerprint)
            return credentials.fingerprint_proof(digits), end
        serial = certificates.read_serial(options.serial or "")
        return credentials.serial_proof(serial, certificates.read_issuer(options.issuer or "")), end
    except (OSError, ValueError):
        raise CannotIssue(
            "Give a certificate as `--file` in PEM, as `--issuer` and `--serial`, or as "
            "`--fingerprint` of SHA-256."
        ) from None


def _end_of(last_day: date | None) -> datetime | None:
    from electoral.calendar import day_bounds

    from ems_gateway.errors import CannotIssue

    if last_day is None:
        return None
    end = day_bounds(last_day)[1]
    if end <= datetime.now(UTC):
        raise CannotIssue("The last day is over; give a later one.")
    return end


def _run(options: argparse.Namespace, work: "Work") -> int:
    from ems_gateway.errors import CannotIssue

    try:
        print("\n".join(asyncio.run(_with_pool(options, work))))
    except CannotIssue as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _with_pool(options: argparse.Namespace, work: "Work") -> list[str]:
    from electoral.authorities import Authorities, UnknownAuthority
    from electoral.postgres import open_pool

    from ems_gateway.calling.eros_file import open_eros_file
    from ems_gateway.errors import CannotIssue

    settings = load(Settings)
    authorities = Authorities.load(settings.authorities_file, settings.ero_contacts_file)
    if options.ero is not None:
        try:
            authorities.ero_by_code(options.ero)
        except UnknownAuthority:
            raise CannotIssue(
                "No ERO has this code: `python -m electoral.authorities eros` lists them."
            ) from None
    filed = open_eros_file(settings.eros_file, lambda: authorities).content
    async with await open_pool(settings.database_url, service="operator", connections=1) as pool:
        return await work(pool, filed)
