"""Whose part of a split area an address lies in: by its UPRN, else by its postcode.

Only here is a person opened for anything but a page: an ended code that several others share says
nothing, the address does.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog
from electoral.address_lookup import (
    AddressLookup,
    AddressLookupUnavailable,
    SyntheticAddressLookup,
)
from electoral.person import Address, UnreadablePerson, read_person
from electoral.postcodes import PostcodeIndex, normalise_postcode
from electoral.sealing import Sealer, SealingError

from ems_gateway.postgres.moves import Sealed

LOOKUP_TIMEOUT = 1.0  # seconds; then the postcode has to do

log = structlog.get_logger()


class Parts:
    """Finds in which of a split area's parts people live."""

    def __init__(self, sealer: Sealer, postcodes: PostcodeIndex, addresses: AddressLookup) -> None:
        self._sealer = sealer
        self._postcodes = postcodes
        self._addresses = addresses

    def gss_code(self, postcode: str) -> str | None:
        """Name the authority of a postcode, as the directory knows it."""
        return self._postcodes.gss_code(postcode)

    async def place(
        self, sealed: Sealed, heirs: Collection[str], current: Callable[[str], str]
    ) -> str | None:
        """Name the one of the heirs that the person's address lies in, if that can be told.

        `current` says what the directory's code is today: it may be older than the list.
        """
        address = self._address(sealed)
        if address is None or address.postcode is None:
            return None
        for found in (await self._by_uprn(address), self._postcodes.gss_code(address.postcode)):
            if found is not None and current(found) in heirs:
                return current(found)
        return None

    def _address(self, sealed: Sealed) -> Address | None:
        try:
            opened = self._sealer.open("person", sealed.application_id, sealed.person)
            return read_person(opened).address
        except (SealingError, UnreadablePerson) as error:
            log.error(
                "record not placed",
                application_id=str(sealed.application_id),
                error_class=type(error).__name__,
            )
            return None

    async def _by_uprn(self, typed: Address) -> str | None:
        """Ask the look-up; a UPRN of another postcode is left over from an edited address."""
        if typed.uprn is None or typed.postcode is None:
            return None
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                known = await self._addresses.by_uprn(typed.uprn)
        except (TimeoutError, AddressLookupUnavailable) as error:
            log.warning("address look-up did not answer", error_class=type(error).__name__)
            return None
        same = known is not None and known.postcode == normalise_postcode(typed.postcode)
        return known.gss_code if known is not None and same else None


def parts_by(postcodes: PostcodeIndex | None, sealer: Sealer) -> Parts | None:
    """Tell parts by an index of postcodes; None if there is none."""
    if postcodes is None:
        return None
    return Parts(sealer, postcodes, SyntheticAddressLookup(postcodes))
