"""The citizens' own record: what each of them sent and which receipt came back."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simulated.journal import read_journal

ACCEPTED = frozenset({200, 201})
TRY_AGAIN = frozenset({0, 408, 425, 429, 500, 502, 503, 504})  # 0: no answer at all


class BookUnusable(ValueError):
    """The file is no book of receipts, or not of the same population as the others."""


@dataclass(frozen=True)
class Run:
    """The first line of a journal: who was sent. `seed` is None when they came from a file."""

    seed: int | None
    shares: dict[str, float]
    today: str  # the London day for which ages were worked out


class Receipt(NamedTuple):
    """One submission, answered or given up."""

    number: int  # of the person, or of the line in the file
    key: str
    status: int  # of the last answer; 0: never answered
    tries: int
    sent_at: str
    answered_at: str
    application_id: str = ""
    reference: str = ""
    arrived_at: str = ""
    received_at: str = ""
    gss_code: str = ""
    reason: str = ""  # why it was refused, in the service's words
    application: dict[str, Any] | None = None  # as sent, when it came from a file
    due_at: str = ""  # when the schedule wanted it sent
    digest: str = ""  # SHA-256, by the sender, over what a council must receive
    expected_refusal: bool = False  # the application is not valid
    turned_away: bool = False  # told to come back later, each time, and did not any more

    @property
    def accepted(self) -> bool:
        return self.status in ACCEPTED

    @property
    def answered(self) -> bool:
        """Whether the last answer is one that another try would not change, or a plain refusal."""
        return self.turned_away or self.status not in TRY_AGAIN


class ReceiptBook:
    """Writes receipts; `flush` puts on disk what was added since."""

    def __init__(self, path: Path, run: Run) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._lines = [json.dumps({"run": asdict(run)})]

    def add(self, receipt: Receipt) -> None:
        self._lines.append(json.dumps(_without_blanks(receipt)))

    def flush(self) -> None:
        self._write(self._taken())

    async def flush_beside(self) -> None:
        """The same in a thread, so that nobody waits for the disk."""
        await asyncio.to_thread(self._write, self._taken())

    def _taken(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines

    def _write(self, lines: list[str]) -> None:
        self._file.write("".join(line + "\n" for line in lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self.flush()
        self._file.close()


def _without_blanks(receipt: Receipt) -> dict[str, object]:
    pairs = zip(Receipt._fields, receipt, strict=True)
    return {name: value for name, value in pairs if value or type(value) is int}


def read_receipts(path: Path) -> tuple[Run, Iterator[Receipt]]:
    """The run and its receipts. Raises BookUnusable, also while the receipts are read."""
    entries = read_journal(path)
    try:
        run = Run(**next(entries, {})["run"])
    except (KeyError, TypeError):
        raise BookUnusable(
            f"{path.name} is no book of citizens: its first line names no run"
        ) from None
    return run, _receipts(path, entries)


def _receipts(path: Path, entries: Iterable[dict[str, Any]]) -> Iterator[Receipt]:
    for entry in entries:
        try:
            yield Receipt(**entry)
        except TypeError:
            raise BookUnusable(
                f"{path.name} is no book of citizens: it holds a line that is no receipt"
            ) from None
