"""Where things are kept: what can be fetched again in the cache, the rest in the state."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Outside the tree, shared by all checkouts; `ELECTORAL_CACHE` moves it."""
    if chosen := os.environ.get("ELECTORAL_CACHE"):
        return Path(chosen).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().absolute() / "electoral"


def state_directory() -> Path:
    """`var` below the current folder; `ELECTORAL_STATE` moves it."""
    return Path(os.environ.get("ELECTORAL_STATE", "var")).expanduser().absolute()


def write_private(path: Path, text: str, *, durable: bool = True) -> None:
    """Write for the owner's eyes alone, then rename, so that nobody ever reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    draft.replace(path)
