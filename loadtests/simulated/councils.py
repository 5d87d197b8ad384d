"""The electoral registration officers (EROs) whose systems are played, as a file names them."""

import json
from dataclasses import dataclass
from pathlib import Path

JOURNAL_FILE = "councils.jsonl"


@dataclass(frozen=True)
class Council:
    """One ERO's system."""

    ero: str
    token: str
    gss_codes: tuple[str, ...] = ()  # that the ERO answers for, when the file says so


def read_councils(path: Path) -> list[Council]:
    """From a JSON file: a list of {"ero", "token", "gssCodes"?}, or an object of ERO -> token."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(entries, dict):
        return [Council(ero, token) for ero, token in entries.items()]
    return [
        Council(entry["ero"], entry["token"], tuple(entry.get("gssCodes", ()))) for entry in entries
    ]
