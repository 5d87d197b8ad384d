"""What the form counts, in the transactions that make it so."""

from electoral.postgres import Connection

from registration.performance.counting import PerformanceDeltas, satisfaction
from registration.postgres.performance import append_deltas


async def count_satisfaction(connection: Connection, score: str) -> None:
    """Count an answer to the one question after the receipt."""
    deltas = PerformanceDeltas()
    deltas.add_times(satisfaction(score), 1)
    await append_deltas(connection, deltas)
