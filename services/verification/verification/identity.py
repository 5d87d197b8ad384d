"""Identity: what an applicant is looked for by, as keyed hashes and never in clear.

Two bases: the NINO, and the standardised first and last name with date of birth and postcode. An
application is counted under this quarter's key of each, and found under the older live ones. Clocks
differ: around the change of a quarter whoever counts under the one key locks the other's row too.
"""

from datetime import date, timedelta
from typing import NamedTuple

from electoral.blind_index import BlindIndex, IndexKey, IndexPurpose
from electoral.person import Name
from electoral.sealing import UnknownKey

from verification.standardising import standardise

HASH_BYTES = 16  # of the 32: no two people will ever share them by chance
CLOCKS_DIFFER_MAX = timedelta(hours=1)

Place = tuple[str, bytes]
"""A row of the index: key id, hash."""


class Sought(NamedTuple):
    """Where one basis is looked for, and the one place among them where it is counted."""

    counted: Place
    beside: tuple[Place, ...]  # the quarter before or after, while clocks may differ about it
    before: tuple[Place, ...]  # older quarters: nobody writes there any more


class Identity(NamedTuple):
    """What an application is looked for by; None where that basis is missing."""

    nino: Sought | None
    person: Sought | None


NO_IDENTITY = Identity(None, None)


class Quarters(NamedTuple):
    """The live keys of one basis, by what they are needed for."""

    current: IndexKey
    beside: tuple[IndexKey, ...]
    before: tuple[IndexKey, ...]

    def seek(self, text: bytes) -> Sought:
        """Hash a text under each of them."""
        return Sought(
            _place(self.current, text),
            tuple([_place(key, text) for key in self.beside]),
            tuple([_place(key, text) for key in self.before]),
        )


class Hashing(NamedTuple):
    """What hashes the identities of a batch."""

    by_nino: Quarters
    by_person: Quarters

    def identify(
        self, nino: str | None, name: Name, born: date | None, postcode: str | None
    ) -> Identity:
        """Hash what identifies an applicant: a NINO's eight characters, and who lives where."""
        return Identity(
            self.by_nino.seek(nino.encode()) if nino else None,
            self.by_person.seek(_person(name, born, postcode)) if born and postcode else None,
        )


def hashing(index: BlindIndex) -> Hashing:
    """Make ready what hashes a batch now; raises `UnknownKey` when this quarter's is not there."""
    return Hashing(_quarters(index, "nino-index"), _quarters(index, "person-index"))


def _quarters(index: BlindIndex, purpose: IndexPurpose) -> Quarters:
    live = {key.key_id: key for key in index.live_keys(purpose)}
    current = index.quarter(purpose)
    if current not in live:
        raise UnknownKey(current)
    around = {index.quarter(purpose, later=by) for by in (-CLOCKS_DIFFER_MAX, CLOCKS_DIFFER_MAX)}
    beside = around - {current}
    return Quarters(
        live[current],
        tuple(key for key_id, key in live.items() if key_id in beside),
        tuple(key for key_id, key in live.items() if key_id < current and key_id not in beside),
    )


def _place(key: IndexKey, text: bytes) -> Place:
    return key.key_id, key.hash(text)[:HASH_BYTES]


def _person(name: Name, born: date, postcode: str) -> bytes:
    home = "".join(postcode.split()).upper()
    parts = (standardise(name.first), standardise(name.last), born.isoformat(), home)
    return "\n".join(parts).encode()  # no part holds a line's end
