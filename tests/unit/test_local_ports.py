"""Ports: free ones, taken ones, and those of the whole stack."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from electoral_local.errors import ConfigurationError
from electoral_local.ports import FREE, free_ports, refuse_taken
from electoral_local.processes import Port
from electoral_local.stack_ports import any_ports, usual_ports


@pytest.fixture
def turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's own turn is noted; nothing is yet."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary" / f"electoral-ports-{os.getuid()}"


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_free_ports_are_none_that_a_connection_may_be_given() -> None:
    assert set(free_ports(20)) <= set(range(20_000, 32_768))


def test_a_free_port_is_not_given_again_soon() -> None:
    assert not set(free_ports(20)) & set(free_ports(20))


def test_a_free_port_is_not_given_again_to_another_process() -> None:
    ask = "from electoral_local.ports import free_ports; print(*free_ports(20))"
    answer = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True)
    assert not set(free_ports(20)) & {int(number) for number in answer.stdout.split()}


def test_who_asks_waits_while_others_are_given_theirs(turn: Path) -> None:
    ask = "from electoral_local.ports import free_ports; print('asking'); print(*free_ports(20))"
    command = [sys.executable, "-u", "-c", ask]
    environment = {**os.environ, "TMPDIR": str(turn.parent)}
    with (
        turn.open("w") as noted,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as asking,
    ):
        fcntl.flock(noted, fcntl.LOCK_EX)
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"asking\n"
        with pytest.raises(subprocess.TimeoutExpired):
            asking.wait(1)
        fcntl.flock(noted, fcntl.LOCK_UN)
        assert len(asking.stdout.readline().split()) == 20


def test_a_port_that_somebody_listens_on_is_not_free(turn: Path) -> None:
    [taken] = free_ports(1)
    turn.write_text(f"{FREE.index(taken)}\n")  # its turn comes again
    with socket.create_server(("127.0.0.1", taken)):
        assert taken not in free_ports(1)


def test_after_the_last_port_comes_the_first(turn: Path) -> None:
    turn.write_text(f"{len(FREE) - 1}\n")
    assert min(free_ports(2)) < FREE[len(FREE) // 2]


@pytest.mark.parametrize("noted", [b"", b"\n", b"-1", b"7" * 5_000, b"\xff\xfe", "٣".encode()])
def test_a_note_that_is_none_begins_somewhere(turn: Path, noted: bytes) -> None:
    turn.write_bytes(noted)
    first, second = free_ports(1), free_ports(1)
    assert first != second


def test_a_link_is_not_followed(turn: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("words")
    turn.symlink_to(theirs)
    with pytest.raises(ConfigurationError, match="which failed"):
        free_ports(1)
    assert theirs.read_text() == "words"


def test_a_turn_that_cannot_be_noted_says_what_to_do(turn: Path) -> None:
    turn.mkdir()
    with pytest.raises(ConfigurationError, match=r"electoral-ports-.*set TMPDIR to another"):
        free_ports(1)


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"free ports are needed between 20000 and 32767"):
        free_ports(len(FREE) + 1)


def test_a_taken_port_is_refused_with_its_number_use_holder_and_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            refuse_taken([Port(number, "registration", "ELECTORAL_REGISTRATION_PORT")])
    assert str(caught.value).startswith(
        f"Port {number}, which registration would use, is taken by process {os.getpid()} ("
    )
    assert str(caught.value).endswith("choose another port with ELECTORAL_REGISTRATION_PORT.")
    assert caught.value.exit_code == 78


def test_a_port_whose_connections_only_linger_is_not_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", number))
        accepted, _ = server.accept()
        accepted.close()
        client.close()
    refuse_taken([Port(number, "registration")])


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(number: int) -> None:
    with pytest.raises(ConfigurationError, match="is no port number"):
        refuse_taken([Port(number, "registration")])


def test_usual_ports_are_the_documented_ones() -> None:
    ports = usual_ports({}, brokers=1)
    assert (ports["registration"], ports["registration-admin"]) == (8101, 9101)
    assert [(node.broker, node.controller) for node in ports.kafka] == [(19092, 19093)]


def test_a_setting_moves_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTORAL_EMS_GATEWAY_ADMIN_PORT", "20001")
    assert usual_ports({}, brokers=1)["ems-gateway-admin"] == 20001


@pytest.mark.parametrize("value", ["http", "0", "65536", "-5"])
def test_a_setting_that_is_no_port_is_refused_by_name(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELECTORAL_KAFKA_PORT", value)
    with pytest.raises(ConfigurationError, match="ELECTORAL_KAFKA_PORT is no port number"):
        usual_ports({}, brokers=1)


def test_further_instances_and_brokers_have_ports_of_their_own() -> None:
    ports = usual_ports({"registration": 2, "verification": 3}, brokers=3)
    assert (ports["registration-2"], ports["registration-2-admin"]) == (8111, 9111)
    assert ports["verification-3-admin"] == 9122
    numbers = [*ports.numbers.values(), *(n.controller for n in ports.kafka)]
    numbers += [n.broker for n in ports.kafka[1:]]
    assert len(set(numbers)) == len(numbers)


def test_any_ports_have_the_same_uses_and_all_differ() -> None:
    usual = usual_ports({"registration": 2}, brokers=3)
    free = any_ports({"registration": 2}, brokers=3)
    assert free.numbers.keys() == usual.numbers.keys()
    brokers = {number for node in free.kafka for number in (node.broker, node.controller)}
    assert len(brokers) == 6
    assert brokers.isdisjoint(free.numbers.values())
