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
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.problems import Problem
from electoral.proxies import TrustedProxies

from ems_gateway.calling import certificates
from ems_gateway.calling.certificates import Certificate
from ems_gateway.calling.credentials import Filed, Known, Network, name_of, name_of_certificate
from ems_gateway.calling.eros_file import ErosFile
from ems_gateway.calling.issued import Issued

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
        limit: RateLimit,
        metrics: Metrics,
    ) -> None:
        self._file = eros_file
        self._issued = issued
        self._proxies = proxies
        self._limit = limit
        self._refused = metrics.counter("gateway_refused_total")
        self._made_of: tuple[object, object] = (None, None)
        self._made = Known(Filed((), {}), ())

    def authenticate(self, request: web.Request) -> Caller:
        """Say who sent a request; raises 401, 429, or 503 while nobody can tell who was revoked."""
        shown = self._certificate(request)
        if not self._issued.is_fresh:
            raise problems.unavailable()
        caller = self._caller(request, shown)
        self._check_address(request, caller)
        seconds = self._limit.seconds_to_wait(caller.ero)
        if seconds:
            self._refused.labels("rate").inc()
            raise problems.too_many_requests(seconds)
        return caller

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

    def _caller(self, request: web.Request, shown: Certificate | None) -> Caller:
        """A token that is sent has to be right; a certificate of somebody else spoils it."""
        known, now = self._known(), datetime.now(UTC)
        owner = None if shown is None else known.of_certificate(shown, now)
        if "Authorization" not in request.headers:
            if owner is None or shown is None:
                raise self._refuse("unknown")
            return Caller(owner.ero, name_of_certificate(shown.serial))
        held = known.of_token(bearer_token(request), now)
        if held is None or (owner is not None and owner.ero != held.ero):
            raise self._refuse("unknown")
        return Caller(held.ero, name_of(held.proof))

    def _known(self) -> Known:
        """Put file and table together when either was read anew."""
        filed, issued = self._file.content, self._issued.credentials
        if self._made_of[0] is not filed or self._made_of[1] is not issued:
            self._made, self._made_of = Known(filed, issued), (filed, issued)
        return self._made

    def _check_address(self, request: web.Request, caller: Caller) -> None:
        networks = self._known().networks_of(caller.ero)
        if networks is None:
            return
        address = self._proxies.caller_of(request)
        if not _is_within(address, networks):
            log.warning(
                "called from another address",
                ero=caller.ero,
                credential=caller.credential,
                called_from=address,
            )
            raise self._refuse("address")

    def _refuse(self, reason: str) -> Problem:
        self._refused.labels(reason).inc()
        return problems.unauthenticated()


def _is_within(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
