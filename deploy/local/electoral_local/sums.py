"""The services' sides of the sum of a day: asked of their admin ports, added and compared."""

import json
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from electoral_local.errors import LocalError
from electoral_local.readiness import DIRECTLY

_DIGEST_MODULUS = 1 << 128
_LONDON = ZoneInfo("Europe/London")
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Line:
    """The attempts in the states on the left are those on the right, for every authority."""

    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]
    revisions_too: bool
    """Whether both sides know the newest revision."""


_FIRST_LINE = "accepted = waiting + decided + held"
_LINES = {
    _FIRST_LINE: Line(
        (
            ("registration", "accepted"),
            ("ems-gateway", "paper-taken"),
            ("ems-gateway", "resubmission-taken"),
        ),
        (("verification", "waiting"), ("verification", "decided"), ("verification", "held")),
        revisions_too=False,
    ),
    "decided = queued + acknowledged + held": Line(
        (("verification", "decided"),),
        (("ems-gateway", "queued"), ("ems-gateway", "acknowledged"), ("ems-gateway", "held")),
        revisions_too=True,
    ),
}

Figures = tuple[int, int, int]
Sums = Mapping[tuple[str, str, str], Figures]
"""(service, state, GSS code) -> (count, digest, digest of newest revisions)"""


@dataclass(frozen=True)
class Difference:
    """One authority whose two sides are not the same set of attempts."""

    line: str
    gss_code: str
    left: int
    right: int


def ledger_day(moment: datetime) -> date:
    """The day (Europe/London) in whose ledger an attempt of this moment stands."""
    return moment.astimezone(_LONDON).date()


def fetch(admin: Mapping[str, str], day: date, before: datetime | None) -> Sums:
    """Ask each service; raises LocalError when one does not answer."""
    query = {"day": day.isoformat()} | ({"before": before.isoformat()} if before else {})
    sums: dict[tuple[str, str, str], Figures] = {}
    for service, url in admin.items():
        try:
            address = f"{url}/ledger?{urllib.parse.urlencode(query)}"
            with DIRECTLY.open(address, timeout=_TIMEOUT_SECONDS) as answer:
                rows = json.load(answer)["rows"]
        except (OSError, ValueError) as error:
            raise LocalError(
                f"{service} did not give its ledger ({error}): `electoral status` shows whether it"
                " runs."
            ) from None
        for row in rows:
            digests = int(row["digest"], 16), int(row["revisionDigest"], 16)
            sums[service, row["state"], row["gssCode"]] = (row["count"], *digests)
    return sums


def counts_by_state(sums: Sums) -> Mapping[tuple[str, str], int]:
    """(service, state) -> attempts of all authorities; 0 for a state that nobody is in."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for (service, state, _), (count, *_) in sums.items():
        counts[service, state] += count
    return counts


def in_flight(sums: Sums) -> int:
    """Accepted, and neither acknowledged nor held yet."""
    counts = counts_by_state(sums)
    taken = sum(counts[part] for part in _LINES[_FIRST_LINE].left)
    held = counts["verification", "held"] + counts["ems-gateway", "held"]
    return taken - held - counts["ems-gateway", "acknowledged"]


def differences(sums: Sums) -> list[Difference]:
    """Find the authorities whose sides differ, by count or by digest, on each line of the sum."""
    found = []
    for name, line in _LINES.items():
        for gss_code in sorted({code for _, _, code in sums}):
            one, other = _add(sums, line.left, gss_code), _add(sums, line.right, gss_code)
            compared = 3 if line.revisions_too else 2
            if one[:compared] != other[:compared]:
                found.append(Difference(name, gss_code, one[0], other[0]))
    return found


def _add(sums: Sums, side: Iterable[tuple[str, str]], gss_code: str) -> Figures:
    parts = [sums.get((service, state, gss_code), (0, 0, 0)) for service, state in side]
    count, digest, revisions = (sum(column) for column in zip(*parts, strict=True))
    return count, digest % _DIGEST_MODULUS, revisions % _DIGEST_MODULUS
