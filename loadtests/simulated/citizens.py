"""Citizens: they send their application until it is answered, and keep the receipt.

Each has an idempotency key of its own and repeats it, so that however often the line breaks
there is one application.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from simulated.clock import now_text
from simulated.http_client import Answer, Connection, ConnectionBroken, Server
from simulated.population import Population
from simulated.receipts import TRY_AGAIN, Receipt, ReceiptBook

CONNECTIONS = 64
DEADLINE = 300.0  # seconds after the first try, when a citizen gives up
REQUEST_TIMEOUT = 20.0  # seconds
PAUSE_FIRST, PAUSE_MAX = 0.05, 2.0  # seconds between tries when the service names none
RETRY_AFTER_MAX = 60.0  # seconds; nobody waits longer, whatever is asked
FLUSH_INTERVAL = 1.0  # seconds
PROGRESS_INTERVAL = 0.2  # seconds
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is dear


class Submission(NamedTuple):
    number: int  # of the person, or of the line in the file
    key: str
    body: bytes
    from_file: bool


@dataclass
class Progress:
    """How far the sending is; `sent` counts those whose first try has begun."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    retries: int = 0


@dataclass(frozen=True)
class Manner:
    """How citizens send."""

    url: str
    token: str
    connections: int = CONNECTIONS
    rate: float | None = None  # submissions per second; None: as fast as answers come
    deadline: float = DEADLINE


def people(population: Population, first: int, count: int, today: date) -> Iterator[Submission]:
    """Persons first..first+count-1, each with the same key whenever they are sent."""
    for n in range(first, first + count):
        application = population.person(n, today).application
        body = COMPACT.encode(application).encode()
        yield Submission(n, f"citizen-{population.seed}-{n}", body, from_file=False)


def lines_of_file(path: Path) -> Iterator[Submission]:
    """One application a line, sent as it stands; line numbers from 1, empty lines left out."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            body = line.strip()
            if body:
                key = blake2b(body, digest_size=12).hexdigest()
                yield Submission(number, f"line-{number}-{key}", body, from_file=True)


class Citizens:
    """Sends submissions over a number of connections and writes the receipts."""

    def __init__(
        self,
        manner: Manner,
        book: ReceiptBook,
        refused: Callable[[Receipt], None] = lambda receipt: None,
    ) -> None:
        self.progress = Progress()
        self._manner = manner
        self._server = Server.of_url(manner.url)
        self._book = book
        self._refused = refused

    async def send(self, submissions: Iterator[Submission]) -> None:
        """Returns when every submission is answered or given up, and the book is on disk."""
        scheduled = _scheduled(submissions, self._manner.rate)
        flushing = asyncio.create_task(self._flush_forever())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._manner.connections):
                    group.create_task(self._send_in_turn(scheduled))
        finally:
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)
            self._book.close()

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_INTERVAL)
            self._book.flush()

    async def _send_in_turn(self, scheduled: Iterator[tuple[float, Submission]]) -> None:
        headers = {
            "Authorization": f"Bearer {self._manner.token}",
            "Content-Type": "application/json",
        }
        connection = Connection(self._server, headers)
        try:
            for due, submission in scheduled:
                if (early := due - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                self._note(await self._submit(connection, submission))
        finally:
            connection.close()

    async def _submit(self, connection: Connection, submission: Submission) -> Receipt:
        """Tries until there is an answer that another try would not change, or the deadline."""
        self.progress.sent += 1
        sent_at, tries = now_text(), 0
        give_up_at = time.monotonic() + self._manner.deadline
        while True:
            tries += 1
            answer = await _try_once(connection, submission)
            if answer is not None and answer.status not in TRY_AGAIN:
                return _receipt(submission, answer, tries, sent_at)
            pause = _pause(answer, tries)
            if time.monotonic() + pause > give_up_at:
                return _receipt(submission, answer, tries, sent_at)
            self.progress.retries += 1
            await asyncio.sleep(pause)

    def _note(self, receipt: Receipt) -> None:
        self._book.add(receipt)
        if receipt.accepted:
            self.progress.accepted += 1
        elif receipt.answered:
            self.progress.refused += 1
            self._refused(receipt)
        else:
            self.progress.unanswered += 1


def _scheduled(
    submissions: Iterator[Submission], rate: float | None
) -> Iterator[tuple[float, Submission]]:
    """Each submission with the monotonic time at which it is due."""
    start = time.monotonic()
    for place, submission in enumerate(submissions):
        yield (start + place / rate if rate else start), submission


async def _try_once(connection: Connection, submission: Submission) -> Answer | None:
    """The answer; None when the connection broke or the time was up."""
    headers = f"Idempotency-Key: {submission.key}\r\n".encode()
    try:
        return await connection.request(
            "POST", "/v1/applications", submission.body, headers, REQUEST_TIMEOUT
        )
    except (ConnectionBroken, OSError, TimeoutError):
        return None


def _pause(answer: Answer | None, tries: int) -> float:
    """Seconds until the next try: what the service asked for, or growing; never in step."""
    asked = answer.header(b"retry-after") if answer else b""
    if asked.isdigit():
        seconds = min(RETRY_AFTER_MAX, int(asked))
        return seconds + random.random() * min(1.0, max(seconds, PAUSE_FIRST))
    return min(PAUSE_MAX, PAUSE_FIRST * 2.0 ** min(tries, 16)) * random.uniform(0.5, 1.5)


def _receipt(submission: Submission, answer: Answer | None, tries: int, sent_at: str) -> Receipt:
    status = answer.status if answer else 0
    stated = json_object(answer.body) if answer else {}
    if status not in (200, 201):
        stated = {"reason": reason_of(stated)}
    authority = stated.get("authority")
    return Receipt(
        number=submission.number,
        key=submission.key,
        status=status,
        tries=tries,
        sent_at=sent_at,
        answered_at=now_text(),
        application_id=stated.get("applicationId", ""),
        reference=stated.get("reference", ""),
        arrived_at=stated.get("arrivedAt", ""),
        received_at=stated.get("receivedAt", ""),
        gss_code=authority.get("gssCode", "") if isinstance(authority, dict) else "",
        reason=stated.get("reason", ""),
        application=json_object(submission.body) if submission.from_file else None,
    )


def reason_of(problem: dict[str, Any]) -> str:
    """A problem document in one sentence: its field errors, or else its title."""
    errors = problem.get("errors") or []
    told = [f"{error.get('pointer', '')}: {error.get('detail', '')}" for error in errors]
    return "; ".join(told) or str(problem.get("detail") or problem.get("title") or "")


def json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
