"""Every page of the form in every state that a person may see: empty, with errors, filled in."""

from collections.abc import Iterator, Mapping

from simulated.form_answers import Answers

from browser.applicants import answers
from browser.visitor import CHECK, DECLARATION, PAGES_MAX, RECEIPT, Visitor

EXITS = (
    "northern-ireland",
    "channel-islands",
    "jersey",
    "guernsey",
    "isle-of-man",
    "abroad",
    "too-young-england",
    "too-young-scotland",
    "too-young-wales",
    "too-young",
    "no-franchise-england",
    "no-franchise-scotland",
    "no-franchise-wales",
    "no-franchise",
    "cannot-say-age",
)
# By themselves, and what sent empty or wrong is a mistake there.
ALONE: tuple[tuple[str, Mapping[str, str] | None], ...] = (
    ("", None),
    ("session-ended", None),
    ("status", {"reference": "12345 6789B", "postcode": "S1 2H"}),
    ("helper/sign-in", {}),
    *((f"exit/{reason}", None) for reason in EXITS),
)


def every_state(visitor: Visitor) -> Iterator[str]:
    """Bring the window to each state in turn, and name it."""
    yield from _states_alone(visitor)
    seen: set[str] = set()
    for person in (answers(), _typed_by_hand(), _moved_from_abroad()):
        yield from _states_of_journey(visitor, person, seen)
    yield from _states_after_sending(visitor, answers())


def _typed_by_hand() -> Answers:
    """Who meets the pages that most people do not."""
    return answers(nationality="asked about rights", address="council", moved="uk", contact="all")


def _moved_from_abroad() -> Answers:
    return answers(
        birth="cannot say",
        nino="cannot say",
        nationality="cannot say",
        moved="abroad",
        changed="yes",
        postal="email",
    )


def _states_alone(visitor: Visitor) -> Iterator[str]:
    for slug, wrong in ALONE:
        visitor.go(slug)
        name = slug.replace("/", "-") or "start"
        yield name
        if wrong is not None:
            visitor.answer(wrong)
            yield f"{name}-error"
    visitor.page.goto(f"{visitor.base}/performance{'/cy' if visitor.language == 'cy' else ''}")
    yield "performance"


def _states_of_journey(visitor: Visitor, typed: Answers, seen: set[str]) -> Iterator[str]:
    """Answer each page: with nothing, then as it should be; each state that was not seen yet."""
    visitor.page.context.clear_cookies()
    visitor.go("country-of-residence")
    for _ in range(PAGES_MAX):
        slug = visitor.slug
        if slug == CHECK:
            yield f"{slug}-{len(seen)}"
            return
        if slug not in seen:
            yield from _empty_and_with_errors(visitor, slug)
        visitor.fill(visitor.as_listed(typed[slug]))
        filled = f"{slug}-filled-{'-'.join(typed[slug])}"
        if filled not in seen:
            yield filled
        seen |= {slug, filled}
        visitor.press()
    raise AssertionError(f"going round in circles at {visitor.slug!r}")


def _empty_and_with_errors(visitor: Visitor, slug: str) -> Iterator[str]:
    yield slug
    visitor.press()
    if visitor.slug == slug:
        yield f"{slug}-error"
        visitor.go(slug)


def _states_after_sending(visitor: Visitor, typed: Answers) -> Iterator[str]:
    visitor.page.context.clear_cookies()
    visitor.go("country-of-residence")
    visitor.answer_until(typed)
    visitor.follow(DECLARATION)
    yield DECLARATION
    visitor.press()
    yield f"{DECLARATION}-error"
    visitor.answer({"agree": "yes"})
    reference = visitor.reference()
    yield RECEIPT
    visitor.go("feedback")
    yield "feedback"
    visitor.press()
    yield "feedback-error"
    visitor.go("status")
    visitor.answer({"reference": reference, "postcode": typed["postcode"]["postcode"]})
    yield "status-found"
