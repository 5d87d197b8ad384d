"""Seeing from outside whether a service could do its work: it says so itself, over HTTP."""

import http.client
import urllib.request
from collections.abc import Callable

from electoral_local.ports import LOOPBACK

_TIMEOUT_SECONDS = 1.0

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Admin ports are on this machine, whatever proxy the shell names."""


def answers(port: int, path: str) -> Callable[[], bool]:
    """A check that `GET path` is answered 200."""
    return lambda: status_of(port, path) == http.HTTPStatus.OK


def status_of(port: int, path: str) -> int | None:
    """None when nobody answers in time."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
