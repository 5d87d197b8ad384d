"""Client certificates: what of one says whose it is, however it is written.

A certificate is known by its issuer and its serial number, or by its SHA-256 fingerprint. The
service sees the whole of it when it ends TLS itself; a front proxy hands on the serial number and,
if it takes certificates of several issuers, the issuer.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from ssl import SSLObject
from typing import NamedTuple

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

SERIAL_HEADER = "X-Client-Certificate-Serial"
ISSUER_HEADER = "X-Client-Certificate-Issuer"
ISSUER_LENGTH_MAX = 1_000
CERTIFICATES_REMEMBERED = 2_048

_SERIAL = re.compile(r"[0-9a-f]{1,40}")  # 20 bytes at most: RFC 5280, 4.1.2.2
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_ATTRIBUTES: Mapping[str, x509.ObjectIdentifier] = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    # OpenSSL's names, beside those of RFC 4514.
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
# Their case says nothing either.
_NAMES = {
    spelling: attribute
    for name, attribute in _ATTRIBUTES.items()
    for spelling in (name, name.lower(), name.upper())
}


class Certificate(NamedTuple):
    """What is known of a certificate that a caller showed."""

    serial: str
    issuer: str | None = None  # None: the proxy did not say
    fingerprint: str | None = None  # None: the proxy has seen it, and we have not


def read_serial(text: str) -> str:
    """Return a serial number as lower-case hexadecimal digits; raises ValueError."""
    digits = _digits(text).lstrip("0") or "0"
    if not _SERIAL.fullmatch(digits):
        raise ValueError("a serial number is up to 40 hexadecimal digits")
    return digits


def read_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as lower-case hexadecimal digits; raises ValueError."""
    digits = _digits(text)
    if not _FINGERPRINT.fullmatch(digits):
        raise ValueError("a fingerprint is a SHA-256 sum, 64 hexadecimal digits")
    return digits


def _digits(text: str) -> str:
    return re.sub(r"[\s:]", "", text).lower().removeprefix("0x")


@lru_cache(maxsize=CERTIFICATES_REMEMBERED)
def read_issuer(text: str) -> str:
    """Return an issuer's name (RFC 4514) in the one form that is compared; raises ValueError."""
    if not 1 <= len(text) <= ISSUER_LENGTH_MAX:
        raise ValueError("an issuer's name has up to 1,000 characters")
    return _issuer(x509.Name.from_rfc4514_string(text, _NAMES))


def _issuer(name: x509.Name) -> str:
    """Case and runs of spaces say nothing: RFC 5280, 7.1."""
    return " ".join(name.rfc4514_string().casefold().split())


@lru_cache(maxsize=CERTIFICATES_REMEMBERED)
def _certificate(der: bytes) -> Certificate:
    return _read(x509.load_der_x509_certificate(der))


def _read(found: x509.Certificate) -> Certificate:
    return Certificate(
        f"{found.serial_number:x}", _issuer(found.issuer), found.fingerprint(SHA256()).hex()
    )


def shown_in_handshake(request: web.Request) -> Certificate | None:
    """Return the certificate that a caller showed to this service itself."""
    secured = request.get_extra_info("ssl_object")
    assert secured is None or isinstance(secured, SSLObject)
    der = None if secured is None else secured.getpeercert(binary_form=True)
    return None if der is None else _certificate(der)


def is_named_in(request: web.Request) -> bool:
    """Say whether a request speaks of a certificate in a header, as only a proxy may."""
    return SERIAL_HEADER in request.headers or ISSUER_HEADER in request.headers


def named_in(request: web.Request) -> Certificate | None:
    """Return the certificate that a proxy says it was shown; raises ValueError.

    A header that is there twice was not set by the proxy alone, and an empty one says that there
    was no certificate.
    """
    serials = request.headers.getall(SERIAL_HEADER, [""])
    issuers = request.headers.getall(ISSUER_HEADER, [""])
    if len(serials) > 1 or len(issuers) > 1:
        raise ValueError("a proxy names one certificate")
    serial, issuer = serials[0].strip(), issuers[0].strip()
    if not serial:
        return None
    return Certificate(read_serial(serial), read_issuer(issuer) if issuer else None)


def read_certificate_file(path: Path) -> tuple[Certificate, datetime]:
    """Read a certificate in PEM, and until when it is valid; raises OSError, ValueError."""
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return _read(found), found.not_valid_after_utc
