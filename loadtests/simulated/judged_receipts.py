"""The judge on the senders' receipts."""

from simulated.receipts import Receipt
from simulated.verdict import Criterion, Offences

REFUSED_AS_INVALID = 422


class JudgedReceipts:
    """The accepted ones by application id, and what is wrong as such."""

    def __init__(self) -> None:
        self.accepted: dict[str, Receipt] = {}
        self.ended_at = ""  # the last answer, or when somebody gave up
        self._sent = 0
        self._invalid = self._turned_away = 0
        self._unanswered, self._refused, self._shared = Offences(), Offences(), Offences()
        self._let_in = Offences()

    def judge(self, receipt: Receipt) -> None:
        self._sent += 1
        self.ended_at = max(self.ended_at, receipt.answered_at)
        self._invalid += receipt.expected_refusal
        self._turned_away += receipt.turned_away
        if not receipt.answered:
            self._unanswered.add(receipt.key)
        elif receipt.turned_away:
            return  # should it be at a council after all, it is there though nobody sent it
        elif receipt.expected_refusal:
            self._judge_invalid(receipt)
        elif not receipt.accepted:
            self._refused.add(receipt.key)
        elif receipt.application_id in self.accepted:
            self._shared.add(receipt.application_id)
        else:
            self.accepted[receipt.application_id] = receipt

    def _judge_invalid(self, receipt: Receipt) -> None:
        if receipt.status != REFUSED_AS_INVALID:
            self._let_in.add(receipt.key)
        if receipt.accepted:
            self.accepted[receipt.application_id] = receipt

    def criteria(self, refusals_are_faults: bool) -> list[Criterion]:
        refusals = {
            "refused": self._refused.count,
            "turned away": self._turned_away,
            "sent": self._sent,
        }
        refused = self._refused if refusals_are_faults else Offences()
        accepted = len(self.accepted)
        return [
            self._unanswered.criterion("Every submission was answered", sent=self._sent),
            refused.criterion("No valid application was refused", **refusals),
            self._let_in.criterion("Each invalid application was refused", invalid=self._invalid),
            self._shared.criterion("No two submissions share an application", accepted=accepted),
        ]
