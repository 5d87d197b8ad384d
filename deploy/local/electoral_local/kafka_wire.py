"""One request of Kafka's protocol, by hand: could this cluster create a topic now?

`CreateTopics` version 4 with `validate_only` (https://kafka.apache.org/protocol, key 19): a broker
hands it to the controller, which says no while too few brokers are there for the replicas asked.
Nothing less is readiness: a broker opens its port before it has joined.
"""

import socket
import struct

_CREATE_TOPICS = 19
_VERSION = 4
_CORRELATION = 7
_TIMEOUT_SECONDS = 1.5
_RESPONSE_BYTES_MAX = 65_536


def can_create_topic(host: str, port: int, *, replicas: int) -> bool:
    """False also when nobody answers, or not in time."""
    request = _request("readiness-check", replicas)
    try:
        with socket.create_connection((host, port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (length,) = struct.unpack(">i", _read(connection, 4))
            if not 0 < length <= _RESPONSE_BYTES_MAX:
                return False
            return _error_code(_read(connection, length)) == 0
    except (OSError, EOFError, struct.error):
        return False


def _request(topic: str, replicas: int) -> bytes:
    header = struct.pack(">hhi", _CREATE_TOPICS, _VERSION, _CORRELATION) + _string("electoral")
    partitions = 1
    one_topic = _string(topic) + struct.pack(">ihii", partitions, replicas, 0, 0)
    timeout_ms, validate_only = 1_000, True
    return header + struct.pack(">i", 1) + one_topic + struct.pack(">i?", timeout_ms, validate_only)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _error_code(response: bytes) -> int:
    """Correlation id, throttle time, number of topics, name, error code."""
    correlation, _throttle_ms, topics, name_length = struct.unpack_from(">iiih", response)
    if correlation != _CORRELATION or topics != 1:
        raise EOFError
    (code,) = struct.unpack_from(">h", response, 14 + name_length)
    return int(code)


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
