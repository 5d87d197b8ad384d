"""Where the address is, as far as the form has been told: by the list, by hand, by the council."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from electoral.postcodes import normalise_postcode

from registration.form.page import Typed
from registration.form.pages.address import COUNCIL_UNKNOWN, NOT_LISTED

Answered = Mapping[str, Typed]  # what was typed, by the slug of the page

_POSTCODE, _ADDRESS, _TYPE_ADDRESS, _COUNCIL = "postcode", "address", "type-address", "council"
_NOTHING: Typed = {}


@dataclass(frozen=True, slots=True)
class Place:
    """What follows from the answers about the address."""

    lists_addresses: bool  # the look-up knows addresses of the postcode
    is_typed: bool  # the address is to be typed by hand
    asks_council: bool  # the address is known, and nothing says whose it is
    gss_code: str | None  # None = not known yet, or not at all
    postcode: str  # as typed: the one that counts


def place_of(answered: Answered) -> Place:
    """Derive where the address is."""
    postcode = answered.get(_POSTCODE, _NOTHING)
    found = postcode.get("_found", "")
    lists_addresses = found.isdecimal() and int(found) > 0
    chosen = answered.get(_ADDRESS, _NOTHING) if lists_addresses else _NOTHING
    is_typed = bool(postcode) and (not lists_addresses or chosen.get("uprn") == NOT_LISTED)
    address = answered.get(_TYPE_ADDRESS, _NOTHING) if is_typed else chosen
    counts = (address if is_typed else postcode).get("postcode", "")
    placed = (address.get("_placed") if is_typed else chosen.get("_gss")) or None
    asks_council = bool(address) and placed is None
    return Place(
        lists_addresses,
        is_typed,
        asks_council,
        _council(answered) if asks_council else placed,
        counts,
    )


def stale_after(slug: str, before: Answered, after: Answered) -> Iterator[str]:
    """Name the pages whose answers were about another postcode than there is now."""
    if slug == _POSTCODE and not _same_postcode(before, after, _POSTCODE):
        yield from (_ADDRESS, _TYPE_ADDRESS, _COUNCIL)
    elif slug == _TYPE_ADDRESS and not _same_postcode(before, after, _TYPE_ADDRESS):
        yield _COUNCIL


def look_up_kept(before: Typed, now: Typed) -> Typed:
    """Keep what the look-up once said of the same postcode, when it does not answer now."""
    if now.get("_found") or not before.get("_found"):
        return now
    if _normal(before) != _normal(now):
        return now
    return {**now, "_found": before["_found"]}


def _council(answered: Answered) -> str | None:
    council = answered.get(_COUNCIL, _NOTHING).get("gssCode")
    return None if council == COUNCIL_UNKNOWN else council


def _same_postcode(before: Answered, after: Answered, slug: str) -> bool:
    return _normal(before.get(slug, _NOTHING)) == _normal(after.get(slug, _NOTHING))


def _normal(typed: Typed) -> str:
    postcode = typed.get("postcode", "")
    return normalise_postcode(postcode) or postcode
