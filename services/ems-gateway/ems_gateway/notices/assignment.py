"""An operator says to whom a notice goes whose previous authority nobody could tell."""

from datetime import UTC, datetime
from uuid import UUID

from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.postgres import Connection, Pool, transaction

from ems_gateway.errors import CannotAssign, KeysMissing
from ems_gateway.history.writing import Entry, History
from ems_gateway.notices.rules import NoticeStanding, content_of
from ems_gateway.notices.writing import FindRoute, NoticeWriter
from ems_gateway.postgres.notices import lock_any_notice, read_newest
from ems_gateway.postgres.unfinished_notices import assign_notice_to, list_held_notices
from ems_gateway.reading import read_record_id


class NoticeAssignment:
    """Sends notices on; one that could not be read is written now, if it can be."""

    def __init__(
        self, pool: Pool, writer: NoticeWriter, history: History, route: FindRoute
    ) -> None:
        self._pool = pool
        self._writer = writer
        self._history = history
        self._route = route

    async def assign(self, notice: str, gss_code: str, by: str) -> str:
        """Send a notice to the ERO of a GSS code, and return that; raises `CannotAssign`."""
        ero = self._route(gss_code, london_date(datetime.now(UTC))).ero
        if ero is None:
            raise CannotAssign(f"{gss_code[:9]} is not the GSS code of an authority in force.")
        wanted = read_record_id(notice)
        if wanted is None:
            raise CannotAssign("A notice's id is 24 hexadecimal digits; see `notices list`.")
        async with transaction(self._pool) as connection:
            standing = _unfinished(await lock_any_notice(connection, wanted))
            content = standing.content or await self._write(connection, standing.application_id)
            offer = standing.offer + 1
            await assign_notice_to(connection, wanted, gss_code, ero, offer, content)
            facts = {"notice": wanted.hex(), "previousGssCode": gss_code, "ero": ero}
            where = (standing.application_id, standing.attempt)
            entry = Entry(*where, "noticed", f"operator {by}", facts | {"offer": offer})
            await self._history.append(connection, [entry])
        return ero

    async def _write(self, connection: Connection, application_id: UUID) -> str:
        _, sealed = await read_newest(connection, application_id)
        try:
            person = self._writer.open(application_id, sealed)
        except KeysMissing:
            raise CannotAssign("The key that this notice is written with is missing.") from None
        content = self._writer.seal(application_id, content_of(person) if person else None)
        if content is None:
            raise CannotAssign("What this notice would say cannot be read.")
        return content


def _unfinished(standing: NoticeStanding | None) -> NoticeStanding:
    if standing is None:
        raise CannotAssign("There is no notice with this id.")
    if standing.state == "acknowledged":
        raise CannotAssign("The ERO who had this notice has taken it.")
    return standing


async def held_lines(pool: Pool) -> list[str]:
    """Describe what is held, longest first, one line each."""
    held = await list_held_notices(pool)
    lines = [
        f"{one.notice_id.hex()}  {timestamp(one.since)}  {one.reason}"
        f"  application {one.application_id}  {one.ero or one.previous_gss_code or 'nobody known'}"
        for one in held
    ]
    return [*lines, f"{len(held)} notices are held."]
