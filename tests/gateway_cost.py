"""What a page costs, beside any number of delivered records: its statements' plans and blocks."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from gateway_world import SUCCESS, World

FETCHING = ("fetch", "fetchrow", "fetchval")
PLANNED = ("custom", "generic")  # for a statement's arguments, and for any
COPIED_AT_ONCE = 50_000
POSITIONS_FROM = 1_000_000_000  # of delivered records; what arrives has its positions below
TABLES = ("record", "attempt", "answer")
NOW_AND_THEN = "FROM credential"  # read anew every few seconds, whoever asks what


class Cost(NamedTuple):
    """What statements read."""

    plan: str  # nodes, with the tables and indexes that they read
    blocks: int


@dataclass(frozen=True)
class Watched:
    """The costs of all statements while somebody watches."""

    costs: list[Cost]

    @property
    def plans(self) -> list[str]:
        return [cost.plan for cost in self.costs]

    @property
    def blocks(self) -> int:
        return sum(cost.blocks for cost in self.costs)


@contextmanager
def watching() -> Iterator[Watched]:
    """Explain each statement that fetches rows, then let it run."""
    watched = Watched([])
    plain = {name: getattr(asyncpg.Connection, name) for name in FETCHING}

    def explaining(name: str) -> Callable[..., Any]:
        async def fetch(self: asyncpg.Connection, query: str, *args: Any, **more: Any) -> Any:
            if NOW_AND_THEN not in query:
                watched.costs.extend(await explain(self, plain["fetchval"], query, args))
            return await plain[name](self, query, *args, **more)

        return fetch

    for name in FETCHING:
        setattr(asyncpg.Connection, name, explaining(name))
    try:
        yield watched
    finally:
        for name, method in plain.items():
            setattr(asyncpg.Connection, name, method)


async def explain(
    connection: asyncpg.Connection, fetchval: Callable[..., Any], query: str, args: Sequence[Any]
) -> list[Cost]:
    """Run a statement for its cost alone, by each plan that Postgres may have made for it.

    The first calls are planned for their arguments, later ones by a plan for any; that one knows
    nothing of how many rows an array or a LIMIT brings.
    """
    types = [parameter.name for parameter in (await connection.prepare(query)).get_parameters()]
    literals = [
        await fetchval(connection, f"SELECT quote_nullable($1::{type_}::text)", argument)
        for type_, argument in zip(types, args, strict=True)
    ]
    explained = f"EXECUTE watched({', '.join(literals)})" if literals else "EXECUTE watched"
    return [await _cost(connection, fetchval, query, explained, mode) for mode in PLANNED]


async def _cost(
    connection: asyncpg.Connection,
    fetchval: Callable[..., Any],
    query: str,
    explained: str,
    mode: str,
) -> Cost:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL plan_cache_mode = force_{mode}_plan")
        await connection.execute(f"PREPARE watched AS {query}")
        said = await fetchval(connection, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {explained}")
        await connection.execute("DEALLOCATE watched")
    finally:
        await transaction.rollback()
    plan = json.loads(said)[0]["Plan"]
    blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Cost(f"{mode}: {' '.join(nodes_of(plan))}", blocks)


def nodes_of(plan: Mapping[str, Any]) -> Iterator[str]:
    """Name the nodes of a plan, and what they read, from the top."""
    read = plan.get("Index Name") or plan.get("Relation Name") or plan.get("CTE Name")
    yield plan["Node Type"] + (f"({read})" if read else "")
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


async def a_delivered_record(world: World) -> dict[str, dict[str, Any]]:
    """Let one record be delivered; returns its rows, by table."""
    (record,) = await world.outcomes(1)
    assert (await world.put(record, SUCCESS)).status == 204
    position = await world.pool.fetchval(
        "SELECT position FROM record WHERE record_id = $1", bytes.fromhex(record)
    )
    rows = {}
    for table in TABLES:
        row = await world.pool.fetchrow(f"SELECT * FROM {table} WHERE position = $1", position)
        assert row is not None
        rows[table] = dict(row)
    return rows


async def seed_delivered(
    world: World,
    like: Mapping[str, Mapping[str, Any]],
    numbers: range,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Copy records that were delivered, beside the others, and let Postgres know how many."""
    async with world.pool.acquire() as connection:
        for begin in range(numbers.start, numbers.stop, COPIED_AT_ONCE):
            some = range(begin, min(begin + COPIED_AT_ONCE, numbers.stop))
            for table in TABLES:
                await connection.copy_records_to_table(
                    table, columns=[*like[table]], records=rows_like(like[table], some), timeout=120
                )
            progress(some.stop)
        await connection.execute("ANALYZE", timeout=120)


async def rows_like(row: Mapping[str, Any], numbers: range) -> AsyncIterator[tuple[Any, ...]]:
    """Make rows like one, each under keys of its own."""
    plain = dict(row)
    for number in numbers:
        own = {
            "position": POSITIONS_FROM + number,
            "record_id": number.to_bytes(12, "big"),
            "application_id": UUID(int=number),
        }
        yield tuple(own.get(name, value) for name, value in plain.items())
