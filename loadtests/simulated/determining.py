"""Electoral registration officers at work: they decide on what their system took, and take notices
of people who have moved away.

A decision once made is told until the gateway has answered, each time the same.
"""

from simulated.behaviours import Habits
from simulated.clock import now_text
from simulated.council_calls import Json
from simulated.council_desk import Desk

REJECTED_SHARE = 0.1
BY_HAND = ("local-data", "documents", "attestation")
TOLD = frozenset({200, 201, 204})


class Officer:
    """One ERO, who decides on each application once."""

    def __init__(self, desk: Desk, habits: Habits) -> None:
        self._desk = desk
        self._habits = habits
        self._decisions: dict[str, Json] = {}  # by record id, not told yet
        self._decided: set[str] = set()  # application ids
        desk.taken = []

    async def work(self) -> None:
        """Tells all decisions, then takes all notices. Raises what a call can raise."""
        for item in self._taken():
            if item["applicationId"] not in self._decided:
                self._decided.add(item["applicationId"])
                self._decisions[item["id"]] = self._decide(item)
        for record_id, decision in list(self._decisions.items()):
            await self._tell(record_id, decision)
        await self._take_notices()

    def _taken(self) -> list[Json]:
        """What was taken since, less what is only pending: its outcome follows."""
        taken, self._desk.taken = self._desk.taken or [], []
        return [item for item in taken if item["verification"]["status"] == "final"]

    def _decide(self, item: Json) -> Json:
        verification = item["verification"]
        duplicate = verification.get("possibleDuplicates", {}).get("total", 0) > 0
        green = verification["result"] == "green"
        rejected = self._habits.draw("rejected", item["id"]) < REJECTED_SHARE
        reason = "duplicate-application" if duplicate else "no-reply"
        by_hand = BY_HAND[int(self._habits.draw("proof", item["id"]) * len(BY_HAND))]
        return {
            "outcome": "rejected" if rejected else "allowed",
            "reasons": [reason] if rejected else [],
            "identityVerifiedBy": "nino" if green else by_hand,
            "determinedAt": now_text(),
        }

    async def _tell(self, record_id: str, decision: Json) -> None:
        status = await self._desk.calls.determine(record_id, decision)
        del self._decisions[record_id]
        if status in TOLD:
            self._desk.statistics.determined += 1
            self._desk.note("determined", [{"id": record_id, "outcome": decision["outcome"]}])
        else:  # it went to another ERO meanwhile, or another system of this one decided
            self._desk.statistics.unacknowledged += 1

    async def _take_notices(self) -> None:
        desk, more = self._desk, True
        while more:
            notices, more = await desk.notices()
            taken = [one["id"] for one in notices if await desk.calls.answer_notice(one["id"])]
            if taken:
                desk.note("noticesAcknowledged", taken)
                desk.statistics.notices += len(taken)
