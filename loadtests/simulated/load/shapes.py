"""Shapes: how many come when, as a curve of relative rates; each says where it is from."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent / "shapes"


class UnknownShape(ValueError):
    """There is no shape of this name; the message lists those that there are."""


class Point(NamedTuple):
    second: float  # of the real thing
    rate: float  # relative: only proportions count


@dataclass(frozen=True)
class Council:
    """An authority whose people come more often than others'."""

    gss_code: str
    share: float  # so many times its own


@dataclass(frozen=True)
class Shape:
    """Piecewise linear between its points, the first at 0, the last at `seconds`."""

    name: str
    source: str
    drawn: str  # how, and what of it is ours
    seconds: float
    points: tuple[Point, ...]
    council: Council | None = None

    def __post_init__(self) -> None:
        times = [point.second for point in self.points]
        if len(times) < 2 or times[0] != 0 or times[-1] != self.seconds:
            raise ValueError(f"{self.name}: points go from 0 to {self.seconds:.0f}")
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError(f"{self.name}: each point is later than the one before")
        rates = [point.rate for point in self.points]
        if min(rates) < 0 or max(rates) == 0:
            raise ValueError(f"{self.name}: rates are not negative, and one is above 0")


def names() -> list[str]:
    return sorted(path.stem for path in DIRECTORY.glob("*.json"))


def load_shape(name: str) -> Shape:
    """Raises UnknownShape."""
    known = names()
    if name not in known:
        raise UnknownShape(f"there is no shape {name}; there are: {', '.join(known)}")
    stated = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    council = stated.get("council")
    return Shape(
        stated["name"],
        stated["source"],
        stated["drawn"],
        stated["seconds"],
        tuple(Point(*pair) for pair in stated["points"]),
        Council(council["gssCode"], council["share"]) if council else None,
    )
