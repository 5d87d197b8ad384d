"""Who is calling: a bearer token per ERO, known here by its SHA-256 only.

The file is JSON: [{"ero": "<code>", "tokenSha256": ["<hex>", ...]}, ...]; two tokens of one ERO
are valid at once, so that they can be exchanged. A changed file counts within seconds.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from aiohttp import web
from electoral.authorities import Authorities, UnknownAuthority
from electoral.credentials import Credentials, CredentialsUnusable
from electoral.health import Check
from electoral.http import bearer_token

from ems_gateway.callers import Caller

EroCredentials = Credentials[str]


def read_credentials(file: Path, authorities: Authorities) -> EroCredentials:
    """Read whose token is whose; raises `CredentialsUnusable`."""

    def read_ero(entry: Mapping[str, object]) -> str:
        code = entry["ero"]
        if not isinstance(code, str):
            raise TypeError("an ERO's code is text")
        try:
            return authorities.ero_by_code(code).code
        except UnknownAuthority:
            raise CredentialsUnusable(
                f"{file.name} names an ERO that is not listed, {code!r}: "
                "`python -m electoral.authorities eros` lists them.",
                file,
            ) from None

    return Credentials(file, read_ero)


def caller_of(credentials: EroCredentials, request: web.Request) -> Caller | None:
    """Say who sent a request; raises 401 without a token."""
    token = bearer_token(request)
    ero = credentials.caller(token)
    if ero is None:
        return None
    return Caller(ero, f"token {sha256(token.encode()).hexdigest()[:8]}")


def credentials_check(credentials: EroCredentials) -> Check:
    """Return the check that says whether the file can be used as it is now."""

    async def check() -> str | None:
        try:
            credentials.load()
        except CredentialsUnusable as error:
            return str(error)
        return None

    return check
