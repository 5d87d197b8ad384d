"""Who is responsible: the authority of the full address, not of the postcode alone."""

import asyncio
from collections.abc import Coroutine
from datetime import date
from typing import Any, NamedTuple, TypeGuard, TypeVar

import structlog
from electoral.address_lookup import Address as KnownAddress
from electoral.address_lookup import AddressLookup
from electoral.answers import Address
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities, Nation
from electoral.begun import Begun
from electoral.events import AddressBasis
from electoral.postcodes import PostcodeIndex

from registration.application import Application

log = structlog.get_logger()

T = TypeVar("T")


class Placed(NamedTuple):
    """The authority an application belongs to, and how it was found."""

    gss_code: str
    basis: AddressBasis
    nation: Nation | None  # None when nobody can place the address


class AuthorityFinder:
    """Finds the authority of an address: by UPRN, else by postcode, else as the applicant says."""

    def __init__(
        self,
        authorities: Authorities,
        postcodes: PostcodeIndex,
        addresses: AddressLookup,
        lookup_timeout: float,
    ) -> None:
        self._authorities = authorities
        self._postcodes = postcodes
        self._addresses = addresses
        self._lookup_timeout = lookup_timeout  # seconds

    async def place(self, application: Application, on: date) -> Placed:
        """Place an application; an address that cannot be placed is accepted all the same."""
        address = application.address
        by_uprn = await self._gss_code_by_uprn(address)
        if self._is_listed(by_uprn):
            return self._placed(by_uprn, "uprn", on)
        by_postcode = self._postcodes.gss_code(address.postcode)
        if self._is_listed(by_postcode):
            return self._placed(by_postcode, "postcode", on)
        if self._is_listed(application.gss_code):
            return self._placed(application.gss_code, "gss-code", on)
        return Placed(AUTHORITY_UNKNOWN, "unknown", None)

    def previous(self, application: Application, on: date) -> str | None:
        """Return the authority of a previous address in Great Britain, by its postcode."""
        previous = application.previous_address
        if previous is None or previous.is_abroad or previous.postcode is None:
            return None
        return self.of_postcode(previous.postcode, on)

    def of_postcode(self, postcode: str, on: date) -> str | None:
        """Return the authority of a postcode; None when the directory cannot place it."""
        return self.of_code(self._postcodes.gss_code(postcode), on)

    def of_code(self, gss_code: str | None, on: date) -> str | None:
        """Return who answers for a code's area on a day; None when there is no such code."""
        if not self._is_listed(gss_code):
            return None
        return self._authorities.current(gss_code, on).gss_code

    async def addresses(self, postcode: str) -> tuple[KnownAddress, ...] | None:
        """List the addresses of a postcode; None when the look-up is slow or down."""
        return await self._asked(self._addresses.by_postcode(postcode))

    def _is_listed(self, gss_code: str | None) -> TypeGuard[str]:
        """Say whether there is such an authority: the lists of authorities and of postcodes may be
        of different dates, and a code that nobody answers for places nobody.
        """
        return gss_code is not None and self._authorities.find(gss_code) is not None

    def _placed(self, gss_code: str, basis: AddressBasis, on: date) -> Placed:
        authority = self._authorities.current(gss_code, on)
        return Placed(authority.gss_code, basis, authority.nation)

    async def _gss_code_by_uprn(self, typed: Address) -> str | None:
        """Ask the look-up; when it is slow or down the postcode has to do.

        A UPRN of another postcode is left over from before the address was edited: it says nothing.
        """
        if typed.uprn is None:
            return None
        known = await self._asked(self._addresses.by_uprn(typed.uprn))
        return known.gss_code if known and known.postcode == typed.postcode else None

    async def _asked(self, answer: Coroutine[Any, Any, T]) -> T | None:
        """Wait for the look-up. Whatever befalls it, nobody is kept from applying by it."""
        try:
            begun = Begun(answer)
            if begun.is_done:
                return begun.value
            async with asyncio.timeout(self._lookup_timeout):
                return await begun
        except Exception as error:
            log.warning("address look-up did not answer", error_class=type(error).__name__)
            return None
