"""Credentials that operators added or revoked, beside the EROs' file."""

from datetime import datetime
from typing import NamedTuple

from electoral.postgres import Connection, Pool

from ems_gateway.calling.credentials import Credential

_COLUMNS = "proof, ero, valid_to, added_by, added_at, revoked_by, revoked_at"
# Whoever adds or revokes waits for who does so now: two tokens of an ERO are two.
_LOCK = "LOCK TABLE credential IN SHARE ROW EXCLUSIVE MODE"
_ALL = f"SELECT {_COLUMNS} FROM credential ORDER BY ero, added_at, proof"
_INSERT = "INSERT INTO credential (proof, ero, valid_to, added_by) VALUES ($1, $2, $3, $4)"
_REVOKE = """
INSERT INTO credential (proof, ero, added_by, revoked_by, revoked_at) VALUES ($1, $2, $3, $3, now())
    ON CONFLICT (proof) DO UPDATE SET revoked_by = $3, revoked_at = now()
    WHERE credential.revoked_at IS NULL
"""


class CredentialRow(NamedTuple):
    """What the table says of a credential."""

    proof: str
    ero: str
    valid_to: datetime | None
    added_by: str
    added_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None

    def credential(self) -> Credential:
        return Credential(self.proof, self.ero, None, self.valid_to, self.revoked_at is not None)


async def lock_credentials(connection: Connection) -> None:
    """Let nobody else add or revoke until the transaction ends; who reads does not wait."""
    await connection.execute(_LOCK)


async def read_credentials(connection: Connection | Pool) -> list[CredentialRow]:
    """Read all, by ERO and age, the revoked too."""
    return [CredentialRow(**row) for row in await connection.fetch(_ALL)]


async def insert_credential(
    connection: Connection, proof: str, ero: str, valid_to: datetime | None, by: str
) -> None:
    """Add one."""
    await connection.execute(_INSERT, proof, ero, valid_to, by)


async def revoke_credential(connection: Connection, proof: str, ero: str, by: str) -> None:
    """Revoke one, whether it stands here or in the EROs' file."""
    await connection.execute(_REVOKE, proof, ero, by)
