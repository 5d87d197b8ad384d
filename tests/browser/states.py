"""Every page of the form in every state that a person may see: empty, with errors, filled in."""

from collections.abc import Iterator, Mapping

from form_world import FormWorld
from simulated.form_answers import Answers

from browser.applicants import answers
from browser.rarer_states import states_of_helping, states_of_problems
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
    ("about", None),
    ("session-ended", None),
    ("status", {"reference": "12345 6789B", "postcode": "S1 2H"}),
    ("helper/sign-in", {}),
    *((f"exit/{reason}", None) for reason in EXITS),
)


def every_state(visitor: Visitor, form: FormWorld) -> Iterator[str]:
    """Bring the window to each state in turn, and name it."""
    yield from _states_alone(visitor)
    seen: set[str] = set()
    people = {
        "everyday": answers(),
        "typed-by-hand": _typed_by_hand(),
        "moved-from-abroad": _moved_from_abroad(),
    }
    for name, typed in people.items():
        yield from _states_of_journey(visitor, name, typed, seen)
    yield from _states_of_sending(visitor, form, answers())
    yield from _states_after_sending(visitor, answers())
    yield from states_of_problems(visitor, form)
    yield from states_of_helping(visitor, form)
    yield from _states_of_figures(visitor)


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


def _states_of_figures(visitor: Visitor) -> Iterator[str]:
    """The public figures, now that there are some; and days that are none."""
    performance = f"{visitor.base}/performance{'/cy' if visitor.language == 'cy' else ''}"
    visitor.page.goto(performance)
    yield "performance"
    visitor.page.goto(f"{performance}/by-date.csv?from=soon")
    yield "performance-error"


def _states_of_journey(
    visitor: Visitor, name: str, typed: Answers, seen: set[str]
) -> Iterator[str]:
    """Answer each page: with nothing, then as it should be; each state that was not seen yet."""
    visitor.page.context.clear_cookies()
    visitor.go("country-of-residence")
    for _ in range(PAGES_MAX):
        slug = visitor.slug
        if slug == CHECK:
            yield f"{slug}-{name}"
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


def _states_of_sending(visitor: Visitor, form: FormWorld, typed: Answers) -> Iterator[str]:
    """Up to the receipt; at first the database takes nothing."""
    visitor.page.context.clear_cookies()
    visitor.hurry_to(CHECK, typed)
    visitor.follow(DECLARATION)
    yield DECLARATION
    visitor.press()
    yield f"{DECLARATION}-error"
    with form.refusing("application", "INSERT"):
        visitor.answer({"agree": "yes"})
        yield "not-sent"
    visitor.press()


def _states_after_sending(visitor: Visitor, typed: Answers) -> Iterator[str]:
    reference = visitor.reference()
    yield RECEIPT
    visitor.press()
    yield f"{RECEIPT}-error"
    visitor.answer({"copyEmail": "yes"})
    yield f"{RECEIPT}-copy-asked"
    visitor.go("feedback")
    yield "feedback"
    visitor.press()
    yield "feedback-error"
    visitor.answer({"score": "4"})
    yield "feedback-given"
    visitor.go("status")
    visitor.answer({"reference": reference, "postcode": typed["postcode"]["postcode"]})
    yield "status-result"
