"""Who answers for a GSS code on a day: the list of authorities, and what operators stated.

A statement is dated and goes before the list while it lasts. Both may change while we run, and
each process sees that within seconds.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities
from electoral.calendar import london_date
from electoral.data import ReferenceDataUnusable
from electoral.postgres import Pool, is_away

from ems_gateway.delivery import HoldReason, Route, route
from ems_gateway.postgres.responsibilities import Stated, read_stated

REREAD_INTERVAL = 5.0  # seconds

log = structlog.get_logger()


class Destination(NamedTuple):
    """Where a record of some GSS code belongs."""

    gss_code: str  # that code or, once it has ended, its successor
    ero: str | None
    reason: HoldReason | None  # why nobody can tell


class Responsibilities:
    """Says who answers for a code; what it goes by may be replaced at any time."""

    def __init__(self, authorities: Authorities, stated: Iterable[Stated] = ()) -> None:
        self.version = 0  # counts changes
        self._authorities = authorities
        self._stated: dict[str, list[Stated]] = {}
        self.replace_stated(stated)

    @property
    def authorities(self) -> Authorities:
        """The list as it is now."""
        return self._authorities

    def replace_authorities(self, authorities: Authorities) -> None:
        """Go by another list from now on."""
        self._authorities = authorities
        self.version += 1

    def replace_stated(self, stated: Iterable[Stated]) -> None:
        """Go by other statements from now on; given as they were stated, the oldest first."""
        by_code: dict[str, list[Stated]] = {}
        for one in sorted(stated, key=_begin):
            by_code.setdefault(one.gss_code, []).append(one)
        if by_code != self._stated:
            self._stated = by_code
            self.version += 1

    def destination(self, gss_code: str, on: date) -> Destination:
        """Find where a record of this code belongs on a day."""
        ero = self._stated_ero(gss_code, on)
        if ero is not None:
            return Destination(gss_code, ero, None)
        found = route(self._authorities, gss_code, on)
        if found.ero is None:
            return Destination(gss_code, None, found.reason)
        current = self._authorities.current(gss_code, on).gss_code
        return Destination(current, self._stated_ero(current, on) or found.ero, None)

    def route(self, gss_code: str, on: date) -> Route:
        """Find the ERO who answers for a code on a day, or why nobody can tell."""
        found = self.destination(gss_code, on)
        return Route(found.ero, found.reason)

    def ero_today(self, gss_code: str) -> str | None:
        """Name the ERO who answers for a code today, if anybody does."""
        return self.destination(gss_code, london_date(datetime.now(UTC))).ero

    def heirs(self, gss_code: str, on: date) -> frozenset[str]:
        """Name the codes that somebody answers for among those that came after a code."""
        heirs: set[str] = set()
        seen, waiting = {gss_code}, list(self._successors(gss_code))
        while waiting:
            found = self.destination(waiting.pop(), on)
            if found.ero is not None:
                heirs.add(found.gss_code)
            elif found.gss_code not in seen:
                seen.add(found.gss_code)
                waiting += self._successors(found.gss_code)
        return frozenset(heirs)

    def _successors(self, gss_code: str) -> tuple[str, ...]:
        authority = self._authorities.find(gss_code)
        return authority.successors if authority else ()

    def destinations(self, on: date) -> list[tuple[str, Destination]]:
        """Say of each code that anybody listed or stated where its records belong."""
        codes = {authority.gss_code for authority in self._authorities} | self._stated.keys()
        return [(code, self.destination(code, on)) for code in sorted(codes - {AUTHORITY_UNKNOWN})]

    def _stated_ero(self, gss_code: str, on: date) -> str | None:
        """Of several statements the one counts that began last."""
        stated = self._stated.get(gss_code)
        if stated is None:
            return None
        return next((one.ero for one in reversed(stated) if one.in_force(on)), None)


def _begin(stated: Stated) -> date:
    return stated.valid_from


class AuthorityFiles:
    """The lists of authorities and EROs, as files that may change."""

    def __init__(self, authorities_file: Path | None, eros_file: Path | None) -> None:
        self._authorities_file = authorities_file
        self._eros_file = eros_file
        self._seen = self._signature()

    def load(self) -> Authorities:
        """Read both; raises ReferenceDataUnusable."""
        return Authorities.load(self._authorities_file, self._eros_file)

    def load_changed(self) -> Authorities | None:
        """Read both if one has changed since this asked last; raises ReferenceDataUnusable."""
        seen, self._seen = self._seen, self._signature()
        return None if self._seen == seen else self.load()

    def _signature(self) -> list[tuple[int, int] | None]:
        files = (self._authorities_file, self._eros_file)
        return [_changed(file) for file in files if file is not None]


def _changed(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


async def keep_reading(
    responsibilities: Responsibilities, files: AuthorityFiles, pool: Pool
) -> None:
    """Look for changed files and statements every 5 s until cancelled."""
    while True:
        read_files_again(responsibilities, files)
        try:
            responsibilities.replace_stated(await read_stated(pool))
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(REREAD_INTERVAL)


def read_files_again(responsibilities: Responsibilities, files: AuthorityFiles) -> None:
    """Go by changed files; one that cannot be used leaves the last good one standing."""
    try:
        authorities = files.load_changed()
    except ReferenceDataUnusable as error:
        log.error("authorities not read again", file=error.path.name if error.path else None)
        return
    if authorities is not None:
        responsibilities.replace_authorities(authorities)
