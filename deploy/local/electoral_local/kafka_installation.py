"""Kafka on this machine, once for all: its jars, a formatted node's first record, a class archive.

Lives in the cache. The last two are made by running Kafka once for a few seconds; they take
1.5 s from each first start and 1.7 s from every start.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from electoral_local.alone import LoneProcess, last_lines
from electoral_local.errors import LocalError
from electoral_local.jars import fetch_jars, listed_jars, one_at_a_time, repository_address
from electoral_local.java import Java, find_java
from electoral_local.kafka_wire import can_create_topic
from electoral_local.places import cache_directory
from electoral_local.ports import LOOPBACK, free_ports
from electoral_local.processes import ProcessSpec, launched

KAFKA_VERSION = "4.1.1"
CLUSTER_ID = "ZWxlY3RvcmFsLWxvY2FsIQ"
"""Any 16 bytes in URL-safe base64; the same everywhere, for nodes never meet outside."""

_FLAGS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
# Later Javas warn of what Kafka's and the compressors' jars do on purpose.
_QUIET_FLAGS = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
_QUIET_FLAGS_SINCE = 24
# Stubs from the archive do not always fit in Java 25, which says so at each start: do without.
_ARCHIVE_FLAGS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-AOTAdapterCaching",
    "-XX:-AOTStubCaching",
)
_FORMAT_SECONDS = 60
_ARCHIVE_SECONDS = 60


@dataclass(frozen=True)
class KafkaInstallation:
    java: Java
    jars: tuple[Path, ...]
    directory: Path

    @property
    def bootstrap(self) -> Path:
        """The `bootstrap.checkpoint` of a node formatted by Kafka's own tool."""
        return self.directory / "bootstrap.checkpoint"

    @property
    def archive(self) -> Path:
        """Of loaded classes: good for one Java and one list of jars only, so named by them."""
        made_of = "\n".join([str(self.java), *map(str, self.jars), *self._flags])
        return self.directory / f"classes-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.aot"

    @property
    def _flags(self) -> tuple[str, ...]:
        quiet = _QUIET_FLAGS if self.java.major >= _QUIET_FLAGS_SINCE else ()
        archive = _ARCHIVE_FLAGS if self.java.can_archive_classes else ()
        return _FLAGS + quiet + archive

    def command(self, *arguments: str, flags: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Java with Kafka's jars; `arguments` begin with the class to run."""
        archived = (f"-XX:AOTCache={self.archive}",) if self.archive.exists() else ()
        class_path = os.pathsep.join(map(str, self.jars))
        own = (*self._flags, *archived, *flags)
        return (str(self.java.program), *own, "-cp", class_path, *arguments)


def install_kafka() -> KafkaInstallation:
    """Fetch and prepare what is missing; nothing but a look when all is there."""
    directory = cache_directory() / f"kafka-{KAFKA_VERSION}"
    java = find_java()
    with one_at_a_time(directory):
        jars = fetch_jars(listed_jars(), directory, repository_address())
        installation = KafkaInstallation(java, tuple(jars), directory)
        wants_archive = java.can_archive_classes and not installation.archive.exists()
        if wants_archive or not installation.bootstrap.exists():
            _rehearse(installation, archive=wants_archive)
    return installation


def _rehearse(installation: KafkaInstallation, *, archive: bool) -> None:
    """Format a node in a temporary directory, and run it until it could take a topic."""
    with tempfile.TemporaryDirectory(prefix="electoral-kafka-") as name:
        directory = Path(name)
        broker_port, controller_port = free_ports(2)
        properties = directory / "server.properties"
        properties.write_text(_rehearsal_settings(directory, broker_port, controller_port))
        _format(installation, properties)
        _keep(directory / "data" / "bootstrap.checkpoint", installation.bootstrap)
        if archive:
            _archive_classes(installation, properties, broker_port)


def _rehearsal_settings(directory: Path, broker_port: int, controller_port: int) -> str:
    return (
        "process.roles=broker,controller\n"
        "node.id=1\n"
        f"listeners=PLAINTEXT://{LOOPBACK}:{broker_port},CONTROLLER://{LOOPBACK}:{controller_port}\n"
        f"controller.quorum.voters=1@{LOOPBACK}:{controller_port}\n"
        "controller.listener.names=CONTROLLER\n"
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        f"log.dirs={directory / 'data'}\n"
    )


def _format(installation: KafkaInstallation, properties: Path) -> None:
    log = properties.with_name("format.log")
    arguments = ("format", "--cluster-id", CLUSTER_ID, "--config", str(properties))
    with log.open("wb") as output:
        code = subprocess.run(
            launched(installation.command("kafka.tools.StorageTool", *arguments)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_FORMAT_SECONDS,
            check=False,
        ).returncode
    if code != 0:
        raise LocalError(f"Kafka's storage tool failed: {last_lines(log)}")


def _archive_classes(installation: KafkaInstallation, properties: Path, port: int) -> None:
    """Java writes the archive as it ends. Without one Kafka only starts more slowly."""
    draft = properties.with_name("classes.aot")
    spec = ProcessSpec(
        name="kafka (its first run, to prepare)",
        command=installation.command(
            "kafka.Kafka", str(properties), flags=(f"-XX:AOTCacheOutput={draft}",)
        ),
        ready=lambda: can_create_topic(LOOPBACK, port, replicas=1),
    )
    broker = LoneProcess(spec, properties.with_name("kafka.log"))
    broker.start()
    broker.stop(within_seconds=_ARCHIVE_SECONDS)
    if draft.exists():
        _keep(draft, installation.archive)


def _keep(made: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(made, draft)
    draft.replace(target)
