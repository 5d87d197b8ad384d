"""The gateway's HTTP interface; `openapi.yaml` beside it describes it.

What each resource has stands in a module of its own; here they are one table.
"""

from aiohttp import web
from electoral.http import edge
from electoral.metrics import Metrics
from electoral.routes import OpenRoute, add_routes, openapi_route

from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.routes import registrations

ROUTES: tuple[GatewayRoute | OpenRoute[Gateway], ...] = (
    *registrations.ROUTES,
    openapi_route("ems_gateway"),
)


def public_app(gateway: Gateway, metrics: Metrics) -> web.Application:
    """Build the public port."""
    app = web.Application(middlewares=[edge(metrics)])
    add_routes(app, ROUTES, gateway, gateway.authenticate)
    return app
