"""The topics: what each carries, who writes it, who reads it, for how long.

`python -m electoral.topics ensure` makes the missing ones. The files below `shared/contracts` are
written from this table and from `electoral.events` by `python -m electoral.contracts write`.
"""

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass

from electoral.events import (
    ApplicationAcknowledged,
    ApplicationDetermined,
    ApplicationReceived,
    ApplicationVerified,
    Event,
)
from electoral.kafka import KafkaError, create_topics

PARTITIONS = 12
RETENTION_DAYS = 30


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; its key is the application id, its clean-up by age."""

    name: str
    event: type[Event]
    meaning: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int = PARTITIONS
    retention_days: int = RETENTION_DAYS

    def configuration(self, copies: int) -> dict[str, str]:
        """Return the topic's settings; of three copies two must have a message."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_days * 24 * 3600 * 1000),
            "min.insync.replicas": "2" if copies >= 3 else "1",
            "max.message.bytes": str(512 * 1024),
        }


TOPICS: tuple[Topic, ...] = (
    Topic(
        "applications.received",
        ApplicationReceived,
        "An application, or a later attempt of one, was accepted and stored.",
        producers=("registration", "ems-gateway"),
        consumers=("verification",),
    ),
    Topic(
        "applications.verified",
        ApplicationVerified,
        "Verification has an outcome for an attempt.",
        producers=("verification",),
        consumers=("ems-gateway", "registration"),
    ),
    Topic(
        "applications.acknowledged",
        ApplicationAcknowledged,
        "The ERO's system has answered for a record.",
        producers=("ems-gateway",),
        consumers=("registration",),
    ),
    Topic(
        "applications.determined",
        ApplicationDetermined,
        "The ERO has decided an application.",
        producers=("ems-gateway",),
        consumers=("registration",),
    ),
)


def topics_read_by(service: str) -> tuple[str, ...]:
    """Return the names of the topics that a service consumes."""
    return tuple(topic.name for topic in TOPICS if service in topic.consumers)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m electoral.topics")
    commands = parser.add_subparsers(dest="command", required=True)
    ensure = commands.add_parser("ensure", help="make the topics that are missing")
    ensure.add_argument("--bootstrap-servers", required=True, help="host:port, comma-separated")
    ensure.add_argument("--replication", type=int, default=3, help="copies of each partition")
    options = parser.parse_args(arguments)
    wanted = {topic.name: topic.configuration(options.replication) for topic in TOPICS}
    try:
        made = asyncio.run(
            create_topics(
                options.bootstrap_servers, wanted, partitions=PARTITIONS, copies=options.replication
            )
        )
    except KafkaError as error:
        print(f"Kafka did not answer ({type(error).__name__}): is it running?", file=sys.stderr)
        return os.EX_UNAVAILABLE
    print(f"{len(made)} topics made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
