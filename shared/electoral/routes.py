"""Routes: tables whose rows say who may call, and which see to it that nobody else does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any, Generic, TypeVar

from aiohttp import web

from electoral import problems
from electoral.http import Handler

Api = TypeVar("Api")
Caller = TypeVar("Caller")
Authenticate = Callable[[web.Request], Caller | None]
"""Says who calls; None, or a problem that it raises, if nobody who may."""


@dataclass(frozen=True, slots=True)
class TokenRoute(Generic[Api, Caller]):
    """A route for those whose token is known; what answers is told who calls."""

    method: str
    path: str
    handler: Callable[[Api, web.Request, Caller], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class OpenRoute(Generic[Api]):
    """A route for anybody; what has to know its caller does not fit in here."""

    method: str
    path: str
    handler: Callable[[Api, web.Request], Awaitable[web.Response]]


def add_routes(
    app: web.Application,
    routes: Sequence[TokenRoute[Api, Caller] | OpenRoute[Api]],
    api: Api,
    authenticate: Authenticate[Caller],
) -> None:
    """Add a table's routes, each behind the credential that its row asks for."""
    for route in routes:
        if isinstance(route, OpenRoute):
            add_open_route(app, route, api)
        else:
            app.router.add_route(route.method, route.path, _guarded(route, api, authenticate))


def add_open_route(app: web.Application, route: OpenRoute[Api], api: Api) -> None:
    """Add a route that anybody may call."""
    app.router.add_route(route.method, route.path, partial(route.handler, api))


def _guarded(
    route: TokenRoute[Api, Caller], api: Api, authenticate: Authenticate[Caller]
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        caller = authenticate(request)
        if caller is None:
            raise problems.unauthenticated()
        return await route.handler(api, request, caller)

    return handle


def openapi_route(package: str) -> OpenRoute[Any]:
    """Make the route that shows the `openapi.yaml` of a service's package."""
    document = files(package).joinpath("openapi.yaml")

    async def show(_: object, request: web.Request) -> web.Response:
        return web.Response(body=document.read_bytes(), content_type="application/yaml")

    return OpenRoute("GET", "/openapi.yaml", show)
