"""Issuing: operators give EROs tokens and take certificates of theirs, and revoke both.

At most two tokens of one ERO are valid at once: the one in use and the one that takes its place.
What stands in the EROs' file can be revoked here, too; its entry is then worth nothing.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from electoral.envelope import timestamp
from electoral.postgres import Pool, transaction

from ems_gateway.calling.credentials import Credential, Filed, name_of, token_proof
from ems_gateway.errors import CannotIssue
from ems_gateway.postgres.credentials import (
    CredentialRow,
    insert_credential,
    lock_credentials,
    read_credentials,
    revoke_credential,
)

TOKEN_BYTES = 32
TOKENS_MAX = 2
TOKENS, CERTIFICATES = ("token",), ("certificate", "fingerprint")


class Listed(NamedTuple):
    """A credential and what was said of it; `row` is None for what the file alone has."""

    credential: Credential
    row: CredentialRow | None

    @property
    def kind(self) -> str:
        return self.credential.proof.partition(" ")[0]

    def is_over(self, at: datetime) -> bool:
        """Say whether it will never be worth anything again."""
        ends = self.credential.valid_to
        return self.credential.revoked or (ends is not None and ends <= at)


async def issue_token(
    pool: Pool, filed: Filed, ero: str, by: str, valid_to: datetime | None = None
) -> str:
    """Make a token for an ERO and return it, this once; raises `CannotIssue`."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with transaction(pool) as connection:
        await lock_credentials(connection)
        _check_room(_listed(filed, await read_credentials(connection)), ero)
        await insert_credential(connection, token_proof(token), ero, valid_to, by)
    return token


def _check_room(listed: Iterable[Listed], ero: str) -> None:
    now = datetime.now(UTC)
    valid = [
        one
        for one in listed
        if one.credential.ero == ero and one.kind in TOKENS and not one.is_over(now)
    ]
    if len(valid) >= TOKENS_MAX:
        oldest = name_of(valid[0].credential.proof).partition(" ")[2]
        raise CannotIssue(
            f"{ero} has {len(valid)} valid tokens: revoke one first, the oldest by "
            f"`tokens revoke --ero {ero} --token {oldest} --by NAME`."
        )


async def add_certificate(
    pool: Pool, filed: Filed, ero: str, proof: str, by: str, valid_to: datetime | None = None
) -> None:
    """Take a certificate as an ERO's; raises `CannotIssue`."""
    async with transaction(pool) as connection:
        await lock_credentials(connection)
        for one in _listed(filed, await read_credentials(connection)):
            if one.credential.proof != proof:
                continue
            if one.credential.revoked:
                raise CannotIssue("This certificate was revoked, which is for good.")
            raise CannotIssue(f"This certificate is {one.credential.ero}'s already.")
        await insert_credential(connection, proof, ero, valid_to, by)


async def revoke(
    pool: Pool, filed: Filed, kinds: tuple[str, ...], ero: str, wanted: str, by: str
) -> str:
    """Revoke the credential of an ERO that is named as in its list, and return its name."""
    async with transaction(pool) as connection:
        await lock_credentials(connection)
        listed = _listed(filed, await read_credentials(connection))
        found = [
            one.credential.proof
            for one in listed
            if one.credential.ero == ero and one.kind in kinds and not one.credential.revoked
            if _is_meant(one.credential.proof, wanted)
        ]
        if len(found) != 1:
            raise CannotIssue(
                f"{len(found)} credentials of {ero} that are not revoked have this name: "
                "give one as `list` shows it, or all of its digits."
            )
        await revoke_credential(connection, found[0], ero, by)
    return name_of(found[0])


def _is_meant(proof: str, wanted: str) -> bool:
    digits = re.sub(r"[\s:]", "", wanted).lower()
    return digits in {name_of(proof).partition(" ")[2], proof.split(" ")[1]}


async def list_lines(
    pool: Pool, filed: Filed, kinds: tuple[str, ...], ero: str | None
) -> list[str]:
    """Describe the credentials of one ERO or of all, oldest first, one line each."""
    now = datetime.now(UTC)
    listed = [
        one
        for one in _listed(filed, await read_credentials(pool))
        if one.kind in kinds and ero in {None, one.credential.ero}
    ]
    lines = [_line(one, now) for one in sorted(listed, key=lambda one: one.credential.ero)]
    return [*lines, f"{sum(not one.is_over(now) for one in listed)} of {len(listed)} are valid."]


def _line(one: Listed, now: datetime) -> str:
    credential, row = one.credential, one.row
    parts = [credential.ero, name_of(credential.proof), _state(one, now)]
    if row is None:
        parts.append("in the EROs' file")
    else:
        parts.append(f"added {timestamp(row.added_at)} by {row.added_by}")
        if row.revoked_at is not None:
            parts.append(f"revoked {timestamp(row.revoked_at)} by {row.revoked_by}")
    return "  ".join(parts)


def _state(one: Listed, now: datetime) -> str:
    begins, ends = one.credential.valid_from, one.credential.valid_to
    if one.credential.revoked:
        return "revoked"
    if begins is not None and now < begins:
        return f"valid from {timestamp(begins)}"
    if ends is None:
        return "valid"
    return f"expired {timestamp(ends)}" if ends <= now else f"valid until {timestamp(ends)}"


def _listed(filed: Filed, rows: Iterable[CredentialRow]) -> list[Listed]:
    """Put file and table together: what an operator said of a credential goes first."""
    said = {row.proof: row for row in rows}
    return [
        *(Listed(one, None) for one in filed.credentials if one.proof not in said),
        *(Listed(row.credential(), row) for row in said.values()),
    ]
