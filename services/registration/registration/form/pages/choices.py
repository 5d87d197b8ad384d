"""The last questions: the open register, a postal vote, who else lives there, how to be reached."""

from registration.form.page import Json, Page, Typed
from registration.form.typed import said, texts, ticked, yes_no


def _open_register(typed: Typed) -> Json:
    included = yes_no(typed, "openRegister")
    return {} if included is None else {"openRegister": included}


def _postal_vote(typed: Typed) -> Json:
    wanted = yes_no(typed, "wanted")
    if wanted is None:
        return {}
    how = texts(typed, ("formBy",)) if wanted else {}
    return {"postalVote": {"wanted": wanted, **how}}


def _sole_occupancy(typed: Typed) -> Json:
    sole = yes_no(typed, "sole")
    return {} if sole is None else {"soleOccupancy": sole}


def _contact(typed: Typed) -> Json:
    post = {"post": True} if ticked(typed, "post") else {}
    return {"contact": texts(typed, ("email", "phone")) | post}


OPEN_REGISTER = Page(
    slug="open-register",
    fields=("openRegister",),
    fragment=_open_register,
    pointers=("/openRegister",),
    anchors={"/openRegister": "openRegister"},
    applies=lambda journey: not journey.is_under_16,
    faults=said(_open_register, "/openRegister"),
)
POSTAL_VOTE = Page(
    slug="postal-vote",
    fields=("wanted", "formBy"),
    fragment=_postal_vote,
    pointers=("/postalVote",),
    anchors={"/postalVote": "wanted", "/postalVote/formBy": "formBy"},
    faults=said(_postal_vote, "/postalVote"),
)
SOLE_OCCUPANCY = Page(
    slug="sole-occupancy",
    fields=("sole",),
    fragment=_sole_occupancy,
    pointers=("/soleOccupancy",),
    anchors={"/soleOccupancy": "sole"},
    faults=said(_sole_occupancy, "/soleOccupancy"),
)
CONTACT = Page(
    slug="contact",
    fields=("email", "phone", "post"),
    fragment=_contact,
    pointers=("/contact",),
    anchors={"/contact": "email", "/contact/email": "email", "/contact/phone": "phone"},
)
