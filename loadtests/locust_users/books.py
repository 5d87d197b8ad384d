"""What locust's people and councils write down: receipts, and journals of what councils got."""

from pathlib import Path

from simulated.journal import end_torn_line, write_lines
from simulated.receipts import ReceiptBook

from locust_users.green import in_thread, sleep, start

FLUSH_INTERVAL = 1.0  # seconds


class CouncilJournal:
    """A journal that is on disk before anybody goes on; others work while the disk does.

    Satisfies `Appends`: `append` is a coroutine that is never suspended.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        end_torn_line(path, self._file)
        self._noted: list[bytes] = []

    def note(self, line: bytes) -> None:
        self._noted.append(line)

    async def append(self, line: bytes) -> None:
        self.flush(line)

    def flush(self, *more: bytes) -> None:
        """Returns when everything is on disk."""
        lines, self._noted = [*self._noted, *more], []
        if lines:
            in_thread(write_lines, self._file, lines)

    def close(self) -> None:
        self.flush()
        self._file.close()


class Books:
    """What one process writes: its receipts, and what came to the councils that it plays."""

    def __init__(self, receipts: ReceiptBook, councils: CouncilJournal) -> None:
        self.receipts = receipts
        self.councils = councils
        self._is_closing = False
        self._wait_for_flushing = start(self._flush_until_closed)

    def _flush_until_closed(self) -> None:
        while not self._is_closing:
            sleep(FLUSH_INTERVAL)
            in_thread(self.receipts.flush)
            self.councils.flush()

    def close(self) -> None:
        self._is_closing = True
        self._wait_for_flushing()  # whatever a thread still writes is written before the end
        self.receipts.close()
        self.councils.close()
