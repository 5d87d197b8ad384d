"""Writes the part of a lock file that some distributions need, with its hashes.

`requirements_of.py LOCK run|build DIRECTORY...`: what their pyproject.toml files name, and what
that needs in turn, by the lock's own `# via` comments. So an image holds what its service needs,
at the versions and with the sums that were locked for all, and nothing of the local stack.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

EX_CONFIG = 78
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==")
_VIA = re.compile(r"^ +#(?: +via)? +(?P<name>[A-Za-z0-9._-]+)$")


def normalised(name: str) -> str:
    """Return a distribution's name as the index knows it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> dict[str, str]:
    """Return each distribution's lines, by its name."""
    entries: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if found := _ENTRY.match(line):
            name = normalised(found["name"])
        if name:
            entries[name] = entries.get(name, "") + line
    return entries


def needed_by(entry: str) -> set[str]:
    """Return which distributions asked for this one."""
    return {normalised(found["name"]) for line in entry.splitlines() if (found := _VIA.match(line))}


def reached(entries: dict[str, str], wanted: set[str]) -> set[str]:
    """Return what is wanted and all that it needs."""
    found = set(wanted)
    while more := {n for n, e in entries.items() if n not in found and needed_by(e) & found}:
        found |= more
    return found


def named_by(what: str, directories: list[Path]) -> set[str]:
    """Return what the distributions name; they do not ask an index for each other."""
    own, named = set(), set()
    for directory in directories:
        document = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))
        own.add(normalised(document["project"]["name"]))
        table = document["project"]["dependencies"]
        named |= set(_names(document["build-system"]["requires"] if what == "build" else table))
    return named - own


def _names(requirements: list[str]) -> Iterator[str]:
    for requirement in requirements:
        yield normalised(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])


def main(arguments: list[str]) -> int:
    lock, what, *directories = arguments
    entries = read_lock(Path(lock).read_text(encoding="utf-8"))
    wanted = named_by(what, [Path(directory) for directory in directories])
    if missing := sorted(wanted - set(entries)):
        sys.stderr.write(f"{lock} does not lock {', '.join(missing)}: run `make lock`.\n")
        return EX_CONFIG
    sys.stdout.writelines(entries[name] for name in sorted(reached(entries, wanted)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
