"""Assigning and reassigning: an operator says which authority a record belongs to."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from electoral.authorities import AUTHORITY_UNKNOWN, Authorities, UnknownAuthority
from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.postgres import Pool, transaction

from ems_gateway.errors import CannotAssign
from ems_gateway.history.writing import History
from ems_gateway.moves.moving import delivered_under, is_undelivered, write_moves
from ems_gateway.moves.responsibility import Destination, Responsibilities
from ems_gateway.postgres.operators import HeldRecord, list_held, list_unassigned
from ems_gateway.postgres.records import Found, find_one
from ems_gateway.postgres.responsibilities import Stated
from ems_gateway.reading import GSS_CODE, read_record_id

Check = Callable[[Found, Destination], None]  # raises `CannotAssign`


class Desk(NamedTuple):
    """What an operator needs to send records on."""

    pool: Pool
    responsibilities: Responsibilities
    history: History

    async def assign(self, record_id: str, gss_code: str, by: str) -> str:
        """Send a record that nobody could place to an authority's ERO and return that.

        Raises `CannotAssign`. The ledger keeps the code that the attempt was accepted with.
        """
        return await self._send(record_id, gss_code, by, _check_unassigned)

    async def reassign(self, record_id: str, gss_code: str, by: str) -> str:
        """Send a record that waits, or is held, for one ERO on to another's and return that."""
        return await self._send(record_id, gss_code, by, _check_undelivered)

    def destination(self, gss_code: str) -> Destination:
        """Find who answers for a code today, itself or its successor; raises `CannotAssign`."""
        to = self.responsibilities.destination(gss_code, london_date(datetime.now(UTC)))
        if to.ero is None:
            raise CannotAssign(f"{gss_code[:9]} is not the GSS code of an authority in force.")
        return to

    async def suggestions(self, ero: str | None) -> tuple[list[HeldRecord], list[str]]:
        """List what EROs said to be another's: what can be sent on, and a line for each."""
        usable, lines = [], []
        for one in await list_held(self.pool, ero=ero, suggested_only=True):
            try:
                to = self.destination(one.suggested_gss_code or "")
            except CannotAssign as error:
                lines.append(f"{held_line(one)}: stays. {error}")
                continue
            if (to.ero, to.gss_code) == (one.ero, one.gss_code):
                lines.append(f"{held_line(one)}: stays. It is there already.")
                continue
            usable.append(one)
            lines.append(f"{held_line(one)}: to {to.ero}")
        return usable, lines

    async def _send(self, record_id: str, gss_code: str, by: str, check: Check) -> str:
        to = self.destination(gss_code)
        wanted = read_record_id(record_id)
        if wanted is None:
            raise CannotAssign("A record's id is 24 hexadecimal digits; see `assign --list`.")
        async with transaction(self.pool) as connection:
            found = await find_one(connection, wanted)
            if found is None:
                raise CannotAssign("There is no record with this id.")
            if found.filed.revision != found.standing.revision:
                raise CannotAssign("A newer revision took this record's place; name that one.")
            check(found, to)
            await write_moves(connection, self.history, [(found, to)], f"operator {by}")
        assert to.ero is not None  # `destination` has looked
        return to.ero


def _check_unassigned(found: Found, _: Destination) -> None:
    """Refuse what is not held for want of an authority: whatever has an ERO is that ERO's."""
    if found.standing.state != "held" or found.standing.ero is not None:
        raise CannotAssign("This record is not held for want of an authority; see `reassign`.")


def _check_undelivered(found: Found, to: Destination) -> None:
    if not is_undelivered(found):
        raise CannotAssign("This record was acknowledged: who has it has to send it on.")
    if found.standing.ero is None:
        raise CannotAssign("This record has no ERO yet; see `assign`.")
    if (found.standing.ero, delivered_under(found)) == (to.ero, to.gss_code):
        raise CannotAssign(f"This record is with {to.ero} under {to.gss_code} already.")


async def list_lines(pool: Pool) -> list[str]:
    """Describe what waits for an authority, longest first, one line each."""
    waiting = await list_unassigned(pool)
    lines = [
        f"{one.record_id.hex()}  {timestamp(one.since)}  {one.reason}"
        f"  application {one.application_id}  accepted with {one.gss_code}"
        for one in waiting
    ]
    return [*lines, f"{len(waiting)} wait for an authority."]


def held_line(one: HeldRecord) -> str:
    """Describe a held record."""
    suggested = f"  suggested {one.suggested_gss_code}" if one.suggested_gss_code else ""
    said = f" ({one.said})" if one.said else ""
    return (
        f"{one.record_id.hex()}  {timestamp(one.since)}  {one.ero or '-'}  {one.gss_code}"
        f"  {one.reason}{said}{suggested}"
    )


def read_statement(
    authorities: Authorities, gss_code: str, ero: str, days: tuple[date | None, date | None]
) -> Stated:
    """Read who answers for a code, from a first day (today) to a last; raises `CannotAssign`.

    The code may be one that the list does not have yet.
    """
    valid_from, valid_to = days[0] or london_date(datetime.now(UTC)), days[1]
    if not GSS_CODE.fullmatch(gss_code):
        raise CannotAssign("A GSS code is a letter and eight digits.")
    if gss_code == AUTHORITY_UNKNOWN:
        raise CannotAssign("This code is for what nobody can place: see `assign`.")
    if valid_to is not None and valid_to < valid_from:
        raise CannotAssign("The last day comes before the first.")
    try:
        return Stated(gss_code, authorities.ero_by_code(ero).code, valid_from, valid_to)
    except UnknownAuthority:
        raise CannotAssign(
            "No ERO has this code; `python -m electoral.authorities eros` lists them."
        ) from None
