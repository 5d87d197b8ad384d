"""Two requests of Kafka's protocol, by hand, to see whether a cluster could do its work.

An open port is not readiness: a broker opens it before it has joined. `Metadata` version 1 (key 3)
names the brokers that have, as far as the one asked knows. `CreateTopics` version 4 with
`validate_only` (key 19) is handed to the controller, which says no while no broker has joined, or
too few were ever there. (Protocol guide: https://kafka.apache.org/protocol)
"""

import socket
import struct

_METADATA, _METADATA_VERSION = 3, 1
_CREATE_TOPICS, _CREATE_TOPICS_VERSION = 19, 4
_CORRELATION = 7
_TIMEOUT_SECONDS = 1.5
_RESPONSE_BYTES_MAX = 65_536


class _NotKafka(Exception):
    """The answer is none of this protocol."""


def can_create_topic(host: str, port: int, *, replicas: int) -> bool:
    """False also when nobody answers, or not in time."""
    partitions, timeout_ms, validate_only = 1, 1_000, True
    topic = _string("readiness-check") + struct.pack(">ihii", partitions, replicas, 0, 0)
    body = struct.pack(">i", 1) + topic + struct.pack(">i?", timeout_ms, validate_only)
    try:
        answer = _ask(host, port, _CREATE_TOPICS, _CREATE_TOPICS_VERSION, body)
        return _error_code(answer) == 0
    except (OSError, _NotKafka, struct.error):
        return False


def joined_brokers(host: str, port: int) -> set[int]:
    """Node ids; empty also when nobody answers, or not in time."""
    no_topics = struct.pack(">i", 0)
    try:
        return _node_ids(_ask(host, port, _METADATA, _METADATA_VERSION, no_topics))
    except (OSError, _NotKafka, struct.error):
        return set()


def _ask(host: str, port: int, key: int, version: int, body: bytes) -> bytes:
    """The response's body, behind its correlation id."""
    request = struct.pack(">hhi", key, version, _CORRELATION) + _string("electoral") + body
    with socket.create_connection((host, port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _read(connection, 4))
        if not 4 <= length <= _RESPONSE_BYTES_MAX:
            raise _NotKafka
        response = _read(connection, length)
    if struct.unpack_from(">i", response) != (_CORRELATION,):
        raise _NotKafka
    return response[4:]


def _error_code(answer: bytes) -> int:
    """Throttle time, number of topics, name, error code."""
    _throttle_ms, topics, name_length = struct.unpack_from(">iih", answer)
    if topics != 1 or name_length < 0:
        raise _NotKafka
    (code,) = struct.unpack_from(">h", answer, 10 + name_length)
    return int(code)


def _node_ids(answer: bytes) -> set[int]:
    """Number of brokers; of each node id, host, port and rack."""
    (brokers,) = struct.unpack_from(">i", answer)
    at, found = 4, set()
    for _ in range(brokers):
        node_id, host_length = struct.unpack_from(">ih", answer, at)
        at += 6 + max(0, host_length) + 4
        (rack_length,) = struct.unpack_from(">h", answer, at)
        at += 2 + max(0, rack_length)
        found.add(int(node_id))
    return found


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise _NotKafka
        data += part
    return data
