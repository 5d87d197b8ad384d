"""Apache Kafka in KRaft mode: one combined broker and controller, or several as a cluster."""

import base64
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from electoral_local.alone import LoneProcess
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.kafka_installation import CLUSTER_ID, KafkaInstallation, install_kafka
from electoral_local.kafka_wire import can_create_topic, joined_brokers
from electoral_local.places import write_private
from electoral_local.ports import LOOPBACK, free_ports
from electoral_local.processes import Port, ProcessSpec

_SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # For topics that are made with no retention of their own; ours have the same.
    "log.retention.hours": str(30 * 24),
    # Groups form at once, and a dead member or broker is missed within seconds.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Sized for one machine: fewer threads, partitions and buffers than the defaults.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "log.index.size.max.bytes": str(2 << 20),
}


@dataclass(frozen=True)
class NodePorts:
    broker: int
    controller: int


def free_node_ports(brokers: int) -> list[NodePorts]:
    numbers = free_ports(2 * brokers)
    return [NodePorts(*numbers[i : i + 2]) for i in range(0, len(numbers), 2)]


class EmbeddedKafka:
    """A cluster of its own in `directory`, as many brokers as it is given ports for (or one).

    `start`/`stop` run it alone; under a supervisor call `prepare`, then run `specs`. All methods
    block. The first `prepare` on a machine fetches Kafka itself.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ports: Sequence[NodePorts] | None = None,
        brokers: int = 1,
    ) -> None:
        self.directory = directory.absolute()
        self.ports = tuple(ports or free_node_ports(brokers))
        self._alone: list[LoneProcess] = []
        self._installation: KafkaInstallation | None = None

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"{LOOPBACK}:{node.broker}" for node in self.ports)

    @property
    def replication(self) -> int:
        """What topics should be created with: three copies where there are three brokers."""
        return min(3, len(self.ports))

    @property
    def pids(self) -> list[int]:
        """Of the brokers started by `start`."""
        return [broker.pid for broker in self._alone]

    def start(self) -> None:
        """Topics can be created on return; under 2 s once the machine's cache is warm."""
        self.prepare()
        self._alone = [
            LoneProcess(spec, self.directory / f"{spec.name}.log") for spec in self.specs
        ]
        for broker in self._alone:
            broker.launch()
        for broker in self._alone:
            broker.wait_until_ready()

    def stop(self) -> None:
        for broker in self._alone:
            broker.request_stop()
        for broker in self._alone:
            broker.stop()
        self._alone = []

    def kill(self) -> None:
        """As a power cut."""
        for broker in self._alone:
            broker.kill()
        self._alone = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def prepare(self) -> None:
        """Fetch Kafka if it is not in the cache, format what is new, write the settings."""
        self._installation = install_kafka()
        bootstrap = self._installation.bootstrap
        self._refuse_other_size()
        for node_id in self._node_ids():
            node = self._node_directory(node_id)
            (node / "tmp").mkdir(parents=True, exist_ok=True)
            _format(node / "data", node_id, bootstrap)
            lines = [f"{name}={value}\n" for name, value in self._settings(node_id).items()]
            write_private(node / "server.properties", "".join(lines))

    @property
    def specs(self) -> list[ProcessSpec]:
        """A process for each broker: `kafka`, or `kafka-1`, `kafka-2`... in a cluster."""
        if self._installation is None:
            raise LocalError("Kafka is not prepared: call prepare() before its specs.")
        return [self._spec(node_id, self._installation) for node_id in self._node_ids()]

    def _spec(self, node_id: int, installation: KafkaInstallation) -> ProcessSpec:
        node, ports = self._node_directory(node_id), self.ports[node_id - 1]
        name = "kafka" if len(self.ports) == 1 else f"kafka-{node_id}"
        return ProcessSpec(
            name=name,
            command=installation.command(
                "kafka.Kafka",
                str(node / "server.properties"),
                flags=(f"-Djava.io.tmpdir={node / 'tmp'}",),
            ),
            ports=(
                Port(ports.broker, f"{name} (broker)", "ELECTORAL_KAFKA_PORT"),
                Port(ports.controller, f"{name} (controller)", "ELECTORAL_KAFKA_PORT"),
            ),
            ready=lambda: self._is_ready(node_id),
        )

    def _is_ready(self, node_id: int) -> bool:
        port = self.ports[node_id - 1].broker
        joined = node_id in joined_brokers(LOOPBACK, port)
        return joined and can_create_topic(LOOPBACK, port, replicas=self.replication)

    def _node_ids(self) -> range:
        return range(1, len(self.ports) + 1)

    def _node_directory(self, node_id: int) -> Path:
        return self.directory / f"node-{node_id}"

    def _refuse_other_size(self) -> None:
        there = len(list(self.directory.glob("node-*/data/meta.properties")))
        if there and there != len(self.ports):
            raise ConfigurationError(
                f"{self.directory} holds a cluster of {there}, not of {len(self.ports)}: use the "
                "same number of brokers, or another state directory."
            )

    def _settings(self, node_id: int) -> dict[str, str]:
        ports, copies = self.ports[node_id - 1], str(self.replication)
        in_sync = "2" if self.replication == 3 else "1"
        voters = (f"{i}@{LOOPBACK}:{self.ports[i - 1].controller}" for i in self._node_ids())
        return {
            **_SETTINGS,
            "node.id": str(node_id),
            "listeners": f"PLAINTEXT://{LOOPBACK}:{ports.broker},"
            f"CONTROLLER://{LOOPBACK}:{ports.controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{ports.broker}",
            "controller.quorum.voters": ",".join(voters),
            "log.dirs": str(self._node_directory(node_id) / "data"),
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
        }


def _format(data: Path, node_id: int, bootstrap: Path) -> None:
    """As Kafka's own tool does it, whose work differs between nodes by these ids alone."""
    if (data / "meta.properties").exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bootstrap, data / "bootstrap.checkpoint")
    directory_id = base64.urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
    write_private(
        data / "meta.properties",
        f"version=1\ncluster.id={CLUSTER_ID}\nnode.id={node_id}\ndirectory.id={directory_id}\n",
    )
