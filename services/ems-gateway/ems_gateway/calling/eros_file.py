"""The EROs' file: their credentials, and where they may call from. It may change while we run.

JSON: [{"ero": code, "tokenSha256": [hex, ...], "certificates": [{"issuer", "serial"} or
{"fingerprint"}, ...], "addresses": ["192.0.2.0/24", ...], "validFrom": day, "validTo": day}, ...];
all but `ero` may be left out, and an ERO may have several entries. `validTo` is the last day, in
London. Two tokens of one ERO are valid at once, so that they can be exchanged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from electoral.authorities import Authorities, UnknownAuthority
from electoral.calendar import day_bounds
from electoral.metrics import Metrics
from electoral.unusable import Unusable
from electoral.watched_file import WatchedFile
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from ems_gateway.calling.certificates import read_fingerprint, read_issuer, read_serial
from ems_gateway.calling.credentials import (
    Credential,
    Filed,
    Range,
    fingerprint_proof,
    serial_proof,
    token_hash_proof,
)

ErosFile = WatchedFile[Filed]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class CertificateEntry(_Entry):
    """A certificate by its issuer and serial number, or by its fingerprint."""

    issuer: str | None = None
    serial: str | None = None
    fingerprint: str | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "CertificateEntry":
        if (self.issuer is None) != (self.serial is None):
            raise ValueError("an issuer and a serial number belong together")
        if (self.serial is None) == (self.fingerprint is None):
            raise ValueError("a certificate has a serial number or a fingerprint")
        return self

    def proof(self) -> str:
        """Return what it is known by; raises ValueError."""
        if self.fingerprint is not None:
            return fingerprint_proof(read_fingerprint(self.fingerprint))
        return serial_proof(read_serial(self.serial or ""), read_issuer(self.issuer or ""))


class EroEntry(_Entry):
    """An entry of the file."""

    ero: str
    token_sha256: list[str] = Field(default=[], alias="tokenSha256")
    certificates: list[CertificateEntry] = []
    addresses: list[IPv4Network | IPv6Network] = []
    valid_from: date | None = None
    valid_to: date | None = None

    def credentials(self) -> Iterator[Credential]:
        """Yield the entry's credentials; raises ValueError."""
        for proof in self._proofs():
            yield Credential(proof, self.ero, *self._bounds(), networks=tuple(self.addresses))

    def ranges(self) -> Iterator[Range]:
        """Yield where the entry lets its ERO call from."""
        for network in self.addresses:
            yield Range(network, *self._bounds())

    def _proofs(self) -> Iterator[str]:
        for text in self.token_sha256:
            yield token_hash_proof(read_fingerprint(text))
        for certificate in self.certificates:
            yield certificate.proof()

    def _bounds(self) -> tuple[datetime | None, datetime | None]:
        begin = None if self.valid_from is None else day_bounds(self.valid_from)[0]
        end = None if self.valid_to is None else day_bounds(self.valid_to)[1]
        return begin, end


_ENTRIES = TypeAdapter(list[EroEntry])


async def set_file_gauge(file: ErosFile, metrics: Metrics) -> None:
    """Say whether the file is wrong as it is now; what it said before counts meanwhile."""
    metrics.gauge("gateway_eros_file_unusable").set(file.what_is_wrong() is not None)


def open_eros_file(path: Path, authorities: Callable[[], Authorities]) -> ErosFile:
    """Read the file, and again whenever it changes; raises `Unusable`."""
    return WatchedFile(path, lambda file: _read_file(file, authorities()))


def _read_file(path: Path, authorities: Authorities) -> Filed:
    try:
        entries = _ENTRIES.validate_json(path.read_bytes())
        filed = _filed(entries)
    except (OSError, ValueError) as error:
        raise Unusable(f"{path.name} cannot be used: {_what_is_wrong(error)}.", path) from None
    for entry in entries:
        _check_ero(entry.ero, authorities, path)
    return filed


def _what_is_wrong(error: Exception) -> str:
    """Say where it is wrong, never with what value."""
    if not isinstance(error, ValidationError):
        return str(error) if type(error) is ValueError else type(error).__name__
    first = error.errors(include_input=False, include_url=False)[0]
    place = "/".join(str(part) for part in first["loc"])
    return f"it must be a JSON list of entries, and {place or 'it'} is not right ({first['type']})"


def _check_ero(code: str, authorities: Authorities, path: Path) -> None:
    try:
        authorities.ero_by_code(code)
    except UnknownAuthority:
        raise Unusable(
            f"{path.name} names an ERO that is not listed, {code!r}: "
            "`python -m electoral.authorities eros` lists them.",
            path,
        ) from None


def _filed(entries: list[EroEntry]) -> Filed:
    credentials: dict[str, Credential] = {}
    addresses: defaultdict[str, list[Range]] = defaultdict(list)
    for entry in entries:
        for one in entry.credentials():
            if credentials.setdefault(one.proof, one) != one:
                raise ValueError("a credential is there twice, and not alike")
        if entry.addresses:
            addresses[entry.ero] += entry.ranges()
    return Filed(
        tuple(credentials.values()), {ero: tuple(found) for ero, found in addresses.items()}
    )
