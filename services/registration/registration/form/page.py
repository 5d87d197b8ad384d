"""A question page of the form: what it asks, and what its answer says in the API's body."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.rules import Fault

if TYPE_CHECKING:
    from registration.form.journey import Journey

Typed = Mapping[str, str]  # what was typed into one page, by the name of the field
Json = Mapping[str, object]

# The longest answer, 500 characters of a reason, as long as it may be before NFC composes it. Of
# more than that only so much is kept that the rule of the field itself still says: too long.
TYPED_LENGTH_MAX = 2_000

CHECK = "check-your-answers"


def always(_: "Journey") -> bool:
    """Everybody is asked this."""
    return True


def nothing_wrong(_: Typed) -> Iterator[Fault]:
    """Whatever can be wrong with these answers, the API's rules find it."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Page:
    """One question, on a page of its own."""

    slug: str
    fields: tuple[str, ...]  # the names of its inputs: nothing else of what is posted is kept
    fragment: Callable[[Typed], Json]  # what it says in the API's body; absent = not said
    pointers: tuple[str, ...]  # whose faults are shown here, with all below them
    anchors: Mapping[str, str]  # from a pointer to the input that the error summary leads to
    applies: "Callable[[Journey], bool]" = always
    faults: Callable[[Typed], Iterator[Fault]] = nothing_wrong  # of the form alone

    def read(self, posted: Mapping[str, str]) -> dict[str, str]:
        """Keep what was typed into this page's inputs; what is left empty is left out."""
        return {
            name: posted[name][: TYPED_LENGTH_MAX + 1] for name in self.fields if posted.get(name)
        }

    def shows(self, pointer: str) -> bool:
        """Say whether the faults at a pointer of the API's body are shown on this page."""
        return any(f"{pointer}/".startswith(f"{prefix}/") for prefix in self.pointers)

    def anchor(self, pointer: str) -> str:
        """Return the input to lead to: the pointer's own, else that of the nearest one above."""
        while pointer not in self.anchors and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.anchors.get(pointer, self.fields[0])
