"""Credentials: what an ERO's system proves itself with, and who they are known to be.

A *proof* is the text that a credential is known by: a token's SHA-256, a certificate's serial
number and issuer, or a certificate's fingerprint. It opens nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from ems_gateway.calling.certificates import Certificate

Network = IPv4Network | IPv6Network
NAME_DIGITS = 8


class Credential(NamedTuple):
    """One of the things that an ERO's system can prove itself with."""

    proof: str
    ero: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None  # from then on it is nobody's
    revoked: bool = False
    networks: tuple[Network, ...] = ()  # of its own; none: wherever the ERO may call from

    def is_valid(self, at: datetime) -> bool:
        """Say whether it is worth anything at an instant."""
        return not self.revoked and _is_between(self.valid_from, at, self.valid_to)


class Range(NamedTuple):
    """A network that an ERO may call from, for as long as the entry counts that names it."""

    network: Network
    valid_from: datetime | None = None
    valid_to: datetime | None = None  # from then on nobody may

    def is_valid(self, at: datetime) -> bool:
        """Say whether it counts at an instant."""
        return _is_between(self.valid_from, at, self.valid_to)


class Filed(NamedTuple):
    """What the EROs' file says."""

    credentials: tuple[Credential, ...]
    addresses: Mapping[str, tuple[Range, ...]]  # of EROs that may call from nowhere else


def _is_between(begin: datetime | None, at: datetime, end: datetime | None) -> bool:
    return (begin is None or begin <= at) and (end is None or at < end)


def token_proof(token: str) -> str:
    """Return what a token is known by."""
    return token_hash_proof(sha256(token.encode("utf-8", "replace")).hexdigest())


def token_hash_proof(digest: str) -> str:
    return f"token {digest}"


def serial_proof(serial: str, issuer: str) -> str:
    return f"certificate {serial} of {issuer}"


def fingerprint_proof(fingerprint: str) -> str:
    return f"fingerprint {fingerprint}"


def name_of(proof: str) -> str:
    """Name a credential as histories, logs and lists do."""
    kind, digits, *_ = proof.split(" ", 2)
    return f"{kind} {digits[-NAME_DIGITS:] if kind == 'certificate' else digits[:NAME_DIGITS]}"


class Known:
    """All credentials that are known now: the file's and those that operators added.

    What an operator said of one goes before what the file says; one of two EROs is nobody's.
    """

    def __init__(self, filed: Filed, issued: Iterable[Credential]) -> None:
        self._addresses = filed.addresses
        said = {one.proof: one for one in issued}
        holders: dict[str, Credential] = dict(said)
        for one in filed.credentials:
            other = said.get(one.proof)
            if other is None:
                holders[one.proof] = one
            elif other.ero != one.ero:
                holders[one.proof] = other._replace(revoked=True)
        self._holders = holders
        self._issuers: defaultdict[str, set[str]] = defaultdict(set)
        for proof in holders:
            kind, serial, *_ = proof.split(" ", 2)
            if kind == "certificate":
                self._issuers[serial].add(proof)

    def of_token(self, token: str, at: datetime) -> Credential | None:
        """Return the credential that a token is, if it is worth anything."""
        return self._valid((token_proof(token),), at)

    def of_certificate(self, shown: Certificate, at: datetime) -> Credential | None:
        """Return the credential that a certificate is, if it is worth anything.

        A serial number alone is enough where one issuer's certificate has it.
        """
        if shown.issuer is not None:
            proofs = {serial_proof(shown.serial, shown.issuer)}
        else:
            proofs = self._issuers.get(shown.serial, set())
            if len(proofs) > 1:
                return None
        if shown.fingerprint is not None:
            proofs = proofs | {fingerprint_proof(shown.fingerprint)}
        return self._valid(proofs, at)

    def _valid(self, proofs: Iterable[str], at: datetime) -> Credential | None:
        """One proof that is revoked, or of another ERO, spoils the others of the same thing."""
        found = [self._holders[proof] for proof in sorted(proofs) if proof in self._holders]
        if len({one.ero for one in found}) != 1 or any(one.revoked for one in found):
            return None
        return next((one for one in found if one.is_valid(at)), None)

    def networks_of(self, owner: Credential, at: datetime) -> Sequence[Network] | None:
        """Return where a credential may be used; None: anywhere.

        Its own entry says so; one that says nothing, or was issued by command, may be used where
        the ERO's entries of the day say.
        """
        ranges = self._addresses.get(owner.ero, ())
        return owner.networks or [one.network for one in ranges if one.is_valid(at)] or None
