"""Status: what has happened to an application, told to whoever knows reference and postcode.

A wrong pair and an unknown reference look the same and take the same time: one row is read, one
hash made and compared, and the facts read, whatever there is.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.blind_index import BlindIndex
from electoral.identifiers import normalise_reference
from electoral.postgres import Pool
from electoral.sealing import SealingError

from registration.postgres.progress import KnownReference, find_reference, read_progress

STEPS = ("received", "checked", "with-your-council", "decided")
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Status:
    """Where an application is; each step with its time."""

    gss_code: str
    steps: dict[str, datetime]  # in the order of STEPS, those that were reached

    @property
    def current(self) -> str:
        """Return the furthest step reached."""
        return list(self.steps)[-1]


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
        return Status(known.gss_code, {step: facts[step] for step in STEPS if step in facts})

    def _is_right(self, known: KnownReference | None, postcode: bytes) -> bool:
        if known is None:
            _, hashed = self._index.current("status", postcode)
            return hmac.compare_digest(hashed, b"\x00" * len(hashed))
        try:
            hashed = self._index.under(known.postcode_key_id, postcode)
        except SealingError:
            return False
        return hmac.compare_digest(hashed, known.postcode_hash)
