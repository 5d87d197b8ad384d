"""Where the attempts of some applications stand, and what a new record takes the place of."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from electoral.identifiers import record_id
from electoral.ledger import AttemptKey

from ems_gateway.delivery import NOTHING_YET, Standing


class Standings:
    """Where the attempts of some applications stand, while a batch of records arrives."""

    def __init__(self, standings: Mapping[AttemptKey, Standing]) -> None:
        self._by_application: dict[UUID, dict[int, Standing]] = {}
        for key, standing in standings.items():
            self.put(key, standing)

    def copy(self) -> "Standings":
        """Make one to try things on."""
        copied = Standings({})
        copied._by_application = {key: dict(own) for key, own in self._by_application.items()}
        return copied

    def put(self, key: AttemptKey, standing: Standing) -> None:
        application_id, attempt = key
        self._by_application.setdefault(application_id, {})[attempt] = standing

    def of(self, key: AttemptKey) -> Standing:
        application_id, attempt = key
        return self._by_application.get(application_id, {}).get(attempt, NOTHING_YET)

    def assigned_gss_code(self, application_id: UUID) -> str | None:
        """Where an operator sent this application's newest assigned attempt: later ones follow."""
        assigned = (s.assigned_gss_code for s in self._newest_first(application_id))
        return next((code for code in assigned if code is not None), None)

    def replaced_by(self, application_id: UUID, attempt: int, revision: int) -> str | None:
        """Name the record that a new one takes the place of: the newest before it, if any."""
        attempts = self._by_application.get(application_id, {})
        own = attempts.get(attempt, NOTHING_YET)
        if own.revision:
            newer = own.revision < revision
            return record_id(application_id, attempt, own.revision) if newer else None
        earlier = [a for a, standing in attempts.items() if a < attempt and standing.revision]
        if not earlier:
            return None
        last = max(earlier)
        return record_id(application_id, last, attempts[last].revision)

    def _newest_first(self, application_id: UUID) -> Iterable[Standing]:
        attempts = self._by_application.get(application_id, {})
        return (attempts[attempt] for attempt in sorted(attempts, reverse=True))
