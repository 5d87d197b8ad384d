"""A helper's account, and signing in with it."""

from form_world import FormWorld
from registration.form.passwords import hash_password

from browser.visitor import Visitor

SIGN_IN, NEXT_PERSON, SIGN_OUT = "helper/sign-in", "helper/next-person", "helper/sign-out"
NAME, PASSWORD = "sian", "three random words"


def make_helper(form: FormWorld) -> str:
    """Make the account, if it is not there; returns its name."""
    make = "INSERT INTO helper VALUES ($1, $2) ON CONFLICT DO NOTHING"
    form.fetchval(make, NAME, hash_password(PASSWORD))
    return NAME


def sign_in(visitor: Visitor, name: str = NAME, password: str = PASSWORD) -> None:
    visitor.go(SIGN_IN)
    visitor.answer({"name": name, "password": password})
