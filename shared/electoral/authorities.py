"""Local authorities of Great Britain by GSS code, and the electoral registration officers.

Names, codes and dates are ONS reference data (Open Government Licence), EROs' contact details are
synthetic. Both are files: `Authorities.load` takes others in their place.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, with_config

from electoral.data import RECORD_CONFIG, ReferenceDataUnusable, read_records
from electoral.events import Language

Nation = Literal["england", "scotland", "wales"]
NATIONS: tuple[Nation, ...] = ("england", "scotland", "wales")

AUTHORITY_UNKNOWN = "X99999999"  # an application whose address nobody could place; no authority
AUTHORITY_UNKNOWN_NAME = "To be confirmed"

GSS_CODE_PATTERN = r"^[A-Z][0-9]{8}$"
GssCode = Annotated[str, Field(pattern=GSS_CODE_PATTERN)]
EroCode = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]

_NATION_OF_LETTER: dict[str, Nation] = {"E": "england", "S": "scotland", "W": "wales"}
_SUCCESSIONS_MAX = 10  # codes of one place since 2009; more means that the data go in a circle


class UnknownAuthority(KeyError):
    """No authority or ERO has this code."""

    def __str__(self) -> str:
        return f"no authority or ERO has the code {self.args[0]}"


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class Contact:
    """Where applicants reach an ERO."""

    email: str
    phone: str
    address: str
    address_cy: str | None = None  # in Wales

    def address_in(self, language: Language) -> str:
        """Return the address as a page in that language says it."""
        return self.address_cy or self.address if language == "cy" else self.address


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class Ero:
    """An electoral registration officer: answers for one authority, a joint board for several."""

    code: EroCode
    name: str
    contact: Contact
    name_cy: str | None = None  # in Wales

    def name_in(self, language: Language) -> str:
        """Return the name as a page in that language says it."""
        return self.name_cy or self.name if language == "cy" else self.name


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class Authority:
    """A local authority under one GSS code; reorganisation ends the code and names successors."""

    gss_code: GssCode
    name: str
    nation: Nation
    ero: str  # an ended code's too is the ERO who answers for the place today
    valid_from: date | None  # None = since before these data begin
    valid_to: date | None  # the last day; None = in force
    successors: tuple[str, ...]
    name_cy: str | None = None  # in Wales; elsewhere there is one name for both languages

    def name_in(self, language: Language) -> str:
        """Return the name as a page in that language says it."""
        return self.name_cy or self.name if language == "cy" else self.name

    def in_force(self, on: date) -> bool:
        """Say whether this code is in use on that day (Europe/London)."""
        begun = self.valid_from is None or self.valid_from <= on
        return begun and (self.valid_to is None or on <= self.valid_to)


class Authorities:
    """All authorities and EROs, consistent with each other."""

    def __init__(self, authorities: Sequence[Authority], eros: Sequence[Ero]) -> None:
        self._by_gss_code = {authority.gss_code: authority for authority in authorities}
        self._by_ero_code = {ero.code: ero for ero in eros}
        if len(self._by_gss_code) != len(authorities) or len(self._by_ero_code) != len(eros):
            raise ReferenceDataUnusable("A GSS code or an ERO code occurs twice.")
        self._gss_codes: dict[str, tuple[str, ...]] = dict.fromkeys(self._by_ero_code, ())
        for authority in authorities:
            self._check(authority)
            self._gss_codes[authority.ero] += (authority.gss_code,)

    @classmethod
    def load(
        cls, authorities_file: Path | None = None, eros_file: Path | None = None
    ) -> "Authorities":
        """Read both lists, from the files given or those shipped; raises ReferenceDataUnusable."""
        authorities = read_records(Authority, "authorities.json", authorities_file)
        eros = read_records(Ero, "eros.json", eros_file)
        try:
            return cls(authorities, eros)
        except ReferenceDataUnusable as error:
            raise ReferenceDataUnusable(str(error), authorities_file or eros_file) from None

    def authority(self, gss_code: str) -> Authority:
        """Return the authority of this code, ended or not; raises UnknownAuthority."""
        found = self._by_gss_code.get(gss_code)
        if found is None:
            raise UnknownAuthority(gss_code)
        return found

    def find(self, gss_code: str) -> Authority | None:
        """Return the authority of this code, ended or not, or None."""
        return self._by_gss_code.get(gss_code)

    def current(self, gss_code: str, on: date) -> Authority:
        """Return who answers for that code's area on that day: the code's authority or, once it
        has ended, its successor. Where several share the area nobody can tell from the code alone:
        the ended authority itself is returned. Raises UnknownAuthority.
        """
        authority = self.authority(gss_code)
        for _ in range(_SUCCESSIONS_MAX):
            ended = authority.valid_to is not None and authority.valid_to < on
            if not ended or len(authority.successors) != 1:
                break
            authority = self.authority(authority.successors[0])
        return authority

    def ero(self, gss_code: str) -> Ero:
        """Return the ERO who answers for this code's area today; raises UnknownAuthority."""
        return self._by_ero_code[self.authority(gss_code).ero]

    def ero_by_code(self, ero_code: str) -> Ero:
        """Return the ERO of this code; raises UnknownAuthority."""
        found = self._by_ero_code.get(ero_code)
        if found is None:
            raise UnknownAuthority(ero_code)
        return found

    def gss_codes_of(self, ero_code: str, on: date | None = None) -> tuple[str, ...]:
        """List an ERO's GSS codes: those in force on a day or, without one, ended ones too, because
        what was addressed to an ended code is still the ERO's. Raises UnknownAuthority.
        """
        self.ero_by_code(ero_code)
        codes = self._gss_codes[ero_code]
        if on is None:
            return codes
        return tuple(code for code in codes if self._by_gss_code[code].in_force(on))

    def in_force(self, on: date) -> tuple[Authority, ...]:
        """List the authorities in force on a day."""
        return tuple(authority for authority in self if authority.in_force(on))

    @property
    def eros(self) -> tuple[Ero, ...]:
        return tuple(self._by_ero_code.values())

    def __iter__(self) -> Iterator[Authority]:
        """Go through all authorities, ended ones too, in the order of the file."""
        return iter(self._by_gss_code.values())

    def __len__(self) -> int:
        return len(self._by_gss_code)

    def __contains__(self, gss_code: object) -> bool:
        return gss_code in self._by_gss_code

    def _check(self, authority: Authority) -> None:
        code = authority.gss_code
        if authority.ero not in self._by_ero_code:
            raise ReferenceDataUnusable(f"{code} names an ERO that is not listed, {authority.ero}.")
        if nation_of(code) != authority.nation:
            raise ReferenceDataUnusable(f"{code} is not a code of {authority.nation}.")
        if authority.successors and authority.valid_to is None:
            raise ReferenceDataUnusable(f"{code} has successors but no last day.")
        for successor in authority.successors:
            if successor not in self._by_gss_code:
                raise ReferenceDataUnusable(f"{code} names an unknown successor, {successor}.")


def nation_of(gss_code: str) -> Nation | None:
    """Return the nation whose codes begin so; None for Northern Ireland and for no authority."""
    return _NATION_OF_LETTER.get(gss_code[:1])


def _print_eros(authorities: Authorities) -> None:
    today = datetime.now(UTC).date()
    for ero in authorities.eros:
        print(ero.code, *authorities.gss_codes_of(ero.code, today))


def _print_table(authorities: Authorities) -> None:
    for authority in authorities:
        dates = f"{authority.valid_from or ''!s:10}  {authority.valid_to or ''!s:10}"
        names = f"{authority.name:36}  {authority.nation:8}  {authority.ero:36}"
        print(f"{authority.gss_code}  {names}  {dates}".rstrip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each ERO with its GSS codes, or a table of all authorities."""
    parser = argparse.ArgumentParser(prog="python -m electoral.authorities", description=__doc__)
    parser.add_argument("what", choices=("eros", "list"))
    parser.add_argument("--authorities-file", type=Path)
    parser.add_argument("--eros-file", type=Path)
    options = parser.parse_args(arguments)
    try:
        authorities = Authorities.load(options.authorities_file, options.eros_file)
    except ReferenceDataUnusable as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    _print_eros(authorities) if options.what == "eros" else _print_table(authorities)
    return 0


if __name__ == "__main__":
    sys.exit(main())
