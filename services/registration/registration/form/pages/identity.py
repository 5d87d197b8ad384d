"""Names and the National Insurance number."""

from collections.abc import Iterator

from registration.form.page import Json, Page, Typed
from registration.form.typed import cannot, reason, required, texts
from registration.rules import Fault

_NAMES = ("firstName", "middleNames", "lastName")
_CHANGED = frozenset({"yes", "no", "prefer-not"})


def _name(typed: Typed) -> Json:
    return required(typed, "firstName", "lastName") | texts(typed, ("middleNames",))


def _previous_name(typed: Typed) -> Json:
    if typed.get("changed") != "yes":
        return {}
    return {"previousName": {**_name(typed), **texts(typed, ("changeReason",))}}


def _previous_name_faults(typed: Typed) -> Iterator[Fault]:
    if typed.get("changed") not in _CHANGED:
        yield Fault("/previousName", "missing")


def _nino(typed: Typed) -> Json:
    fragment = texts(typed, ("nino",))
    if cannot(typed, "nino"):
        fragment["noNino"] = reason(typed)
    return fragment


NAME = Page(
    slug="name",
    fields=_NAMES,
    fragment=_name,
    pointers=tuple(f"/{name}" for name in _NAMES),
    anchors={f"/{name}": name for name in _NAMES},
)
PREVIOUS_NAME = Page(
    slug="previous-name",
    fields=("changed", *_NAMES, "changeReason"),
    fragment=_previous_name,
    pointers=("/previousName",),
    anchors={
        "/previousName": "changed",
        **{f"/previousName/{name}": name for name in (*_NAMES, "changeReason")},
    },
    faults=_previous_name_faults,
)
NINO = Page(
    slug="nino",
    fields=("nino", "cannot", "reason"),
    fragment=_nino,
    pointers=("/nino", "/noNino"),
    anchors={"/nino": "nino", "/noNino": "cannot", "/noNino/reason": "reason"},
    applies=lambda journey: not journey.is_under_16,
)
