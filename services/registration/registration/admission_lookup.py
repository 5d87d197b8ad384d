"""The address look-up, in front of admission: who waits for it is not in this process's hands.

When it is slow everybody takes longer and many more are on their way, and none of that is too much
work for us: without this, intake would be held down because somebody else is slow.
"""

from electoral.address_lookup import Address, AddressLookup

from registration.admission import Admission


class LookupElsewhere:
    """Asks another look-up."""

    def __init__(self, lookup: AddressLookup, admission: Admission) -> None:
        self._lookup = lookup
        self._admission = admission

    async def by_uprn(self, uprn: str) -> Address | None:
        with self._admission.elsewhere():
            return await self._lookup.by_uprn(uprn)

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        with self._admission.elsewhere():
            return await self._lookup.by_postcode(postcode)
