"""Fetching Kafka's jars, from a small repository of our own."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from electoral_local import jars
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.jars import Jar, fetch_jars, listed_jars, repository_address

CONTENT = b"bytes of a jar"
JAR = Jar("org.example", "thing", "1.2", hashlib.sha256(CONTENT).hexdigest())
PATH = "/org/example/thing/1.2/thing-1.2.jar"


@dataclass
class Repository:
    """Answers `statuses` one after the other, the last for ever; 200 with `content`."""

    statuses: list[int] = field(default_factory=lambda: [200])
    content: bytes = CONTENT
    asked: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def serving(self) -> Iterator[str]:
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.asked[self.path] += 1
                statuses = repository.statuses
                status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(repository.content)))
                self.end_headers()
                self.wfile.write(repository.content)

            def log_message(self, *arguments: object) -> None:
                """Not into the tests' output."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_PAUSE_SECONDS_FIRST", 0.0)


def test_a_jar_is_fetched_by_its_coordinates(tmp_path: Path) -> None:
    repository = Repository()
    with repository.serving() as address:
        paths = fetch_jars([JAR], tmp_path / "new", address)
    assert paths == [tmp_path / "new" / "thing-1.2.jar"]
    assert paths[0].read_bytes() == CONTENT
    assert repository.asked == {PATH: 1}


def test_a_jar_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / JAR.file_name).write_bytes(CONTENT)
    repository = Repository()
    with repository.serving() as address:
        fetch_jars([JAR], tmp_path, address)
    assert not repository.asked


def test_a_busy_repository_is_asked_again(tmp_path: Path) -> None:
    repository = Repository([503, 429, 200])
    with repository.serving() as address:
        fetch_jars([JAR], tmp_path, address)
    assert repository.asked[PATH] == 3


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    repository = Repository(content=b"something else")
    with repository.serving() as address, pytest.raises(LocalError, match="checksum"):
        fetch_jars([JAR], tmp_path, address)
    assert repository.asked[PATH] == 5
    assert list(tmp_path.iterdir()) == []


def test_a_repository_without_it_is_named_as_the_thing_to_change(tmp_path: Path) -> None:
    repository = Repository([404])
    expected = pytest.raises(ConfigurationError, match=r"404.*ELECTORAL_MAVEN_REPOSITORY")
    with repository.serving() as address, expected:
        fetch_jars([JAR], tmp_path, address)
    assert repository.asked[PATH] == 1


def test_an_unreachable_repository_says_what_to_do(tmp_path: Path) -> None:
    with Repository().serving() as address:
        pass
    with pytest.raises(LocalError, match=r"could not be fetched in 5 tries.*check the network"):
        fetch_jars([JAR], tmp_path, address)


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ELECTORAL_MAVEN_REPOSITORY"):
        fetch_jars([JAR], tmp_path, "no-address")


def test_the_list_names_each_jar_once_with_its_checksum() -> None:
    listed = listed_jars()
    assert len({(jar.group, jar.artifact) for jar in listed}) == len(listed)
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in listed)
    kafka = {jar.version for jar in listed if jar.group == "org.apache.kafka"}
    assert kafka == {"4.1.1"}


def test_a_setting_names_another_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTORAL_MAVEN_REPOSITORY", "http://127.0.0.1:1/maven/")
    assert repository_address() == "http://127.0.0.1:1/maven"
