"""States that take more to be seen: pages of helpers, and pages that say that something failed."""

from collections.abc import Iterator

from form_world import FormWorld

from browser.applicants import answers
from browser.helping import NEXT_PERSON, SIGN_OUT, make_helper, sign_in
from browser.visitor import CHECK, DECLARATION, RECEIPT, Visitor

STATUSES_OF_PROBLEMS = frozenset({"403", "413"})
TOO_LONG = "1" * 40_000  # more than a form may send


def states_of_problems(visitor: Visitor, form: FormWorld) -> Iterator[str]:
    """Every kind of the page that says that something is wrong, but for what nobody foresaw."""
    expected = visitor.expected
    visitor.expected = expected | STATUSES_OF_PROBLEMS
    visitor.page.context.clear_cookies()
    visitor.go("nothing-here")
    yield "problem-not-found"
    visitor.go("status")
    visitor.answer({"reference": TOO_LONG, "postcode": "S1 2HH"})
    yield "problem-not-understood"
    yield from _problems_of_a_session(visitor, form)
    visitor.expected = expected


def _problems_of_a_session(visitor: Visitor, form: FormWorld) -> Iterator[str]:
    visitor.hurry_to("name", answers())
    visitor.page.locator("[name=csrf]").first.evaluate("field => field.value = 'of another page'")
    visitor.answer(answers()["name"])
    yield "problem-not-from-our-page"
    with form.refusing("form_session", "UPDATE"):
        visitor.go("name")
        visitor.answer(answers()["name"])
        yield "problem-unavailable"


def states_of_helping(visitor: Visitor, form: FormWorld) -> Iterator[str]:
    """A helper applies for a person who confirms, and signs out."""
    visitor.page.context.clear_cookies()
    sign_in(visitor, make_helper(form))
    yield "helper-next-person"
    visitor.press()
    visitor.hurry_to(CHECK, answers())
    yield "check-your-answers-helper"
    visitor.follow(DECLARATION)
    yield f"{DECLARATION}-helper"
    visitor.answer({"agree": "yes"})
    yield f"{DECLARATION}-helper-error"
    with form.refusing("application", "INSERT"):
        visitor.answer({"agree": "yes", "personConfirms": "yes"})
        yield "not-sent-helper"
    visitor.press()
    yield f"{RECEIPT}-helper"
    visitor.go(NEXT_PERSON)
    visitor.go(SIGN_OUT)
    yield "helper-sign-out"
    visitor.page.context.clear_cookies()
