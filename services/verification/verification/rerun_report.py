"""What deciding again would change, or has changed: counts per authority, never people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from electoral.authorities import AUTHORITY_UNKNOWN, AUTHORITY_UNKNOWN_NAME, Authorities
from electoral.events import MatchResult

Json = dict[str, object]


class Change(NamedTuple):
    """From one result to another."""

    before: MatchResult
    after: MatchResult

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"


@dataclass(slots=True)
class Counts:
    """What became of some attempts."""

    decided: int = 0  # all of them
    changes: Counter[Change] = field(default_factory=Counter)
    other_rule: int = 0  # the result is the same, and another rule decides so
    key_over: int = 0  # would change, but no ERO could read them: their key's time is over
    overtaken: int = 0  # had another newer outcome by the time

    @property
    def changed(self) -> int:
        return self.changes.total()

    def add(self, other: "Counts") -> None:
        self.decided += other.decided
        self.changes.update(other.changes)
        self.other_rule += other.other_rule
        self.key_over += other.key_over
        self.overtaken += other.overtaken

    def as_json(self) -> Json:
        return {
            "decided": self.decided,
            "changed": [
                {"from": change.before, "to": change.after, "count": count}
                for change, count in sorted(self.changes.items())
            ],
            "sameByAnotherRule": self.other_rule,
            "keyOver": self.key_over,
            "overtaken": self.overtaken,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked for, and what was found for each authority, by GSS code."""

    rules: str  # version
    since: date
    until: date
    applied: bool
    by_authority: Mapping[str, Counts]

    @property
    def total(self) -> Counts:
        total = Counts()
        for counts in self.by_authority.values():
            total.add(counts)
        return total

    def as_json(self, authorities: Authorities) -> Json:
        return {
            "rules": self.rules,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "applied": self.applied,
            "authorities": [
                {"gssCode": gss_code, "name": _name(authorities, gss_code)} | counts.as_json()
                for gss_code, counts in sorted(self.by_authority.items())
            ],
            "total": self.total.as_json(),
        }

    def lines(self, authorities: Authorities) -> Iterator[str]:
        """Say it as text: what this is, a row for each authority with a change, and the sums."""
        total = self.total
        yield self._title()
        changed = {code: counts for code, counts in self.by_authority.items() if counts.changed}
        if changed:
            yield ""
            yield from _table(changed, total, authorities)
        yield ""
        yield from self._sentences(total, len(changed))

    def _title(self) -> str:
        days = f"decided from {self.since} to {self.until}"
        if self.applied:
            return f"Rule set {self.rules} applied to what was {days}."
        return f"Dry run: nothing is changed. Rule set {self.rules} over what was {days}."

    def _sentences(self, total: Counts, authorities: int) -> Iterator[str]:
        change = "changed" if self.applied else "would change"
        of = f"{total.changed:,} of {total.decided:,} {change}"
        yield f"{of}, in {authorities:,} of {len(self.by_authority):,} authorities."
        yield f"{total.other_rule:,} are decided the same by another rule: they keep their outcome."
        if total.key_over:
            yield f"{total.key_over:,} more {change} but for their key, whose time is over."
        if total.overtaken:
            yield f"{total.overtaken:,} had a newer outcome by then, and were left."
        if total.changed and not self.applied:
            yield "Give --apply to publish the new outcomes as new revisions."


def _name(authorities: Authorities, gss_code: str) -> str:
    if gss_code == AUTHORITY_UNKNOWN:
        return AUTHORITY_UNKNOWN_NAME
    found = authorities.find(gss_code)
    return "" if found is None else found.name


def _table(changed: Mapping[str, Counts], total: Counts, authorities: Authorities) -> Iterator[str]:
    changes = sorted(total.changes)
    head = ["GSS code", "authority", "decided", *map(str, changes)]
    body = [
        [code, _name(authorities, code), *_numbers(counts, changes)]
        for code, counts in sorted(changed.items())
    ]
    last = ["", "all authorities", *_numbers(total, changes)]
    return _aligned([head, *body, last], words=2)


def _numbers(counts: Counts, changes: Sequence[Change]) -> list[str]:
    return [f"{number:,}" for number in (counts.decided, *(counts.changes[c] for c in changes))]


def _aligned(rows: Sequence[Sequence[str]], *, words: int) -> Iterator[str]:
    """Align columns: the first ones hold words, the others numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.ljust(width) if number < words else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
