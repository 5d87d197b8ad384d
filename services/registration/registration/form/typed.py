"""How the texts of a page are read: choices, ticks, and answers that cannot be given."""

from collections.abc import Callable, Iterable, Iterator

from registration.form.page import Json, Typed
from registration.rules import Fault

_YES_NO = {"yes": True, "no": False}


def yes_no(typed: Typed, name: str) -> bool | None:
    """Read a pair of radios; None while neither is chosen."""
    return _YES_NO.get(typed.get(name, ""))


def ticked(typed: Typed, name: str) -> bool:
    """Read a checkbox."""
    return typed.get(name) == "yes"


def any_of(typed: Typed, names: Iterable[str]) -> bool:
    """Say whether anything was typed into some of the fields."""
    return any(typed.get(name, "").strip() for name in names)


def texts(typed: Typed, names: Iterable[str]) -> dict[str, object]:
    """Take those fields over in which something was typed."""
    return {name: typed[name] for name in names if typed.get(name)}


def required(typed: Typed, *names: str) -> dict[str, object]:
    """Take fields over, empty ones too: the rules say what is missing."""
    return {name: typed.get(name, "") for name in names}


def said(fragment: Callable[[Typed], Json], pointer: str) -> Callable[[Typed], Iterator[Fault]]:
    """Make the check of a page that has to say something."""

    def check(typed: Typed) -> Iterator[Fault]:
        if not fragment(typed):
            yield Fault(pointer, "missing")

    return check


def reason(typed: Typed) -> Json:
    """Say why an answer cannot be given."""
    return required(typed, "reason")


def cannot(typed: Typed, *instead: str) -> bool:
    """Say whether somebody says that they cannot answer.

    Where no script hides what does not apply, a reason alone says so too.
    """
    return ticked(typed, "cannot") or ("reason" in typed and not any_of(typed, instead))
