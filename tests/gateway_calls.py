"""A port of the gateway's that only says who called, and calls from addresses of the loopback."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import trustme
from aiohttp import web
from cryptography import x509
from electoral.authorities import Authorities
from electoral.http import edge, json_response
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.proxies import TrustedProxies
from electoral.routes import TokenRoute, add_routes
from electoral.serving import serving
from electoral.tls import server_context
from ems_gateway.calling.callers import Caller, Callers
from ems_gateway.calling.eros_file import open_eros_file
from ems_gateway.calling.issued import Issued
from ems_gateway.calling.pace import Pace
from pydantic_core import to_json

PROXY, NOBODY, EMS = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def of_problem(self) -> tuple[int, dict[str, str], bytes]:
        """All that a caller could tell two refusals apart by."""
        return self.status, {k: v for k, v in self.headers.items() if k != "Date"}, self.body


@dataclass(slots=True)
class Door:
    """The port, and what decides who gets in."""

    port: int
    file: Path
    callers: Callers
    issued: Issued
    clock: Clock
    metrics: Metrics
    tls: "Tls | None" = None

    async def call(
        self,
        token: str | None = None,
        *,
        certificate: trustme.LeafCert | None = None,
        came_from: str = EMS,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Call over a new connection."""
        all_headers = list(headers)
        if token is not None:
            all_headers.append(("Authorization", f"Bearer {token}"))
        context = None if self.tls is None else self.tls.of_client(certificate)
        connector = aiohttp.TCPConnector(local_addr=(came_from, 0), ssl=context or True)
        scheme = "http" if self.tls is None else "https"
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(f"{scheme}://127.0.0.1:{self.port}/who", headers=all_headers) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.read())

    async def who(self, *arguments: Any, **more: Any) -> tuple[str, str] | int:
        """Say who the gateway takes a caller for, or how it refuses."""
        answer = await self.call(*arguments, **more)
        if answer.status != 200:
            return answer.status
        ero, credential = json.loads(answer.body)
        return ero, credential

    def write(self, *entries: Mapping[str, object]) -> None:
        self.file.write_bytes(to_json(entries))


@dataclass(slots=True)
class Tls:
    """Certificates: the port's own, and councils' of an authority that it takes."""

    directory: Path
    ca: trustme.CA = field(default_factory=lambda: trustme.CA(organization_name="Hub"))

    def issue(self, name: str) -> trustme.LeafCert:
        return self.ca.issue_cert(f"{name}.example", common_name=name)

    def settings(self) -> tuple[Path, Path, Path]:
        """Write what the service is told: certificate, key, authorities."""
        own = self.ca.issue_cert("127.0.0.1")
        certificate, key, authorities = (
            self.directory / name for name in ("tls.pem", "tls.key", "ca.pem")
        )
        own.cert_chain_pems[0].write_to_path(str(certificate))
        own.private_key_pem.write_to_path(str(key))
        self.ca.cert_pem.write_to_path(str(authorities))
        return certificate, key, authorities

    def of_client(self, certificate: trustme.LeafCert | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


def a_certificate(leaf: trustme.LeafCert) -> x509.Certificate:
    return x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())


def serial_of(leaf: trustme.LeafCert) -> str:
    return f"{a_certificate(leaf).serial_number:x}"


def issuer_of(leaf: trustme.LeafCert) -> str:
    return a_certificate(leaf).issuer.rfc4514_string()


def an_entry(ero: str, *tokens: str, **more: object) -> dict[str, object]:
    digests = [sha256(token.encode()).hexdigest() for token in tokens]
    return {"ero": ero, "tokenSha256": digests, **more}


async def _say(api: object, request: web.Request, caller: Caller) -> web.Response:
    return json_response(list(caller))


@asynccontextmanager
async def open_door(
    directory: Path, *entries: Mapping[str, object], tls: Tls | None = None, limit: int = 1_000_000
) -> AsyncIterator[Door]:
    """Serve a port behind which only the caller's name is."""
    file, metrics, clock = directory / "eros.json", Metrics(), Clock()
    file.write_bytes(to_json(entries))
    authorities = Authorities.load()
    issued = Issued(
        asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/nothing", min_size=0), clock
    )
    issued.learn((), clock())
    callers = Callers(
        eros_file=open_eros_file(file, lambda: authorities),
        issued=issued,
        proxies=TrustedProxies([ip_network(f"{PROXY}/32")]),
        pace=Pace(RateLimit(limit, 1, clock), RateLimit(limit, 1, clock), metrics),
        metrics=metrics,
    )
    app = web.Application(middlewares=[edge(metrics)])
    add_routes(app, [TokenRoute("GET", "/who", _say)], None, callers.authenticate)
    context = None if tls is None else server_context(*tls.settings())
    async with serving(app, "127.0.0.1", 0, context) as port:
        yield Door(port, file, callers, issued, clock, metrics, tls)
