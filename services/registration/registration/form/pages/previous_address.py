"""Where somebody lived before, if they moved within the last 12 months."""

from collections.abc import Iterator

from registration.form.page import Json, Page, Typed
from registration.form.pages.address import LINES, lines_anchors, typed_lines
from registration.form.typed import required, texts
from registration.rules import Fault

_MOVED = frozenset({"no", "uk", "abroad"})


def _moved_faults(typed: Typed) -> Iterator[Fault]:
    if typed.get("moved") not in _MOVED:
        yield Fault("/previousAddress", "missing")


def _abroad(typed: Typed) -> Json:
    lines = texts(typed, LINES) | required(typed, "street")
    return {"previousAddress": lines | texts(typed, ("country",))}


def _abroad_faults(typed: Typed) -> Iterator[Fault]:
    if "country" not in typed:
        yield Fault("/previousAddress/country", "missing")


PREVIOUS_ADDRESS = Page(
    slug="previous-address",
    fields=("moved",),
    fragment=lambda _: {},
    pointers=(),
    anchors={"/previousAddress": "moved"},
    faults=_moved_faults,
)
PREVIOUS_ADDRESS_UK = Page(
    slug="previous-address-uk",
    fields=LINES,
    fragment=lambda typed: {"previousAddress": typed_lines(typed)},
    pointers=("/previousAddress",),
    anchors=lines_anchors("/previousAddress"),
    applies=lambda journey: journey.moved == "uk",
)
PREVIOUS_ADDRESS_ABROAD = Page(
    slug="previous-address-abroad",
    fields=(*LINES, "country"),
    fragment=_abroad,
    pointers=("/previousAddress",),
    anchors={**lines_anchors("/previousAddress"), "/previousAddress/country": "country"},
    applies=lambda journey: journey.moved == "abroad",
    faults=_abroad_faults,
)
PREVIOUS_ADDRESS_PAGES = (PREVIOUS_ADDRESS, PREVIOUS_ADDRESS_UK, PREVIOUS_ADDRESS_ABROAD)
