"""The judge on notices to the EROs of previous addresses."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256

from simulated.deliveries import NoticeAcknowledgement, NoticeDelivery
from simulated.verdict import Criterion, Offences

# Enough to delete an old entry; above all no number and no new address.
MAY_SAY = frozenset({"fn", "mn", "ln", "dob", "noDob", "previousName", "previousAddress"})
LIKE_A_NINO = re.compile(r"\b[A-Z]{2}\s?(\d\s?){6}[A-D]?\b")


class JudgedNotices:
    """Each is at one ERO, says no more than it may, and was acknowledged there."""

    def __init__(self, ero_of: Mapping[str, str] | None = None) -> None:
        self._ero_of = ero_of or {}
        self._body_of: dict[str, tuple[str, bytes]] = {}  # by notice: its ERO, hash of its text
        self._acknowledged: set[tuple[str, str]] = set()
        self._faults: dict[str, Offences] = defaultdict(Offences)

    def judge(self, entry: NoticeDelivery | NoticeAcknowledgement) -> None:
        if isinstance(entry, NoticeAcknowledgement):
            self._acknowledged.update((entry.ero, id_) for id_ in entry.ids)
            return
        ero, notice = entry
        text = json.dumps(notice, sort_keys=True)
        seen = ero, sha256(text.encode()).digest()
        if self._body_of.setdefault(notice["id"], seen) != seen:
            self._faults["ero"].add(notice["id"])
        if self._ero_of.get(notice.get("previousGssCode") or "", ero) != ero:
            self._faults["ero"].add(notice["id"])
        detail = notice.get("detail")
        if not isinstance(detail, dict) or detail.keys() - MAY_SAY or LIKE_A_NINO.search(text):
            self._faults["content"].add(notice["id"])

    def finish(self) -> None:
        """Once everything has been read."""
        received = {(ero, id_) for id_, (ero, _) in self._body_of.items()}
        for _, id_ in sorted(received ^ self._acknowledged):
            self._faults["acknowledged"].add(id_)

    def criteria(self) -> list[Criterion]:
        """None at all where nobody got a notice: most runs have none."""
        if not (self._body_of or self._acknowledged):
            return []
        faults, notices = self._faults, {"notices": len(self._body_of)}
        return [
            faults["ero"].criterion("Each notice is at the right ERO, unchanged", **notices),
            faults["content"].criterion("No notice says more than it may", **notices),
            faults["acknowledged"].criterion("Each notice was acknowledged by its ERO", **notices),
        ]
