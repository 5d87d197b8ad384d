"""The address look-up, in front of admission: who waits for it is not in this process's hands.

When it is slow everybody takes longer and many more are on their way, and none of that is too much
work for us: without this, intake would be held down because somebody else is slow.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from electoral.address_lookup import Address, AddressLookup
from electoral.begun import Begun

from registration.admission import Admission

T = TypeVar("T")


class LookupElsewhere:
    """Asks another look-up."""

    def __init__(self, lookup: AddressLookup, admission: Admission) -> None:
        self._lookup = lookup
        self._admission = admission

    async def by_uprn(self, uprn: str) -> Address | None:
        return await self._elsewhere(self._lookup.by_uprn(uprn))

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        return await self._elsewhere(self._lookup.by_postcode(postcode))

    async def _elsewhere(self, answer: Coroutine[Any, Any, T]) -> T:
        begun = Begun(answer)
        if begun.is_done:
            return begun.value
        with self._admission.elsewhere():
            return await begun
