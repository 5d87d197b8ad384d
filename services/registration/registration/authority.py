"""Who is responsible: the authority of the full address, not of the postcode alone."""

import asyncio
from dataclasses import dataclass
from datetime import date

import structlog
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities, Nation
from electoral.events import AddressBasis

from registration.address_lookup import AddressLookup, AddressLookupUnavailable
from registration.application import Application
from registration.postcodes import PostcodeIndex

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Placed:
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
        if address.uprn is not None:
            by_uprn = await self._gss_code_of_uprn(address.uprn)
            if by_uprn is not None:
                return self._placed(by_uprn, "uprn", on)
        by_postcode = self._postcodes.gss_code(address.postcode)
        if by_postcode is not None:
            return self._placed(by_postcode, "postcode", on)
        if application.gss_code is not None and self._authorities.find(application.gss_code):
            return self._placed(application.gss_code, "gss-code", on)
        return Placed(AUTHORITY_UNKNOWN, "unknown", None)

    def previous(self, application: Application, on: date) -> str | None:
        """Return the authority of a previous address in Great Britain, by its postcode."""
        previous = application.previous_address
        if previous is None or previous.postcode is None:
            return None
        found = self._postcodes.gss_code(previous.postcode)
        return None if found is None else self._authorities.current(found, on).gss_code

    def _placed(self, gss_code: str, basis: AddressBasis, on: date) -> Placed:
        authority = self._authorities.current(gss_code, on)
        return Placed(authority.gss_code, basis, authority.nation)

    async def _gss_code_of_uprn(self, uprn: str) -> str | None:
        """Ask the look-up; when it is slow or down the postcode has to do."""
        try:
            async with asyncio.timeout(self._lookup_timeout):
                address = await self._addresses.by_uprn(uprn)
        except (TimeoutError, AddressLookupUnavailable) as error:
            log.warning("address look-up did not answer", error_class=type(error).__name__)
            return None
        return None if address is None else address.gss_code
