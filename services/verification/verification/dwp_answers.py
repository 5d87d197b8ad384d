"""What an answer of DWP may look like; what looks otherwise is no answer."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from electoral.person import Name

from verification.dwp import LOOKUPS_MAX, NOT_FOUND, UNAVAILABLE, WRONG, Answer, Answers
from verification.errors import DwpFailure
from verification.matching import Record

RECORD_NAMES_MAX = 50
DATE_LENGTH = 10
RETRY_AFTER_MAX = 300.0  # seconds: who asks for more may be wrong, and is asked again after that


def _read_object(body: bytes) -> dict[str, object]:
    with suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict):
            return document
    raise DwpFailure("garbage")


def read_token(body: bytes) -> tuple[str, float]:
    """Read an access token and its life in seconds; raises `DwpFailure`."""
    document = _read_object(body)
    token, seconds = document.get("access_token"), document.get("expires_in", 0)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise DwpFailure("garbage")
    return token, _read_seconds(seconds)


def _read_seconds(number: object) -> float:
    if isinstance(number, int | float) and not isinstance(number, bool):
        with suppress(OverflowError):
            seconds = float(number)
            if isfinite(seconds):
                return seconds
    raise DwpFailure("garbage")


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Read for how many seconds DWP wants to be left alone: it says seconds, or an HTTP date."""
    if text is None:
        return None
    if text.isascii() and text.strip().isdigit():
        return min(float(text), RETRY_AFTER_MAX)
    with suppress(
        ValueError, ArithmeticError, LookupError, TypeError
    ):  # all that freak dates raise
        at = parsedate_to_datetime(text)
        aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return min(max(0.0, (aware - now).total_seconds()), RETRY_AFTER_MAX)
    return None


def read_answers(body: bytes, ninos: Sequence[str]) -> Answers:
    """Read the answer to each look-up; raises `DwpFailure` when the whole is no answer."""
    results = _read_object(body).get("results")
    if not isinstance(results, list):
        raise DwpFailure("garbage")
    answers: dict[str, Answer] = dict.fromkeys(ninos, WRONG)
    seen: set[str] = set()
    for result in results:
        nino = _nino_asked(result, ninos)
        if nino is not None:
            # Two answers for one look-up: nobody knows which is meant.
            answers[nino] = WRONG if nino in seen else _read_answer(result, nino)
            seen.add(nino)
    return answers


def _nino_asked(result: object, ninos: Sequence[str]) -> str | None:
    """Return the NINO whose look-up a result names; None when it names none of them."""
    if not isinstance(result, dict):
        return None
    number = result.get("id")
    if not isinstance(number, str) or not number.isascii() or not number.isdigit():
        return None
    if len(number) > len(str(LOOKUPS_MAX)) or int(number) >= len(ninos):
        return None
    return ninos[int(number)]


def _read_answer(result: Mapping[str, object], nino: str) -> Answer:
    outcome = result.get("outcome")
    if result.get("nino") != nino:
        return WRONG  # another person's
    if outcome == "found":
        return _read_record(result.get("record")) or WRONG
    if outcome == "not-found" and result.get("record") is None:
        return NOT_FOUND
    return UNAVAILABLE if outcome == "unavailable" else WRONG


def _read_record(record: object) -> Record | None:
    if not isinstance(record, dict) or "dateOfDeath" not in record:
        return None
    names = _read_names(record.get("names"))
    date_of_birth = _read_date(record.get("dateOfBirth"))
    date_of_death = _read_date(record["dateOfDeath"])
    if not names or date_of_birth is None:
        return None
    if date_of_death is None and record["dateOfDeath"] is not None:
        return None
    return Record(names, date_of_birth, date_of_death)


def _read_names(written: object) -> tuple[Name, ...]:
    """Read all names, or none: a record that is wrong in one cannot be believed in another."""
    if not isinstance(written, list) or len(written) > RECORD_NAMES_MAX:
        return ()
    names = tuple(name for name in map(_read_name, written) if name is not None)
    return names if len(names) == len(written) else ()


def _read_name(name: object) -> Name | None:
    if not isinstance(name, dict):
        return None
    first, middle, last = name.get("first"), name.get("middle") or "", name.get("last")
    if not (isinstance(first, str) and isinstance(middle, str) and isinstance(last, str)):
        return None
    return Name(first, middle, last) if first or last else None


def _read_date(text: object) -> date | None:
    if isinstance(text, str) and len(text) == DATE_LENGTH:
        with suppress(ValueError):
            return date.fromisoformat(text)
    return None
