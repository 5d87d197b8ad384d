"""The embedded Postgres and Kafka, and the supervisor over them, for real."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest
from electoral_local.blueprint import StackOptions
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.kafka import EmbeddedKafka
from electoral_local.kafka_wire import can_create_topic, joined_brokers
from electoral_local.ports import free_ports
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.processes import ProcessSpec
from electoral_local.stack import Stack
from electoral_local.stack_ports import USUAL_PORTS, setting_of
from electoral_local.state_lock import supervisor_pid
from electoral_local.supervised import State
from electoral_local.supervisor import Supervisor

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


async def fetch_value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def make_topics(kafka: EmbeddedKafka) -> subprocess.CompletedProcess[str]:
    return subprocess.run(topics_command(kafka), capture_output=True, text=True, check=False)


def topics_command(kafka: EmbeddedKafka) -> tuple[str, ...]:
    where = f"--bootstrap-servers={kafka.bootstrap_servers}"
    copies = f"--replication={kafka.replication}"
    return (sys.executable, "-m", "electoral.topics", "ensure", where, copies)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "18"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("server_encoding", "UTF8"),
    ],
)
async def test_postgres_is_durable_and_only_on_the_loopback(
    postgres: EmbeddedPostgres, setting: str, value: str
) -> None:
    found = await fetch_value(postgres.superuser_dsn(), f"SHOW {setting}")
    assert str(found)[:2] == value[:2]


async def test_every_service_owns_a_database_and_sees_no_other(postgres: EmbeddedPostgres) -> None:
    for database in postgres.databases:
        assert await fetch_value(postgres.dsn(database), "SELECT current_user") == database
    foreign = postgres.dsn("registration").replace("/registration", "/verification")
    foreign = foreign.replace("//verification", "//registration")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(foreign)


async def test_postgres_refuses_a_wrong_password(postgres: EmbeddedPostgres) -> None:
    wrong = f"postgresql://registration:guess@127.0.0.1:{postgres.port}/registration"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


def test_postgres_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    assert psutil.Process(postgres.pid).uids().effective != 0


async def test_postgres_keeps_what_was_committed_through_a_kill(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)  # as /root is: nobody else may even pass through
    server = EmbeddedPostgres(closed / "postgres")
    server.start()
    await fetch_value(server.dsn("registration"), "CREATE TABLE t AS SELECT 7 AS n")
    server.kill()
    server.start()
    try:
        assert await fetch_value(server.dsn("registration"), "SELECT n FROM t") == 7
    finally:
        server.stop()
    assert not (closed / "postgres" / "data" / "postmaster.pid").exists()


def test_postgres_that_cannot_start_says_why(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    second = EmbeddedPostgres(tmp_path / "second", port=postgres.port)
    with pytest.raises(LocalError, match="postgres ended too early"):
        second.start()


def test_kafka_takes_topics_and_keeps_them_through_a_kill(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(tmp_path)
    kafka.start()
    assert make_topics(kafka).returncode == 0
    kafka.kill()
    kafka.start()
    try:
        again = make_topics(kafka)
    finally:
        kafka.stop()
    assert (again.returncode, again.stdout) == (0, "0 topics made.\n")


@pytest.mark.long
def test_three_brokers_are_ready_only_together_and_go_on_without_one(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(tmp_path, brokers=3)
    with kafka:
        port = kafka.ports[0].broker
        assert kafka.replication == 3
        assert joined_brokers("127.0.0.1", port) == {1, 2, 3}
        os.kill(kafka.pids[2], signal.SIGKILL)
        end = time.monotonic() + 30
        while joined_brokers("127.0.0.1", port) != {1, 2} and time.monotonic() < end:
            time.sleep(0.1)
        assert joined_brokers("127.0.0.1", port) == {1, 2}
        while not can_create_topic("127.0.0.1", port, replicas=2) and time.monotonic() < end:
            time.sleep(0.1)
        assert can_create_topic("127.0.0.1", port, replicas=2)


def test_a_cluster_of_another_size_is_refused(tmp_path: Path) -> None:
    EmbeddedKafka(tmp_path).prepare()
    with pytest.raises(ConfigurationError, match="holds a cluster of 1, not of 3"):
        EmbeddedKafka(tmp_path, brokers=3).prepare()


async def test_supervised_postgres_and_kafka_come_back_after_kill_9(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    kafka = EmbeddedKafka(tmp_path / "kafka")
    await asyncio.to_thread(kafka.prepare)
    topics = ProcessSpec("topics", topics_command(kafka), needs=("kafka",), once=True)
    supervisor = Supervisor([postgres.spec, *kafka.specs, topics], tmp_path / "logs")
    await supervisor.start()
    try:
        pids = [supervisor.process(name).kill() for name in ("postgres", "kafka")]
        for name in ("postgres", "kafka"):
            await supervisor.process(name).wait_ready(30)
        assert await fetch_value(postgres.dsn("verification"), "SELECT 1") == 1
        assert (await asyncio.to_thread(make_topics, kafka)).stdout == "0 topics made.\n"
        supervisor.sample()
        for name in ("postgres", "kafka"):
            process = supervisor.process(name)
            assert process.pid not in (None, *pids)
            assert process.usage.cpu_seconds > 0
            assert process.usage.memory_bytes_max > 10_000_000
    finally:
        await supervisor.stop()
    for port in (postgres.port, kafka.ports[0].broker):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)


async def test_supervised_postgres_can_be_away_for_a_while(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    supervisor = Supervisor([postgres.spec], tmp_path / "logs")
    await supervisor.start()
    try:
        process = supervisor.process("postgres")
        await process.stop()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncpg.connect(postgres.dsn("registration"))
        await process.start()
        assert await fetch_value(postgres.dsn("registration"), "SELECT 1") == 1
        assert process.state is State.READY
    finally:
        await supervisor.stop()


def test_each_process_is_told_its_own_settings_only(tmp_path: Path) -> None:
    stack = prepared(StackOptions(tmp_path, instances={"registration": 2}, free_ports=True))
    specs = {spec.name: spec for spec in stack.blueprint.specs()}
    second = specs["registration-2"]
    assert second.environment["REGISTRATION_HTTP_PORT"] == str(stack.ports["registration-2"])
    assert second.environment["REGISTRATION_DATABASE_URL"] == stack.postgres.dsn("registration")
    for name in ("registration", "verification", "ems-gateway"):
        prefix = name.upper().replace("-", "_") + "_"
        assert all(setting.startswith(prefix) for setting in specs[name].environment)
        assert f"{prefix}KAFKA_BOOTSTRAP_SERVERS" in specs[name].environment
        assert f"migrate-{name}" in specs[name].needs


def test_a_run_can_change_one_process(tmp_path: Path) -> None:
    options = StackOptions(
        tmp_path,
        free_ports=True,
        environment={"verification": {"VERIFICATION_LOG_LEVEL": "DEBUG"}},
        arguments={"councils": ("--interval=1",)},
    )
    specs = {spec.name: spec for spec in prepared(options).blueprint.specs()}
    assert specs["verification"].environment["VERIFICATION_LOG_LEVEL"] == "DEBUG"
    assert "VERIFICATION_LOG_LEVEL" not in specs["registration"].environment
    assert specs["councils"].command[-1] == "--interval=1"


def test_changing_a_process_that_is_not_there_is_refused(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, free_ports=True, environment={"verifcation": {}})
    with pytest.raises(ConfigurationError, match="no process verifcation: choose from"):
        prepared(options).blueprint.specs()


def test_without_simulators_only_the_product_runs(tmp_path: Path) -> None:
    stack = prepared(StackOptions(tmp_path, free_ports=True, simulators=False))
    names = {spec.name for spec in stack.blueprint.specs()}
    assert names.isdisjoint({"dwp", "councils", "notify"})
    Supervisor(stack.blueprint.specs(), tmp_path)  # whose needs are all there


@pytest.mark.long
def test_up_detached_stays_until_down_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for use, port in zip(USUAL_PORTS, free_ports(len(USUAL_PORTS)), strict=True):
        monkeypatch.setenv(setting_of(use), str(port))
    # Kafka takes this one and the next: below the range that free ports are drawn from.
    monkeypatch.setenv(setting_of("kafka"), str(10_000 + 2 * (os.getpid() % 4_500)))
    up = electoral("up", "--detach", f"--state={tmp_path}")
    assert up.returncode == 0, up.stderr
    supervisor = supervisor_pid(tmp_path)
    assert supervisor is not None
    below = psutil.Process(supervisor).children(recursive=True)
    status = electoral("status", f"--state={tmp_path}")
    assert (status.returncode, "ems-gateway" in status.stdout) == (0, True)
    assert electoral("up", f"--state={tmp_path}").returncode == 78
    assert electoral("down", f"--state={tmp_path}").returncode == 0
    assert psutil.wait_procs(below, timeout=5)[1] == []
    assert electoral("status", f"--state={tmp_path}").returncode == 1


def electoral(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "electoral_local", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def prepared(options: StackOptions) -> Stack:
    stack = Stack(replace(options, state=options.state / "state"))
    stack.kafka.prepare()
    stack.postgres.make_passwords()
    return stack
