"""The readiness request, against servers that answer well, badly and not at all."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from electoral_local.kafka_wire import can_create_topic, joined_brokers
from electoral_local.ports import free_ports


@contextmanager
def a_broker(answer: bytes) -> Iterator[int]:
    """Reads one request and sends `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                (length,) = struct.unpack(">i", connection.recv(4))
                connection.recv(length)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def a_response(error_code: int, *, correlation: int = 7) -> bytes:
    name = b"readiness-check"
    body = struct.pack(">iiih", correlation, 0, 1, len(name)) + name
    body += struct.pack(">hh", error_code, -1)
    return struct.pack(">i", len(body)) + body


def a_metadata_response(*node_ids: int) -> bytes:
    body = struct.pack(">ii", 7, len(node_ids))
    for node_id in node_ids:
        host = b"127.0.0.1"
        body += struct.pack(">ih", node_id, len(host)) + host + struct.pack(">ih", 9092, -1)
    body += struct.pack(">ii", node_ids[0] if node_ids else -1, 0)
    return struct.pack(">i", len(body)) + body


def test_brokers_that_have_joined_are_listed() -> None:
    with a_broker(a_metadata_response(3, 1)) as port:
        assert joined_brokers("127.0.0.1", port) == {1, 3}


def test_a_broker_that_has_not_joined_knows_of_none() -> None:
    with a_broker(a_metadata_response()) as port:
        assert joined_brokers("127.0.0.1", port) == set()


def test_a_list_of_brokers_cut_short_is_none() -> None:
    whole = a_metadata_response(3, 1)[4:20]
    with a_broker(struct.pack(">i", len(whole)) + whole) as port:
        assert joined_brokers("127.0.0.1", port) == set()


def test_no_error_means_ready() -> None:
    with a_broker(a_response(0)) as port:
        assert can_create_topic("127.0.0.1", port, replicas=1)


def test_too_few_brokers_for_the_replicas_means_not_ready() -> None:
    with a_broker(a_response(38)) as port:
        assert not can_create_topic("127.0.0.1", port, replicas=3)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">i", 2) + b"ab",
        struct.pack(">i", -1),
        a_response(0, correlation=8),
    ],
)
def test_an_answer_that_is_none_means_not_ready(answer: bytes) -> None:
    with a_broker(answer) as port:
        assert not can_create_topic("127.0.0.1", port, replicas=1)


def test_nobody_there_means_not_ready() -> None:
    (port,) = free_ports(1)
    assert not can_create_topic("127.0.0.1", port, replicas=1)
    assert joined_brokers("127.0.0.1", port) == set()
