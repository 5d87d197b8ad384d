"""One canary planted in each kind of place, each in another form: the scan has to find it there."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import asyncpg
from aiohttp import web
from aiokafka import AIOKafkaProducer
from electoral.admin import Admin, admin_app
from electoral.ledger import LedgerRow
from electoral.metrics import Metrics
from electoral.serving import serving
from electoral_local.ports import LOOPBACK
from electoral_local.stack import Stack

from acceptance.callers import Caller
from acceptance.evidence import Where
from acceptance.leak_scan import Canary, Kind

PLANTED = {
    where: Canary(f"planted in a {where}", Kind.TEXT, text)
    for where, text in {
        Where.LOG: "Plîntwroxley Grandé",
        Where.METRIC: "Mortlaquinby",
        Where.TOPIC_VALUE: "Varnisquelo",
        Where.TOPIC_KEY: "Keldrowastri",
        Where.TOPIC_HEADER: "Hobbelquinta",
        Where.DUMP: "Dwandelquorf",
        Where.COMMAND: "Commaxbrindle",
        Where.ANSWER: "Answixgrande",
        Where.ANSWER_HEADER: "Yellowquinder",
        Where.ADDRESS: "Addrewqvale",
        Where.KEYS: "Keysquandrel",
        Where.POSTGRES_FILE: "Pagewrindaxo",
        Where.DELIVERY: "Delvarquotin",
    }.items()
}
# Everything that is on a topic is in a file, too; other files have one of their own.
PLANTED[Where.KAFKA_FILE] = Canary("planted in Kafka's files", Kind.NINO, "ZT904817")
PLANTED[Where.FILE] = Canary("planted in a file", Kind.DATE, "1926-10-27")


def _text(where: Where) -> str:
    return PLANTED[where].text


@asynccontextmanager
async def a_leaky_service(caller: Caller) -> AsyncIterator[str]:
    """A service of ours with a name in a metric's label and in an answer; yields its address."""
    metrics = Metrics()
    metrics.counter("http_requests_total").labels(_text(Where.METRIC).upper(), "200").inc()
    app = admin_app(
        Admin(
            "leaky",
            {},
            asyncio.Event(),
            metrics,
            _nothing_to_refresh,
            _empty_ledger,
            _none_unfinished,
        )
    )
    app.router.add_get("/echo", _echo)
    async with serving(app, LOOPBACK, 0) as port:
        url = f"http://{LOOPBACK}:{port}"
        await caller.ask("GET", f"{url}/echo")
        yield url


async def _nothing_to_refresh() -> None:
    pass


async def _empty_ledger(day: date, before: datetime | None) -> list[LedgerRow]:
    return []


async def _none_unfinished(key_id: str) -> int:
    return 0


async def _echo(request: web.Request) -> web.Response:
    body = b"x" + base64.b64encode(b".." + _text(Where.ANSWER).encode())
    headers = {"X-Name": _text(Where.ANSWER_HEADER).encode().hex()}
    return web.Response(status=422, body=body, headers=headers)


async def plant(stack: Stack, relay_url: str, caller: Caller) -> None:
    """Plant in everything but files that are only read at the end."""
    await caller.ask("GET", f"{relay_url}/v1/lookups?name={_text(Where.ADDRESS)}")
    await _plant_in_kafka(stack)
    await _plant_in_postgres(stack)


async def _plant_in_kafka(stack: Stack) -> None:
    """In a compressed batch, and in one that is not."""
    value = _text(Where.TOPIC_VALUE).encode("utf-16-le")
    header = ("name", base64.urlsafe_b64encode(b"." + _text(Where.TOPIC_HEADER).encode()))
    nino = json.dumps({"nino": _text(Where.KAFKA_FILE).lower()}).encode()
    for compression, message in (("gzip", value), (None, nino)):
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=stack.kafka.bootstrap_servers, compression_type=compression
        )
        async with producer:
            for _ in range(3):
                await producer.send_and_wait(
                    "applications.determined",
                    message,
                    key=_text(Where.TOPIC_KEY).encode(),
                    headers=[header],
                )


async def _plant_in_postgres(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.postgres.superuser_dsn("registration"))
    try:
        await connection.execute("CREATE TABLE planted (dumped bytea, deleted text)")
        await connection.execute(
            "INSERT INTO planted VALUES ($1, $2)",
            _text(Where.DUMP).encode(),
            _text(Where.POSTGRES_FILE),
        )
        # Gone from the table, and so from the dump, but not from the files.
        await connection.execute("UPDATE planted SET deleted = NULL")
        await connection.execute(
            "UPDATE held_message SET error_class = $1", f"ValueError: {_text(Where.COMMAND)}"
        )
    finally:
        await connection.close()


def plant_in_files(stack: Stack) -> None:
    """As a program would leave them; the stack may have ended."""
    line = json.dumps({"event": "request", "name": _text(Where.LOG)})
    with (stack.logs / "registration.log").open("a", encoding="utf-8") as log:
        log.write(line + "\n")
    key = stack.blueprint.keys / "ems-gateway" / f"person-{_text(Where.KEYS)}.key"
    key.write_bytes(bytes(32))
    born = f"born on {date.fromisoformat(_text(Where.FILE)):%d/%m/%Y}"
    (stack.options.state / "notes.txt").write_text(born, encoding="utf-16")
    journal = stack.blueprint.journals / "councils.jsonl"
    with journal.open("a", encoding="utf-8") as page:
        page.write(f"name={_text(Where.DELIVERY).upper()}\n")
