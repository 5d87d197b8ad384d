"""What a run left in the databases and in Kafka's logs: bytes, and how soon each was ready."""

import json
from collections.abc import Mapping
from typing import Any

from electoral_local.postgres import DATABASES
from electoral_local.stack import Stack

_READY_WITHIN_SECONDS = 900.0

_READY = """
WITH ready AS MATERIALIZED (
    SELECT attempt.ero,
           extract(epoch FROM record.created_at - record.attempt_received_at)::float8 AS seconds
      FROM record JOIN attempt USING (application_id, attempt)
     WHERE record.revision = 1
), whole AS (
    SELECT count(*) AS count,
           coalesce(percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY seconds),
                    ARRAY[0, 0, 0, 0]::float8[]) AS at
      FROM ready
), each AS (
    SELECT ero, count(*) AS count,
           percentile_disc(0.99) WITHIN GROUP (ORDER BY seconds) AS p99_seconds
      FROM ready WHERE ero IS NOT NULL GROUP BY ero
)
SELECT json_build_object(
    'ready_seconds', (SELECT json_build_object(
        'count', count, 'p50', at[1], 'p95', at[2], 'p99', at[3], 'max', at[4]) FROM whole),
    'eros', (SELECT coalesce(json_object_agg(ero, json_build_object(
        'count', count, 'p99_seconds', p99_seconds)), '{}') FROM each))
"""


def stored_bytes(stack: Stack) -> Mapping[str, int]:
    """Of each database as Postgres says, and of the logs of all brokers without their indexes."""
    sizes = {
        name: int(stack.postgres.read(name, f"SELECT pg_database_size('{name}')"))
        for name in DATABASES
    }
    logs = stack.kafka.directory.glob("node-*/data/*/*.log")
    return {**sizes, "kafka": sum(log.stat().st_size for log in logs)}


def readiness(stack: Stack) -> Mapping[str, Any]:
    """From acceptance to the record in the gateway's table, of all and by ERO.

    Read at rest: both times are of the transactions that wrote them, of one clock.
    """
    said = stack.postgres.read("ems_gateway", _READY, _READY_WITHIN_SECONDS)
    found: Mapping[str, Any] = json.loads(said)
    return found
