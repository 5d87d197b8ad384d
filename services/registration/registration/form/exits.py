"""The pages by which people leave who cannot register here: who they are, by what the rules say."""

from collections.abc import Mapping
from datetime import date

from electoral import franchise
from electoral.authorities import NATIONS

from registration.rules import Fault

_LIVES_IN = "lives-in-"
_JUDGED_BY_NATION = ("too-young", "no-franchise")
WHERE_SLUGS = ("country-of-residence", "postcode", "type-address", "council")  # tell the nation

EXITS: tuple[str, ...] = (
    "northern-ireland",
    "channel-islands",
    "jersey",
    "guernsey",
    "isle-of-man",
    "abroad",
    *(f"too-young-{nation}" for nation in NATIONS),
    "too-young",
    *(f"no-franchise-{nation}" for nation in NATIONS),
    "no-franchise",
    "cannot-say-age",
)


def exit_of(fault: Fault) -> str | None:
    """Return the exit that a fault leads to; None for what can be corrected."""
    if fault.code.startswith(_LIVES_IN):
        return fault.code.removeprefix(_LIVES_IN)
    if fault.code == "not-online":
        return "cannot-say-age"
    return fault.code if is_judged_by_nation(fault.code) else None


def is_judged_by_nation(code: str) -> bool:
    """Say whether an answer leads out because of where somebody lives."""
    return code.startswith(_JUDGED_BY_NATION)


def facts_of(exit_reason: str, on: date) -> Mapping[str, int]:
    """Return what the words of an exit page need to be told on a day."""
    if not exit_reason.startswith("too-young"):
        return {}
    nation = next((nation for nation in NATIONS if exit_reason.endswith(nation)), None)
    return {"minimum_age": franchise.minimum_age(nation, on)}
