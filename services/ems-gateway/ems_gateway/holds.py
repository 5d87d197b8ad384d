"""Holds: an operator lets delivery to an ERO pause and resume; nothing is lost, order is kept.

While an ERO is on hold its pages and leases are empty and say so; its answers are taken.
"""

import re

from electoral.authorities import Authorities, UnknownAuthority
from electoral.envelope import timestamp
from electoral.postgres import Pool

from ems_gateway.errors import CannotDeliver
from ems_gateway.postgres.holds import begin_hold, end_hold, list_on_hold

# Kept in clear, so that it must not be able to hold what somebody says of a person.
REASON = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


async def hold(pool: Pool, authorities: Authorities, ero: str, reason: str | None, by: str) -> None:
    """Let delivery to an ERO pause; raises `CannotDeliver`."""
    code = known_ero(authorities, ero)
    if reason is not None and not REASON.fullmatch(reason):
        raise CannotDeliver(
            "Give the reason as a word or a ticket's number: letters, digits and hyphens, at most "
            "40. It is kept in clear."
        )
    if not await begin_hold(pool, code, reason, by):
        raise CannotDeliver(f"{code} is on hold already; see `hold --list`.")


async def resume(pool: Pool, authorities: Authorities, ero: str, by: str) -> None:
    """Let delivery to an ERO go on; raises `CannotDeliver`."""
    code = known_ero(authorities, ero)
    if not await end_hold(pool, code, by):
        raise CannotDeliver(f"{code} is not on hold.")


async def list_lines(pool: Pool) -> list[str]:
    """Describe who is on hold, longest first, one line each."""
    on_hold = await list_on_hold(pool)
    lines = [
        f"{one.ero}  since {timestamp(one.held_at)}  by {one.held_by}  {one.reason or ''}".rstrip()
        for one in on_hold
    ]
    return [*lines, f"{len(on_hold)} on hold."]


def known_ero(authorities: Authorities, ero: str) -> str:
    """Return an ERO's code; raises `CannotDeliver` for one that is not listed."""
    try:
        return authorities.ero_by_code(ero).code
    except UnknownAuthority:
        raise CannotDeliver(
            f"There is no ERO {ero!r}: `python -m electoral.authorities eros` lists them."
        ) from None
