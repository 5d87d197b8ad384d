"""Status: what has happened to an application, told to whoever knows reference and postcode.

A wrong pair and an unknown reference look the same and take the same time: one row is read, one
hash made and compared, and the facts read, whatever there is.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.blind_index import BlindIndex
from electoral.identifiers import normalise_reference
from electoral.postgres import Pool
from electoral.sealing import SealingError

from registration.postgres.progress import KnownReference, find_reference, read_progress

STEPS = ("received", "checked", "with-your-council", "decided")
SENT = "sent-to-your-council"  # noted only where it comes before `checked`
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Status:
    """Where an application is; each step with its time."""

    gss_code: str
    steps: dict[str, datetime]  # in the order of STEPS, those that were reached
    sent_before_checked: datetime | None = None  # while DWP had not answered

    @property
    def current(self) -> str:
        """Return the furthest step reached."""
        return list(self.steps)[-1]

    @property
    def sent_to_council_at(self) -> datetime | None:
        """When it was put into the council's queue: with its first outcome, in whose transaction
        it leaves for there. None before that, and where nobody knew then which council it is.
        """
        if self.gss_code == AUTHORITY_UNKNOWN:
            return None
        known = (self.sent_before_checked, self.steps.get("checked"))
        return min((at for at in known if at is not None), default=None)

    @property
    def is_sent_to_council(self) -> bool:
        """Say whether it is or was in the council's queue, at whatever time it came there."""
        reached = self.steps.keys() & {"with-your-council", "decided"}
        return self.sent_to_council_at is not None or bool(reached)


class StatusQuestions:
    """Answers where an application is."""

    def __init__(self, pool: Pool, index: BlindIndex) -> None:
        self._pool = pool
        self._index = index

    async def ask(self, reference: str, postcode: str) -> Status | None:
        """Return the status; None for a wrong pair as for an unknown reference."""
        known = await find_reference(self._pool, normalise_reference(reference))
        right = self._is_right(known, postcode.encode())
        application_id = known.application_id if known is not None and right else NOBODY
        facts = await read_progress(self._pool, application_id)
        if known is None or not right:
            return None
        facts["received"] = known.received_at
        steps = {step: facts[step] for step in STEPS if step in facts}
        return Status(known.gss_code, steps, facts.get(SENT))

    def _is_right(self, known: KnownReference | None, postcode: bytes) -> bool:
        if known is None:
            _, hashed = self._index.current("status", postcode)
            return hmac.compare_digest(hashed, b"\x00" * len(hashed))
        try:
            hashed = self._index.under(known.postcode_key_id, postcode)
        except SealingError:
            return False
        return hmac.compare_digest(hashed, known.postcode_hash)
