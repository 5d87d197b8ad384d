"""Where a service under test begins to read: topics are one for the run, databases are not."""

from uuid import uuid4

from electoral import postgres
from electoral.kafka import Partition, Reader, create_topics
from electoral.topics import PARTITIONS, TOPICS, topics_read_by


async def make_topics(bootstrap: str) -> None:
    """Create every topic of the system as it is deployed, or leave it as it is."""
    wanted = {topic.name: topic.configuration(1) for topic in TOPICS}
    await create_topics(bootstrap, wanted, partitions=PARTITIONS, copies=1)


async def begin_at_the_end(dsn: str, bootstrap: str, service: str) -> None:
    """Let the service of this database pass over what other tests wrote to any topic it reads.

    It is sealed under their keys: a service that reads it holds it all, and the limit on the held
    share counts it.
    """
    topics = topics_read_by(service)
    pool = await postgres.open_pool(dsn, service="test", connections=2)
    async with Reader(bootstrap, "bounds", topics) as reader, pool:
        for topic in topics:
            for number in range(PARTITIONS):
                _, end = await reader.bounds(Partition(topic, number))
                await pool.execute(
                    "INSERT INTO consumer_position (topic, partition, next_offset, owner)"
                    " VALUES ($1, $2, $3, $4)",
                    topic,
                    number,
                    end,
                    uuid4(),
                )
