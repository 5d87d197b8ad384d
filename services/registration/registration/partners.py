"""Partners: the clients of the API, the form among them, as their file names them."""

from collections.abc import Mapping
from dataclasses import dataclass

from electoral.events import Source

CLIENT_ID_LENGTH_MAX = 100  # as in the events


@dataclass(frozen=True, slots=True)
class Partner:
    """Who sends."""

    client_id: str
    source: Source  # web or assisted


def read_partner(entry: Mapping[str, object]) -> Partner:
    """Read an entry of the partners' file; raises KeyError or ValueError."""
    client_id, source = str(entry["clientId"]), entry["source"]
    if not 1 <= len(client_id) <= CLIENT_ID_LENGTH_MAX:
        raise ValueError("a partner's clientId is too long for an event, or empty")
    if source == "web":
        return Partner(client_id, "web")
    if source == "assisted":
        return Partner(client_id, "assisted")
    raise ValueError("a partner's source is web or assisted")
