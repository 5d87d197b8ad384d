"""An event on the wire: CloudEvents binary mode, and the headers that name the attempt.

Headers repeat application id, attempt, revision, GSS code and the attempt's acceptance time, so
that a value nobody can decode still counts in the ledger.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from electoral.events import EVENT_BY_CE_TYPE, Event
from electoral.identifiers import new_event_id

VALUE_BYTES_MAX = 256 * 1024
GSS_CODE = re.compile(r"[A-Z][0-9]{8}")  # a NINO with its suffix is as long
NUMBER_MAX = 2**31 - 1  # of an attempt or a revision
ACCEPTED_YEARS = range(2000, 2201)


class Undecodable(Exception):
    """A message that no reader of this version can make an event of: hold it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Envelope(NamedTuple):
    """One event ready for the outbox."""

    event_id: UUID
    topic: str
    key: str
    headers: dict[str, str]
    value: bytes

    def headers_json(self) -> bytes:
        return to_json(self.headers)


class AttemptHeaders(NamedTuple):
    """Which attempt a message is about, as its headers say."""

    application_id: UUID
    attempt: int
    revision: int | None
    gss_code: str
    accepted_at: datetime


@lru_cache(maxsize=1_024)  # a batch has one moment many times
def timestamp(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with microseconds and `Z`."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def wrap(event: Event, *, source: str, at: datetime, traceparent: str) -> Envelope:
    """Make an envelope of an event; `source` is the service, `at` its transaction's time."""
    about = AttemptHeaders(
        application_id=event.application_id,
        attempt=event.attempt,
        # Asked for as an attribute, what is not there costs a model as much as all of these.
        revision=event.__dict__.get("revision"),
        gss_code=event.gss_code,
        accepted_at=event.attempt_received_at,
    )
    value = event.model_dump_json(by_alias=True, exclude_none=True).encode()
    return wrap_value(type(event), value, about, source=source, at=at, traceparent=traceparent)


def wrap_value(
    kind: type[Event],
    value: bytes,
    about: AttemptHeaders,
    *,
    source: str,
    at: datetime,
    traceparent: str,
) -> Envelope:
    """Make an envelope of an event's value that is written already."""
    event_id = new_event_id()
    key = str(about.application_id)
    headers = {
        "ce_id": str(event_id),
        "ce_type": kind.CE_TYPE,
        "ce_source": source,
        "ce_time": timestamp(at),
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "traceparent": traceparent,
        "application-id": key,
        "attempt": str(about.attempt),
        "gss-code": about.gss_code,
        "accepted-at": timestamp(about.accepted_at),
    }
    if about.revision is not None:
        headers["revision"] = str(about.revision)
    return Envelope(event_id, kind.TOPIC, key, headers, value)


def unwrap(value: bytes | None, headers: Mapping[str, bytes]) -> Event:
    """Read an event; raises `Undecodable` with a reason that holds nothing of the value."""
    ce_type = headers.get("ce_type", b"").decode("utf-8", "replace")
    model = EVENT_BY_CE_TYPE.get(ce_type)
    if model is None:
        raise Undecodable("unknown-event-type")
    if value is None or len(value) > VALUE_BYTES_MAX:
        raise Undecodable("empty-value" if value is None else "value-too-large")
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise Undecodable(f"invalid-value:{first['type']}") from None


def attempt_headers(headers: Mapping[str, bytes]) -> AttemptHeaders | None:
    """Read which attempt a message is about; None when its headers do not say so in full.

    What they say is kept in columns: nothing is believed that a column could not hold.
    """
    try:
        gss_code = headers["gss-code"].decode("ascii")
        accepted_at = datetime.fromisoformat(headers["accepted-at"].decode("ascii"))
        revision = headers.get("revision")
        found = AttemptHeaders(
            application_id=UUID(headers["application-id"].decode("ascii")),
            attempt=int(headers["attempt"]),
            revision=None if revision is None else int(revision),
            gss_code=gss_code,
            accepted_at=accepted_at,
        )
    except (KeyError, ValueError):
        return None
    return found if _is_believable(found) else None


def _is_believable(found: AttemptHeaders) -> bool:
    return (
        GSS_CODE.fullmatch(found.gss_code) is not None
        and 1 <= found.attempt <= NUMBER_MAX
        and 0 <= (found.revision or 0) <= NUMBER_MAX
        and found.accepted_at.tzinfo is not None
        and found.accepted_at.year in ACCEPTED_YEARS
    )
