"""Trace context (W3C): one trace follows an application from intake to acknowledgement."""

import os
import re

TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def new_traceparent() -> str:
    """Begin a trace."""
    drawn = os.urandom(24).hex()
    return f"00-{drawn[:32]}-{drawn[32:]}-01"


def child_traceparent(parent: str | None) -> str:
    """Go on with a caller's trace under a span of our own; begin one when there is none."""
    found = TRACEPARENT.match(parent or "")
    if found is None or found.group(1) == "0" * 32:
        return new_traceparent()
    return f"00-{found.group(1)}-{os.urandom(8).hex()}-01"
