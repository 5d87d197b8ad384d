"""The address: its postcode, then one of the list or typed by hand, and the council if need be."""

from collections.abc import Iterator

from electoral.fields import uk_postcode
from pydantic_core import PydanticCustomError

from registration.form.page import Json, Page, Typed
from registration.form.typed import any_of, required, said, texts
from registration.rules import Fault, faults_of_postcode

NOT_LISTED = "not-listed"  # instead of a UPRN: my address is not in the list
COUNCIL_UNKNOWN = "unknown"  # instead of a GSS code: I do not know my council

LINES = ("property", "street", "locality", "town", "area", "postcode")


def lines_anchors(pointer: str) -> dict[str, str]:
    """Lead from the lines of an address to their inputs."""
    return {pointer: "property", **{f"{pointer}/{line}": line for line in LINES}}


def typed_lines(typed: Typed) -> dict[str, object]:
    """Take an address over as it was typed by hand."""
    return texts(typed, LINES) | required(typed, "street", "postcode")


def _postcode_faults(typed: Typed) -> Iterator[Fault]:
    """Judge the postcode before there is an address around it."""
    try:
        postcode = uk_postcode(typed.get("postcode", ""))
    except PydanticCustomError as refused:
        yield Fault("/address/postcode", refused.type)
    else:
        yield from faults_of_postcode(postcode)


def _is_listed(typed: Typed) -> bool:
    """Say whether the look-up knew the address that was chosen."""
    return any_of(typed, ("_street", "_locality", "_town"))


def _chosen(typed: Typed) -> Json:
    """Take over what the look-up said of the address chosen; its postcode is the list's."""
    if not _is_listed(typed):
        return {}
    address: dict[str, object] = {
        line: typed[f"_{line}"] for line in LINES if typed.get(f"_{line}")
    }
    # There are places without streets; the API wants one.
    address.setdefault("street", typed.get("_locality") or typed.get("_town", ""))
    return {"address": address | {"uprn": typed.get("uprn", "")}}


def _chosen_faults(typed: Typed) -> Iterator[Fault]:
    uprn = typed.get("uprn")
    if uprn is None:
        yield Fault("/address/uprn", "missing")
    elif uprn != NOT_LISTED and not _is_listed(typed):
        yield Fault("/address/uprn", "not-a-choice")


def _council(typed: Typed) -> Json:
    return {} if typed.get("gssCode") == COUNCIL_UNKNOWN else texts(typed, ("gssCode",))


def _council_faults(typed: Typed) -> Iterator[Fault]:
    if "gssCode" not in typed:
        yield Fault("/gssCode", "missing")


def _other_address(typed: Typed) -> Json:
    return texts(typed, ("otherAddress",))


POSTCODE = Page(
    slug="postcode",
    fields=("postcode",),
    fragment=lambda _: {},  # an address begins with its street
    pointers=(),
    anchors={"/address/postcode": "postcode"},
    faults=_postcode_faults,
)
ADDRESS = Page(
    slug="address",
    fields=("uprn",),
    fragment=_chosen,
    pointers=(),  # its lines are the look-up's
    anchors={"/address/uprn": "uprn"},
    applies=lambda journey: journey.place.lists_addresses,
    faults=_chosen_faults,
)
TYPE_ADDRESS = Page(
    slug="type-address",
    fields=LINES,
    fragment=lambda typed: {"address": typed_lines(typed)},
    pointers=("/address",),
    anchors=lines_anchors("/address"),
    applies=lambda journey: journey.place.is_typed,
)
COUNCIL = Page(
    slug="council",
    fields=("gssCode",),
    fragment=_council,
    pointers=("/gssCode",),
    anchors={"/gssCode": "gssCode"},
    applies=lambda journey: journey.place.asks_council,
    faults=_council_faults,
)
OTHER_ADDRESS = Page(
    slug="other-address",
    fields=("otherAddress",),
    fragment=_other_address,
    pointers=("/otherAddress",),
    anchors={"/otherAddress": "otherAddress"},
    faults=said(_other_address, "/otherAddress"),
)
ADDRESS_PAGES = (POSTCODE, ADDRESS, TYPE_ADDRESS, COUNCIL, OTHER_ADDRESS)
