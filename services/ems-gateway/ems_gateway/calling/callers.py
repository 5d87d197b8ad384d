"""Who calls: an ERO, by a token or by a client certificate.

A certificate is shown to this service itself, or to a front proxy that says so in a header. From
anybody but a listed proxy that header is a lie, and whoever sends it is refused whatever else they
send. Unknown, expired, revoked, called from elsewhere: all are told the same.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import NamedTuple

import structlog
from aiohttp import web
from electoral import problems
from electoral.http import bearer_token
from electoral.metrics import Metrics
from electoral.problems import Problem
from electoral.proxies import TrustedProxies

from ems_gateway.calling import certificates
from ems_gateway.calling.certificates import Certificate
from ems_gateway.calling.credentials import Credential, Filed, Known, Network, name_of
from ems_gateway.calling.eros_file import ErosFile
from ems_gateway.calling.issued import Issued
from ems_gateway.calling.pace import Pace

HOW_TO_CALL = (
    "Send your token in the header `Authorization: Bearer <token>`, or show your client "
    "certificate; either must be known and valid, and yours to use from where you call."
)

log = structlog.get_logger()


class Caller(NamedTuple):
    """Whoever a request's credential belongs to."""

    ero: str  # code
    credential: str  # what the history calls it; opens nothing


class Callers:
    """Says who sent a request."""

    def __init__(
        self,
        *,
        eros_file: ErosFile,
        issued: Issued,
        proxies: TrustedProxies,
        pace: Pace,
        metrics: Metrics,
    ) -> None:
        self._file = eros_file
        self._issued = issued
        self._proxies = proxies
        self._pace = pace
        self._refused = metrics.counter("gateway_refused_total")
        self._made_of: tuple[object, object] = (None, None)
        self._made = Known(Filed((), {}), ())

    def authenticate(self, request: web.Request) -> Caller:
        """Say who sent a request; raises 401, 429, or 503 while nobody can tell who was revoked."""
        shown = self._certificate(request)
        if not self._issued.is_fresh:
            raise problems.unavailable()
        now = datetime.now(UTC)
        owner = self._owned(request, shown, now)
        self._check_address(request, owner, now)
        self._pace.check_request(owner.ero)
        return Caller(owner.ero, name_of(owner.proof))

    def _certificate(self, request: web.Request) -> Certificate | None:
        """Return the caller's certificate; what a proxy shows in its own handshake is not that."""
        if self._proxies.sent(request):
            try:
                return certificates.named_in(request)
            except ValueError:
                raise self._refuse("unknown") from None
        if certificates.is_named_in(request):
            log.warning("certificate named by nobody who may", called_from=request.remote)
            raise self._refuse("spoofed-certificate")
        return certificates.shown_in_handshake(request)

    def _owned(self, request: web.Request, shown: Certificate | None, now: datetime) -> Credential:
        """A token that is sent has to be right; a certificate of somebody else spoils it."""
        known = self._known()
        by_certificate = None if shown is None else known.of_certificate(shown, now)
        if "Authorization" not in request.headers:
            if by_certificate is None:
                raise self._refuse("unknown")
            return by_certificate
        by_token = known.of_token(self._token(request), now)
        if by_token is None or (by_certificate and by_certificate.ero != by_token.ero):
            raise self._refuse("unknown")
        return by_token

    def _token(self, request: web.Request) -> str:
        try:
            return bearer_token(request)
        except Problem:
            raise self._refuse("unknown") from None

    def _known(self) -> Known:
        """Put file and table together when either was read anew."""
        filed, issued = self._file.content, self._issued.credentials
        if self._made_of[0] is not filed or self._made_of[1] is not issued:
            self._made, self._made_of = Known(filed, issued), (filed, issued)
        return self._made

    def _check_address(self, request: web.Request, owner: Credential, now: datetime) -> None:
        networks = self._known().networks_of(owner, now)
        if networks is None:
            return
        address = self._proxies.caller_of(request)
        if not _is_within(address, networks):
            log.warning(
                "called from another address",
                ero=owner.ero,
                credential=name_of(owner.proof),
                called_from=address,
            )
            raise self._refuse("address")

    def _refuse(self, reason: str) -> Problem:
        self._refused.labels(reason).inc()
        return problems.unauthenticated(HOW_TO_CALL)


def _is_within(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
