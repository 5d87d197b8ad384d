"""Logs: JSON lines, one for what somebody should know of, never personal data.

Only the fields named here are ever written, an exception is written without its message (drivers
put values there), and what looks like a NINO is struck out whatever field it is in.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

# What our log lines hold: identifiers, counts, times, names of things of ours. A test holds that
# each is used by one, and that no line uses another.
FIELDS = frozenset(
    """
    application_id attempt called_from count credential day digest ero error_class file group key_id
    migration previous signature
    notices_over_a_day oldest_seconds reason held on_hold over_five_days pulled_at
    route seconds status topic tries
    """.split()
)
_OF_EVERY_LINE = frozenset({"event", "exception", "level", "logger", "service", "timestamp"})
NINO_SHAPE = re.compile(r"(?i)\b[a-z]{2}[\s-]?\d{2}[\s-]?\d{2}[\s-]?\d{2}(?:[\s-]?[a-d])?\b")
THIRD_PARTY_LEVEL = logging.WARNING


def configure(service: str, level: str) -> None:
    """Write JSON lines to standard output; third parties' warnings too, without their arguments."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _name_service(service),
            _without_message,
            redact,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=lambda *_: _StandardOutput(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_ThirdParty()]
    root.setLevel(THIRD_PARTY_LEVEL)


def redact(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not named above and strike out what looks like a NINO."""
    for name in fields.keys() - FIELDS - _OF_EVERY_LINE:
        fields[name] = "[not a log field]"
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = NINO_SHAPE.sub("[struck out]", value)
    return fields


def _name_service(service: str) -> Any:
    def add(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        fields["service"] = service
        return fields

    return add


def _without_message(
    logger: Any, method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Write an exception as its class and where it came from."""
    given = fields.pop("exc_info", None)
    if given:
        error = given if isinstance(given, BaseException) else sys.exc_info()[1]
        if error is not None:
            fields["error_class"] = type(error).__name__
            fields["exception"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)[-12:]
            ]
    return fields


class _StandardOutput:
    """Writes lines; one that cannot be written harms nobody's request."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = exception = log = msg


class _ThirdParty(logging.Handler):
    """Passes on what libraries log: their constant text, never the values they put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            str(record.msg)[:300] if record.args else _constant_part(str(record.msg)),
            logger=record.name,
            error_class=type(record.exc_info[1]).__name__ if record.exc_info else None,
        )


def _constant_part(text: str) -> str:
    """A text formatted before it was logged may hold values: keep its first words only."""
    return text.partition(":")[0][:80]
