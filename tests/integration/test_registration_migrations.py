"""Registration's migrations on a database in which applications are stored already."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from electoral.migrating import migrate
from electoral.postgres import Pool, open_pool
from electoral_local.postgres import EmbeddedPostgres
from registration.acceptance import Receipt
from registration.intake import Intake
from registration.settings import MIGRATIONS

from integration.test_intake import an_acceptance

pytestmark = pytest.mark.integration

WHOLE_HASH_INDEXED = 7  # migrations
INDEXES = dict.fromkeys(
    ("application_pkey", "application_reference_key", "application_idempotency"), True
)

# As it was written then.
INSERT = """
INSERT INTO application (application_id, client_id, idempotency_hash, body_hash, body_key_id,
                         reference, postcode_hash, postcode_key_id, gss_code, source, type,
                         language, arrived_at, received_at)
VALUES ($1, 'partner', $2, 'body', 'body-2026q4', $3, '', '', 'E08000025', 'web', 'ordinary',
        'en', now(), now())
"""


@pytest.fixture
async def dsn(embedded_postgres: EmbeddedPostgres, tmp_path: Path) -> str:
    """A database of registration as it was before its last migrations."""
    name = f"older_{uuid4().hex}"
    connection = await asyncpg.connect(embedded_postgres.superuser_dsn("postgres"))
    await connection.execute(f"CREATE DATABASE {name} OWNER registration")
    await connection.close()
    dsn = urlunsplit(urlsplit(embedded_postgres.dsn("registration"))._replace(path=f"/{name}"))
    for path in sorted(MIGRATIONS.glob("*.sql"))[:WHOLE_HASH_INDEXED]:
        shutil.copy(path, tmp_path)
    await migrate(dsn, "registration", tmp_path)
    return dsn


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with await open_pool(dsn, service="test", connections=2) as pool:
        yield pool


async def store(pool: Pool, idempotency_hash: bytes, reference: str) -> None:
    await pool.execute(INSERT, uuid4(), idempotency_hash, reference)


async def unique_indexes(pool: Pool) -> dict[str, bool]:
    """Return the unique indexes of applications, and whether each refuses repeats."""
    rows = await pool.fetch(
        "SELECT indexrelid::regclass::text AS name, indisvalid FROM pg_index"
        " WHERE indrelid = 'application'::regclass AND indisunique"
    )
    return {row["name"]: row["indisvalid"] for row in rows}


async def test_a_repeat_of_what_was_stored_before_finds_its_receipt(dsn: str, pool: Pool) -> None:
    again = an_acceptance("before")
    await store(pool, again.key.idempotency_hash, "BEFORE")
    await migrate(dsn, "registration", MIGRATIONS)
    assert await unique_indexes(pool) == INDEXES
    intake = Intake(pool, hash_body=lambda _key, body: body, wake=lambda: None)
    answers = await intake.commit([(again, b"body"), (an_acceptance("new"), b"body")])
    receipts = [answer for answer in answers if isinstance(answer, Receipt)]
    assert [receipt.replayed for receipt in receipts] == [True, False]
    assert receipts[0].stored.reference == "BEFORE"
    assert await pool.fetchval("SELECT count(*) FROM application") == 2


async def test_an_index_whose_building_was_interrupted_is_built_again(dsn: str, pool: Pool) -> None:
    await store(pool, b"half of it is --equal", "ONE")
    await store(pool, b"half of it is --too", "OTHER")
    sql = (MIGRATIONS / "0008_half_of_the_hash.sql").read_text()
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(sql)
    assert (await unique_indexes(pool))["application_idempotency"] is False
    await pool.execute("DELETE FROM application WHERE reference = 'OTHER'")
    await migrate(dsn, "registration", MIGRATIONS)
    assert await unique_indexes(pool) == INDEXES
