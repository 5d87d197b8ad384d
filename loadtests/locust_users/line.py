"""A line to one server over locust's client: reloads, three tabs, and patience.

Every request is in locust's table under the page or route that it asked, never under an id.
"""

import random
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from locust.contrib.fasthttp import FastHttpSession
from simulated.council_calls import seconds_to_wait
from simulated.http_client import Answer, ConnectionBroken
from simulated.receipts import TRY_AGAIN

from locust_users.green import Box, sleep, start

RELOAD_AFTER = 5.0  # seconds without an answer
TABS_MAX = 3
GIVE_UP_AFTER = 300.0  # seconds after the first try
PAUSE_FIRST, PAUSE_MAX = 0.25, 5.0  # seconds between tries when the service names none
RETRY_AFTER_MAX = 60.0  # seconds; nobody waits longer, whatever is asked
BROKEN = 0  # in place of a status
REFUSED = frozenset({422})

_IDS = re.compile(r"(?<=/registrations/)[0-9a-f]{24}|(?<=/leases/)[^/]+")
_LANGUAGE = re.compile(r"^/register-to-vote/cy(?=/|$)")

Expected = Callable[[str, str], Collection[int]]
"""For a method and a path, the statuses that are as they should be."""


class Manner(NamedTuple):
    """How somebody asks."""

    expected: Expected
    tabs: int = TABS_MAX
    give_up_after: float = GIVE_UP_AFTER  # 0: one try
    think: float = 0.0  # seconds before each request, on average


class Line:
    """Asks until there is an answer that another try would not change, or patience ends.

    Satisfies `Requests`: `request` is a coroutine that is never suspended.
    """

    def __init__(self, session: FastHttpSession, url: str, manner: Manner) -> None:
        self.tries = 0  # of the last request
        self.unsure = False  # a try had no answer, and may have had effect
        self.mistaken = False  # what is sent now has a mistake, and must be refused
        self._session = session
        self._url = url.rstrip("/")
        self._manner = manner

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: bytes = b"",
        timeout_seconds: float = 0.0,
    ) -> Answer:
        """The answer. Raises ConnectionBroken when there was none at all.

        How long one try may last is the user's `network_timeout`.
        """
        return self.ask(method, path, body, headers)

    def ask(self, method: str, path: str, body: bytes | None, headers: bytes) -> Answer:
        """As `request`."""
        manner, begun = self._manner, time.monotonic()
        if manner.think:
            sleep(random.expovariate(1 / manner.think))
        self.tries = 0
        while True:
            answer = self._ask_in_tabs(method, path, body, headers)
            if answer.status not in TRY_AGAIN:
                return answer
            pause = _pause(answer, self.tries)
            if time.monotonic() + pause - begun > manner.give_up_after:
                break
            sleep(pause)
        if answer.status == BROKEN:
            raise ConnectionBroken
        return answer

    def _ask_in_tabs(self, method: str, path: str, body: bytes | None, headers: bytes) -> Answer:
        """The first answer of the tabs that are opened, one more whenever it takes too long."""
        answers: Box[Answer] = Box()
        opened = ended = 0
        while True:
            if opened < self._manner.tabs:
                opened += 1
                self.tries += 1
                again = " (reloaded)" if opened > 1 else ""
                start(self._send, answers, method, path, body, headers, again)
            answer = answers.take(RELOAD_AFTER if opened < self._manner.tabs else None)
            if answer is None:
                continue
            ended += 1
            self.unsure |= answer.status == BROKEN
            if answer.status != BROKEN or ended == opened:
                return answer

    def _send(
        self,
        answers: Box[Answer],
        method: str,
        path: str,
        body: bytes | None,
        headers: bytes,
        again: str,
    ) -> None:
        mistaken = " (mistaken)" if self.mistaken else ""
        data: Any = body  # bytes, too, whatever the types say
        expected = REFUSED if self.mistaken else self._manner.expected(method, path)
        with self._session.request(
            method,
            self._url + path,
            name=f"{name_of(path)}{mistaken}{again}",
            data=data,
            headers=_as_dict(headers),
            catch_response=True,
        ) as response:
            status = response.status_code
            if status in expected:
                response.success()
            elif status == 503:
                response.failure("503: asked to come again later")
            elif status != BROKEN:
                response.failure(f"{status}, which was not expected")
            content = response.content or b""
        answers.put(_answer(status, response.headers, content))


def name_of(path: str) -> str:
    """The page or route of a path, the same in both languages and for every id."""
    plain = _LANGUAGE.sub("/register-to-vote", path.partition("?")[0])
    return _IDS.sub("{id}", plain)


def _as_dict(lines: bytes) -> dict[str, str]:
    pairs = (line.partition(": ") for line in lines.decode("latin-1").split("\r\n") if line)
    return {name: value for name, _, value in pairs}


def _answer(status: int, headers: Mapping[str, str] | None, content: bytes) -> Answer:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    as_sent = f"HTTP/1.1 {status} \r\n{lines}".encode("latin-1")
    return Answer(status, as_sent.lower(), content, as_sent)


def _pause(answer: Answer, tries: int) -> float:
    """Seconds until the next try: what the service asked for, or growing; never in step."""
    asked = answer.header(b"retry-after").decode("latin-1")
    if asked:
        seconds = min(RETRY_AFTER_MAX, seconds_to_wait(asked))
        return seconds + random.random() * min(1.0, max(seconds, PAUSE_FIRST))
    return min(PAUSE_MAX, PAUSE_FIRST * 2.0 ** min(tries, 16)) * random.uniform(0.5, 1.5)
