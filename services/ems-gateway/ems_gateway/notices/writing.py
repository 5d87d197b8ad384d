"""Notices are written in the transaction of the determination that they follow from."""

import json
from collections.abc import Callable
from datetime import date
from uuid import UUID

from electoral.calendar import london_date
from electoral.person import UnreadablePerson
from electoral.postgres import Connection
from electoral.sealing import Sealer, SealingError, UnknownKey
from pydantic_core import from_json

from ems_gateway.answers import SOURCE
from ems_gateway.delivery import Route
from ems_gateway.determinations.rules import Attempt, Named
from ems_gateway.errors import KeysMissing
from ems_gateway.history.writing import Entry
from ems_gateway.items import Json, read_person
from ems_gateway.notices.rules import NewNotice, notice_for, notice_id
from ems_gateway.postgres.notices import insert_notice, read_newest

NOBODYS = Route(None, "authority-unknown")

FindRoute = Callable[[str, date], Route]
"""Says whose a GSS code is on a day."""


class NoticeWriter:
    """Writes the notice to the ERO of a previous address."""

    def __init__(self, sealer: Sealer, route: FindRoute) -> None:
        self._sealer = sealer
        self._route = route

    async def write(self, connection: Connection, named: Named, newest: Attempt) -> list[Entry]:
        """Store the notice of an application that was allowed, if anybody is to be told.

        It says what the newest record does: a later attempt may have put a name right. A record
        that is gone for good stops no determination: its notice is held. For want of a key, which
        may be restored, `KeysMissing` is raised: the determination can be sent again.
        """
        assert newest.ero is not None  # it has just determined
        event, sealed = await read_newest(connection, named.application_id)
        previous_gss_code: str | None = from_json(event).get("previousGssCode")
        previous = self._whose(previous_gss_code, london_date(named.now))
        person = self.open(named.application_id, sealed)
        notice = notice_for(newest.ero, previous, person)
        if notice is None:
            return []
        new = NewNotice(
            notice_id=notice_id(named.application_id),
            application_id=named.application_id,
            attempt=named.attempt,
            gss_code=newest.assigned_gss_code or named.gss_code,
            previous_gss_code=previous_gss_code,
            ero=notice.ero,
            reason=notice.reason,
            content=self.seal(named.application_id, notice.content),
        )
        await insert_notice(connection, new)
        return [_entry(new)]

    def _whose(self, gss_code: str | None, today: date) -> Route:
        return NOBODYS if gss_code is None else self._route(gss_code, today)

    def open(self, application_id: UUID, sealed: str) -> Json | None:
        """Open a record's person; None if it never will, or is none; raises `KeysMissing`."""
        try:
            return read_person(self._sealer.open("person", application_id, sealed))
        except UnknownKey as error:
            raise KeysMissing(type(error).__name__) from None
        except (SealingError, UnreadablePerson):
            return None

    def seal(self, application_id: UUID, content: Json | None) -> str | None:
        """Seal what a notice says under today's key."""
        if content is None:
            return None
        plain = json.dumps(content, ensure_ascii=False).encode()
        return self._sealer.seal("person", application_id, plain)


def _entry(new: NewNotice) -> Entry:
    facts = {
        "notice": new.notice_id.hex(),
        "previousGssCode": new.previous_gss_code,
        "ero": new.ero,
        "held": new.reason,
    }
    given = {name: fact for name, fact in facts.items() if fact is not None}
    return Entry(new.application_id, new.attempt, "noticed", SOURCE, given)
