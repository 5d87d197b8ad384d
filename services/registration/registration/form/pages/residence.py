"""Which country somebody lives in."""

from registration.form.page import Json, Page, Typed
from registration.form.typed import said, texts


def _country(typed: Typed) -> Json:
    return texts(typed, ("country",))


COUNTRY_OF_RESIDENCE = Page(
    slug="country-of-residence",
    fields=("country",),
    fragment=_country,
    pointers=("/country",),
    anchors={"/country": "country"},
    faults=said(_country, "/country"),
)
