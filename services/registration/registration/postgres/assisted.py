"""Helpers: their accounts, who is signed in, who tried, and what was confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from electoral.postgres import Connection, Pool, transaction

from registration.form.assisted import LockRule

TOUCH_AFTER = timedelta(minutes=1)  # a session is not written at each request

_ADD = """
INSERT INTO helper (name, password_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING name
"""
_LIST = """
SELECT name, created_at, locked_at,
       (SELECT count(*) FROM helper_attempt
         WHERE helper = name AND at > now() - $1::interval) AS failures
  FROM helper ORDER BY name
"""
_LOCK = "UPDATE helper SET locked_at = coalesce(locked_at, now()) WHERE name = $1 RETURNING name"
_UNLOCK = "UPDATE helper SET locked_at = NULL WHERE name = $1 RETURNING name"
_CHANGE_HASH = "UPDATE helper SET password_hash = $2 WHERE name = $1 RETURNING name"
_END_SESSIONS_OF = "DELETE FROM helper_session WHERE helper = $1"
_FORGET_ATTEMPTS_OF = "DELETE FROM helper_attempt WHERE helper = $1"

# Whoever tries forgets what is over for everybody; two that do so at once leave each other's alone.
_FORGET_ATTEMPTS = """
DELETE FROM helper_attempt WHERE attempt_id IN (
    SELECT attempt_id FROM helper_attempt WHERE at < now() - 2 * $1::interval
     ORDER BY attempt_id LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""
_FORGET_SESSIONS = """
DELETE FROM helper_session WHERE session_id IN (
    SELECT session_id FROM helper_session WHERE expires_at < now()
     ORDER BY session_id LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""

# Attempts from one address, and those on one account, wait for each other until they are counted.
_ONE_OF_AN_ADDRESS = "SELECT pg_advisory_xact_lock($1)"
_ONE_OF_AN_ACCOUNT = """
SELECT password_hash, locked_at IS NOT NULL AS locked FROM helper WHERE name = $1
   FOR NO KEY UPDATE
"""
# Locked from the attempt that was one too many, for as long as the window is.
_IS_LOCKED = """
SELECT EXISTS (
    SELECT FROM (
        SELECT at, count(*) OVER (ORDER BY at RANGE BETWEEN $2::interval PRECEDING
                                                         AND CURRENT ROW) AS failures
          FROM helper_attempt WHERE {whose} = $1 AND at > now() - 2 * $2::interval) AS counted
     WHERE failures >= $3 AND at > now() - $2::interval)
"""
_ADDRESS_IS_LOCKED = _IS_LOCKED.format(whose="address_hash")
_ACCOUNT_IS_LOCKED = _IS_LOCKED.format(whose="helper")
_NOTE_ATTEMPT = """
INSERT INTO helper_attempt (helper, address_hash) VALUES ($1, $2) RETURNING attempt_id
"""
# Nothing comes of an attempt on an account that was locked, or got another password, meanwhile.
# The account's row first, then the attempt's, as those take them who change an account.
_OPEN_SESSION = """
WITH account AS MATERIALIZED (
    SELECT helper.name FROM helper JOIN helper_attempt ON helper_attempt.helper = helper.name
     WHERE attempt_id = $1 AND password_hash = $3 AND locked_at IS NULL
       FOR SHARE OF helper
), right_one AS (
    DELETE FROM helper_attempt USING account WHERE attempt_id = $1 RETURNING account.name
)
INSERT INTO helper_session (session_id, helper, expires_at)
SELECT $2, name, now() + $4::interval FROM right_one
RETURNING helper
"""
_FIND_SESSION = """
SELECT helper, expires_at < now() + $2::interval - $3::interval AS due
  FROM helper_session WHERE session_id = $1 AND expires_at > now()
"""
_TOUCH = """
UPDATE helper_session SET expires_at = now() + $2::interval
 WHERE session_id = $1 AND expires_at > now()
"""
_END_SESSION = "DELETE FROM helper_session WHERE session_id = $1"
_CONFIRM = """
INSERT INTO assisted_confirmation (idempotency_hash, helper) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A helper's account, as it is listed."""

    name: str
    created_at: datetime
    locked_at: datetime | None
    failures: int  # wrong passwords within the window


class Attempt(NamedTuple):
    """A sign-in that was tried, noted before its password is compared."""

    attempt_id: int
    password_hash: str | None  # None: there is no such account, or it is locked


async def add_account(pool: Pool, name: str, password_hash: str) -> bool:
    """Make an account; False when there is one of this name."""
    return await pool.fetchval(_ADD, name, password_hash) is not None


async def list_accounts(pool: Pool, window: timedelta) -> list[Account]:
    """Return all accounts by name."""
    return [Account(**row) for row in await pool.fetch(_LIST, window)]


async def lock_account(pool: Pool, name: str) -> bool:
    """Lock an account and end its sessions; False when there is none of this name."""
    return await _change(pool, _LOCK, (name,), _END_SESSIONS_OF)


async def unlock_account(pool: Pool, name: str) -> bool:
    """Unlock an account and forget its wrong passwords; False when there is none."""
    return await _change(pool, _UNLOCK, (name,), _FORGET_ATTEMPTS_OF)


async def set_password(pool: Pool, name: str, password_hash: str) -> bool:
    """Give an account another password and end its sessions; False when there is none."""
    return await _change(pool, _CHANGE_HASH, (name, password_hash), _END_SESSIONS_OF)


async def _change(pool: Pool, change: str, arguments: Sequence[str], after: str) -> bool:
    """Change an account, then clear away: a session that was just opened is seen only then."""
    async with transaction(pool) as connection:
        name = await connection.fetchval(change, *arguments)
        if name is None:
            return False
        await connection.execute(after, name)
        return True


async def begin_attempt(
    pool: Pool, name: str, address_hash: bytes, rule: LockRule
) -> Attempt | None:
    """Note an attempt as a wrong one, until it proves right; None when its address is locked."""
    # Each by itself: whoever waits for an account's row holds nothing that its change waits for.
    await pool.execute(_FORGET_ATTEMPTS, rule.window)
    await pool.execute(_FORGET_SESSIONS)
    async with transaction(pool) as connection:
        lock = int.from_bytes(address_hash[:8], signed=True)
        await connection.execute(_ONE_OF_AN_ADDRESS, lock)
        limit = rule.failures_per_address_max
        if await connection.fetchval(_ADDRESS_IS_LOCKED, address_hash, rule.window, limit):
            return None
        return await _attempt_on(connection, name, address_hash, rule)


async def _attempt_on(
    connection: Connection, name: str, address_hash: bytes, rule: LockRule
) -> Attempt:
    """Note an attempt on an account. On one that is locked it counts for the address alone, and
    not even a right password is compared: nothing tells whoever goes on guessing that it is right.
    """
    account = await connection.fetchrow(_ONE_OF_AN_ACCOUNT, name)
    # Asked for an account that does not exist, too: the answer takes as long.
    locked = await connection.fetchval(_ACCOUNT_IS_LOCKED, name, rule.window, rule.failures_max)
    if account is None or account["locked"] or locked:
        return Attempt(await connection.fetchval(_NOTE_ATTEMPT, None, address_hash), None)
    attempt_id = await connection.fetchval(_NOTE_ATTEMPT, name, address_hash)
    return Attempt(attempt_id, account["password_hash"])


async def open_session(
    pool: Pool, attempt: Attempt, session_id: bytes, idle: timedelta
) -> str | None:
    """Sign in who gave the right password; None when the account is locked all the same."""
    name: str | None = await pool.fetchval(
        _OPEN_SESSION, attempt.attempt_id, session_id, attempt.password_hash, idle
    )
    return name


async def find_session(pool: Pool, session_id: bytes, idle: timedelta) -> str | None:
    """Return whose session it is, which from now lasts anew."""
    row = await pool.fetchrow(_FIND_SESSION, session_id, idle, TOUCH_AFTER)
    if row is None:
        return None
    if row["due"]:
        await pool.execute(_TOUCH, session_id, idle)
    name: str = row["helper"]
    return name


async def end_session(pool: Pool, session_id: bytes) -> None:
    """Sign out."""
    await pool.execute(_END_SESSION, session_id)


async def note_confirmation(pool: Pool, idempotency_hash: bytes, helper: str) -> None:
    """Note that a person confirmed the declaration; the first time stands."""
    await pool.execute(_CONFIRM, idempotency_hash, helper)
