"""Previous addresses: the authority that a council's application says somebody lived under."""

from collections.abc import Callable
from datetime import date

from ems_gateway.councils.answers import CouncilAnswers
from ems_gateway.moves.responsibility import Responsibilities

FindByPostcode = Callable[[str], str | None]
"""Names the authority of a postcode, as the directory of postcodes knows it."""


class PreviousAuthorities:
    """Finds the authority of a previous address in Great Britain, by its postcode.

    Without a directory nobody is named: a notice then waits for an operator.
    """

    def __init__(self, find: FindByPostcode | None, responsibilities: Responsibilities) -> None:
        self._find = find
        self._responsibilities = responsibilities

    def of(self, answers: CouncilAnswers, on: date) -> str | None:
        """Name the authority as of a London day; an ended one's successor."""
        previous = answers.previous_address
        if self._find is None or previous is None or previous.is_abroad or not previous.postcode:
            return None
        found = self._find(previous.postcode)
        if found is None:
            return None
        destination = self._responsibilities.destination(found, on)
        return None if destination.reason == "authority-unknown" else destination.gss_code
