"""Kafka's jars: a committed list of coordinates and checksums, fetched side by side into the cache.

The list is the run-time closure of `org.apache.kafka:kafka_2.13` and a logging binding, less what
only the compiler or an OAuth login needs.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import requests
from jgo.constants import MAVEN_CENTRAL_URL

from electoral_local.errors import ConfigurationError, LocalError

_AT_ONCE = 8
_TRIES = 5
_PAUSE_SECONDS_FIRST = 0.5
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_CHUNK_BYTES = 1 << 18


class _Transient(Exception):
    """Worth another try: the network, a busy repository, a file cut short."""


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def repository_path(self) -> str:
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def listed_jars() -> list[Jar]:
    """The committed list: a line is `group:artifact:version sha256`."""
    text = files(__package__).joinpath("kafka_jars.txt").read_text(encoding="utf-8")
    return [_jar(line) for line in text.splitlines() if line.strip()]


def _jar(line: str) -> Jar:
    coordinates, sha256 = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256)


def repository_address() -> str:
    """Where jars come from; `ELECTORAL_MAVEN_REPOSITORY` names a mirror."""
    return (os.environ.get("ELECTORAL_MAVEN_REPOSITORY") or MAVEN_CENTRAL_URL).rstrip("/")


def fetch_jars(jars: list[Jar], directory: Path, repository: str) -> list[Path]:
    """All of them in `directory`, checked when they were fetched; those there are kept."""
    directory.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in jars if not (directory / jar.file_name).exists()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda jar: _fetch(jar, directory, repository), missing):
            pass
    return [directory / jar.file_name for jar in jars]


def _fetch(jar: Jar, directory: Path, repository: str) -> None:
    reason = ""
    for attempt in range(_TRIES):
        try:
            _fetch_once(jar, directory, f"{repository}/{jar.repository_path}")
        except _Transient as error:
            reason = str(error)
            time.sleep(_PAUSE_SECONDS_FIRST * 2**attempt)
        else:
            return
    raise LocalError(
        f"{jar.file_name}, a part of Kafka, could not be fetched in {_TRIES} tries ({reason}): "
        "check the network, or name a Maven repository that answers with "
        "ELECTORAL_MAVEN_REPOSITORY."
    )


def _fetch_once(jar: Jar, directory: Path, address: str) -> None:
    draft = directory / f".{jar.file_name}.{os.getpid()}"
    try:
        digest = _download(address, draft)
        if digest != jar.sha256:
            raise _Transient("its checksum is not the listed one")
        draft.replace(directory / jar.file_name)
    finally:
        draft.unlink(missing_ok=True)


def _download(address: str, target: Path) -> str:
    """Write what is there to `target`; its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    timeouts = (_CONNECT_SECONDS, _READ_SECONDS)
    try:
        with (
            requests.get(address, stream=True, timeout=timeouts) as response,
            target.open("wb") as f,
        ):
            _check_status(response.status_code)
            for chunk in response.iter_content(_CHUNK_BYTES):
                digest.update(chunk)
                f.write(chunk)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _Transient(type(error).__name__) from error
    except requests.RequestException as error:
        raise ConfigurationError(
            f"The Maven repository's address cannot be used ({type(error).__name__}): "
            "correct ELECTORAL_MAVEN_REPOSITORY."
        ) from error
    return digest.hexdigest()


def _check_status(status: int) -> None:
    if status == requests.codes.ok:
        return
    if status in (408, 429) or status >= 500:
        raise _Transient(f"status {status}")
    raise ConfigurationError(
        f"The Maven repository answered {status} for a part of Kafka: name one that has it with "
        "ELECTORAL_MAVEN_REPOSITORY."
    )


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Two runs that start together on a cold cache must not both fill it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
