"""Assigning: an operator says which authority a record belongs to that nobody could place."""

from datetime import UTC, datetime

from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.postgres import Pool, transaction

from ems_gateway.delivery import Changes, assign, route
from ems_gateway.errors import CannotAssign
from ems_gateway.postgres.attempts import write_changes
from ems_gateway.postgres.operators import insert_assignment, list_unassigned
from ems_gateway.postgres.records import Found, find_one
from ems_gateway.reading import read_record_id


async def assign_record(
    pool: Pool, authorities: Authorities, record_id: str, gss_code: str, assigned_by: str
) -> str:
    """Send a held record to an authority's ERO and return that; raises `CannotAssign`.

    The ledger keeps the code that the attempt was accepted with.
    """
    ero = route(authorities, gss_code, london_date(datetime.now(UTC))).ero
    if ero is None:
        raise CannotAssign(f"{gss_code[:9]} is not the GSS code of an authority in force.")
    wanted = read_record_id(record_id)
    if wanted is None:
        raise CannotAssign("A record's id is 24 hexadecimal digits; see `assign --list`.")
    async with transaction(pool) as connection:
        found = _waiting_for_operator(await find_one(connection, wanted))
        changes = Changes()
        assign(changes, found.filed, found.standing, gss_code, ero)
        await write_changes(connection, changes)
        await insert_assignment(connection, wanted, gss_code, ero, assigned_by)
    return ero


def _waiting_for_operator(found: Found | None) -> Found:
    """Refuse what is not held for want of an authority: whatever has an ERO is that ERO's."""
    if found is None:
        raise CannotAssign("There is no record with this id.")
    if found.filed.revision != found.standing.revision:
        raise CannotAssign("A newer revision took this record's place; assign that one.")
    if found.standing.state != "held" or found.standing.ero is not None:
        raise CannotAssign("This record is not held for want of an authority.")
    return found


async def list_lines(pool: Pool) -> list[str]:
    """Describe what waits for an authority, longest first, one line each."""
    waiting = await list_unassigned(pool)
    lines = [
        f"{one.record_id.hex()}  {timestamp(one.since)}  {one.reason}"
        f"  application {one.application_id}  accepted with {one.gss_code}"
        for one in waiting
    ]
    return [*lines, f"{len(waiting)} wait for an authority."]
