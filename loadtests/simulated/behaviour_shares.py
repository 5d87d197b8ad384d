"""Who behaves how: shares of all EROs, and some by name."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulated.behaviours import BEHAVIOURS

MIXED: Mapping[str, float] = {
    "batch": 0.5,
    "one-by-one": 0.1,
    "workers": 0.1,
    "late": 0.1,
    "failing": 0.1,
    "away": 0.1,
}


class BehavioursRefused(ValueError):
    """They cannot be shared out so; its text says why."""


@dataclass(frozen=True)
class Shares:
    """Shares of all EROs by behaviour, the rest `batch`; and EROs whose behaviour is named."""

    of_all: Mapping[str, float] = field(default_factory=dict)
    by_ero: Mapping[str, str] = field(default_factory=dict)


def read_shares(text: str) -> Shares:
    """From `mixed`, or JSON of behaviour -> share and ERO -> behaviour. Raises BehavioursRefused.

    Example: {"batch": 0.7, "failing": 0.3, "lothian": "late"}
    """
    if text == "mixed":
        return Shares(MIXED)
    try:
        told = json.loads(text)
    except ValueError:
        raise BehavioursRefused("neither `mixed` nor JSON") from None
    if not isinstance(told, dict):
        raise BehavioursRefused("a JSON object is needed")
    of_all = {name: share for name, share in told.items() if not isinstance(share, str)}
    by_ero = {ero: name for ero, name in told.items() if isinstance(name, str)}
    _check(of_all, by_ero)
    return Shares(of_all, by_ero)


def _check(of_all: Mapping[str, object], by_ero: Mapping[str, str]) -> None:
    if unknown := sorted({*of_all, *by_ero.values()} - BEHAVIOURS.keys()):
        raise BehavioursRefused(f"no behaviour {unknown[0]}: choose from {', '.join(BEHAVIOURS)}")
    shares = list(of_all.values())
    if not all(type(share) in (int, float) for share in shares):
        raise BehavioursRefused("a share is a number from 0 to 1")
    numbers = [float(share) for share in shares if isinstance(share, int | float)]
    if not all(0 <= share <= 1 for share in numbers) or sum(numbers) > 1.000001:
        raise BehavioursRefused("shares are from 0 to 1, and 1 together at most")


def share_out(eros: Sequence[str], shares: Shares, seed: int) -> dict[str, str]:
    """The behaviour of each ERO, the same for the same seed. Raises BehavioursRefused."""
    if unknown := sorted(shares.by_ero.keys() - set(eros)):
        raise BehavioursRefused(f"no ERO {unknown[0]}")
    drawn = _in_drawn_order([ero for ero in eros if ero not in shares.by_ero], seed)
    return {**_by_place(drawn, shares.of_all), **shares.by_ero}


def chosen(eros: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """So large a share of the EROs, drawn by the seed."""
    return frozenset(_in_drawn_order(eros, seed + 1)[: round(share * len(eros))])


def _in_drawn_order(eros: Sequence[str], seed: int) -> list[str]:
    drawn = sorted(eros)
    random.Random(seed).shuffle(drawn)
    return drawn


def _by_place(eros: Sequence[str], of_all: Mapping[str, float]) -> dict[str, str]:
    """Shares as exact as whole EROs allow: each by where it falls between 0 and 1."""
    found = {}
    for place, ero in enumerate(eros):
        left = (place + 0.5) / max(1, len(eros))
        found[ero] = "batch"
        for name, share in of_all.items():
            if left < share:
                found[ero] = name
                break
            left -= share
    return found
