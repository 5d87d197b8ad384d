"""One person's visit, or one batch of a partner's: what was asked, and what came of it."""

from collections.abc import Sequence
from typing import Any

from simulated.citizens import json_object, reason_of
from simulated.clock import now_text
from simulated.http_client import Answer
from simulated.load.crowd import Arrival
from simulated.receipts import ACCEPTED, TRY_AGAIN, Receipt

ONE, BATCH = "/v1/applications", "/v1/applications:batch"
Told = tuple[int, dict[str, Any]]  # status and document, for one arrival
TOLD_TO_WAIT = frozenset({429, 503})


class Visit:
    """Those who share one request; most visits are one person's."""

    __slots__ = (
        "arrivals",
        "asked_at",
        "body",
        "due",
        "expected_at",
        "first_id",
        "headers",
        "held_up",
        "not_before",
        "number",
        "path",
        "returns",
        "sent_at",
        "settled",
        "tabs",
        "tries",
        "unsure",
    )

    def __init__(self, arrivals: Sequence[Arrival], due: float) -> None:
        """`due`: seconds from the start."""
        self.arrivals = arrivals
        self.number = arrivals[0].n
        self.due = due
        self.expected_at = due  # when this coming was due; later for one who was sent away
        self.asked_at = 0.0  # seconds from the start: when the latest tab was opened
        self.sent_at = ""
        self.tries = self.tabs = self.returns = 0  # tabs: open ones
        self.held_up = False  # found every connection in use
        self.not_before = 0.0  # seconds from the start: when those who were sent away may return
        self.unsure = False  # a try had no answer, and may have had effect
        self.settled = False
        self.first_id = ""
        if len(arrivals) == 1:
            self.path, self.body = ONE, arrivals[0].person.body
            self.headers = b"Idempotency-Key: %b\r\n" % arrivals[0].key.encode()
        else:
            self.path, self.headers, self.body = BATCH, b"", _batch(arrivals)


def _batch(arrivals: Sequence[Arrival]) -> bytes:
    items = (
        b'{"idempotencyKey":"%b","application":%b}' % (one.key.encode(), one.person.body)
        for one in arrivals
    )
    return b'{"applications":[%b]}' % b",".join(items)


def results(visit: Visit, answer: Answer) -> list[Told]:
    """Status and document for each arrival, in order."""
    document = json_object(answer.body)
    if visit.path == ONE or answer.status != 200:
        return [(answer.status, document)] * len(visit.arrivals)
    stated = document.get("results") or []
    told = [(one["status"], one.get("receipt") or one.get("problem") or {}) for one in stated]
    return told + [(0, {})] * (len(visit.arrivals) - len(told))


def seconds_to_wait(answer: Answer) -> int | None:
    """For how long somebody is sent away; None if that is not the answer."""
    asked = answer.header(b"retry-after")
    return int(asked) if answer.status in TOLD_TO_WAIT and asked.isdigit() else None


def says_no_time(answer: Answer) -> bool:
    """Whether somebody is sent away, and not told until when."""
    return answer.status in TOLD_TO_WAIT and seconds_to_wait(answer) is None


def is_final(told: Sequence[Told]) -> bool:
    return all(status not in TRY_AGAIN for status, _ in told)


def receipt(
    visit: Visit,
    arrival: Arrival,
    told: Told,
    due_at: str,
    *,
    turned_away: bool = False,
) -> Receipt:
    status, stated = told
    accepted = status in ACCEPTED
    authority = stated.get("authority") if accepted else None
    return Receipt(
        number=arrival.person.number,
        key=arrival.key,
        status=status,
        tries=visit.tries,
        sent_at=visit.sent_at,
        answered_at=now_text(),
        application_id=stated.get("applicationId", "") if accepted else "",
        reference=stated.get("reference", "") if accepted else "",
        arrived_at=stated.get("arrivedAt", "") if accepted else "",
        received_at=stated.get("receivedAt", "") if accepted else "",
        gss_code=authority.get("gssCode", "") if isinstance(authority, dict) else "",
        reason="" if accepted else reason_of(stated),
        due_at=due_at,
        digest=arrival.person.digest,
        expected_refusal=arrival.person.invalid,
        turned_away=turned_away,
    )
