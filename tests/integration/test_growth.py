"""A thousand stored applications, made of real ones, and what fifty more cost beside them."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from benchmarks.growth_figures import Beside, Cost, Size, deeper, growing, pair_ratio
from benchmarks.growth_rows import GROWN, HELD_EVERY
from benchmarks.growth_seed import connected
from benchmarks.growth_stack import Stored, make_sample, store
from electoral.identifiers import record_id
from electoral_local.postgres import EmbeddedPostgres

STORED, SENT, WARMING_UP = 1_000, 50, 20
LIKE_REAL_ONES = 0.05  # may differ by so much of their size
TOTALS = {"ledger_total", "history_batch", "held_record"}  # many real ones share one of these
INTAKE = "INSERT INTO application"


def a_cost(**by_statement: int) -> Cost:
    return Cost(
        applications=10,
        seconds=sum(by_statement.values()),
        cpu_seconds={"postgres": 1.0},
        by_statement={("registration", name): blocks for name, blocks in by_statement.items()},
        by_sessions=0,
        by_vacuum=0,
        wal_bytes=0,
        wal_pages=0,
    )


def test_only_what_touches_more_beside_more_is_listed_worst_first() -> None:
    few = Beside(10, [a_cost(same=20, little=20, much=20, less=20)])
    many = Beside(1_000, [a_cost(same=20, little=30, much=60, less=10)])
    rows = growing([few, many], least=0.5)
    assert [(row.statement[1], row.blocks) for row in rows] == [
        ("much", [2.0, 6.0]),
        ("little", [2.0, 3.0]),
    ]


def test_ratio_is_the_median_of_pairs_and_not_of_sides() -> None:
    few = Beside(10, [a_cost(one=10), a_cost(one=100), a_cost(one=20)])
    many = Beside(1_000, [a_cost(one=11), a_cost(one=300), a_cost(one=24)])
    assert pair_ratio("blocks", few, many) == pytest.approx(1.2)


def test_each_row_of_an_application_descends_the_new_levels_of_its_indexes() -> None:
    few = [Size("registration", "progress", "progress_pkey", 8_192, 20, levels=2)]
    many = [Size("registration", "progress", "progress_pkey", 8_192_000, 2_000, levels=4)]
    assert deeper(few, many, stored=1_000) == 2 * 2


async def widths(postgres: EmbeddedPostgres) -> dict[tuple[str, str], float]:
    """The mean width of each table's rows, in bytes."""
    await asyncio.to_thread(postgres.start)
    try:
        found = {}
        for database, tables in GROWN.items():
            async with connected(postgres, database) as connection:
                for grown in tables:
                    mean = f"SELECT avg(pg_column_size(t.*))::float8 FROM {grown.table} t"
                    found[database, grown.table] = await connection.fetchval(mean)
        return found
    finally:
        await asyncio.to_thread(postgres.stop)


async def ids_in(postgres: EmbeddedPostgres, database: str, table: str) -> set[UUID]:
    async with connected(postgres, database) as connection:
        return {row[0] for row in await connection.fetch(f"SELECT application_id FROM {table}")}


async def check_stored(stored: Stored) -> None:
    """All three hold the same applications, and the gateway's record ids are real ones."""
    postgres = stored.postgres
    await asyncio.to_thread(postgres.start)
    try:
        accepted = await ids_in(postgres, "registration", "application")
        assert len(accepted) == STORED
        assert await ids_in(postgres, "verification", "attempt") == accepted
        assert await ids_in(postgres, "ems_gateway", "record") == accepted
        async with connected(postgres, "ems_gateway") as connection:
            rows = await connection.fetch("SELECT * FROM record")
            held = await connection.fetchval("SELECT count(*) FROM held_record")
        for row in rows:
            named = record_id(row["application_id"], row["attempt"], row["revision"])
            assert row["record_id"].hex() == named
        assert held == STORED // HELD_EVERY
    finally:
        await asyncio.to_thread(postgres.stop)


@pytest.mark.integration
async def test_applications_go_all_the_way_beside_a_thousand_that_look_real(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    await make_sample(tmp_path / "sample")
    real = await widths(EmbeddedPostgres(tmp_path / "sample/postgres"))
    stored = await store(tmp_path / "sample", tmp_path / "stored", STORED, pristine=False)
    made = await widths(stored.postgres)
    for place in real.keys() - {place for place in real if place[1] in TOTALS}:
        assert made[place] == pytest.approx(real[place], rel=LIKE_REAL_ONES), place
    await check_stored(stored)
    cost = await stored.measure(SENT, WARMING_UP)
    assert cost.blocks > SENT / 10
    assert any(INTAKE in query for _, query in cost.by_statement)
    assert {"registration", "verification", "ems-gateway", "postgres"} <= cost.cpu_seconds.keys()
    assert cost.seconds > 0
