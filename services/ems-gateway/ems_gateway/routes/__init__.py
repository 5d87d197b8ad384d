"""The gateway's HTTP interface; `openapi.yaml` beside it describes it.

What each resource has stands in a module of its own; here they are one table.
"""

import re
from dataclasses import replace

from aiohttp import web
from electoral.http import edge
from electoral.metrics import Metrics
from electoral.routes import OpenRoute, add_routes, openapi_route

from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.routes import (
    determinations,
    history,
    notices,
    offers,
    paper,
    registrations,
    resubmissions,
    statements,
)

ROUTES: tuple[GatewayRoute | OpenRoute[Gateway], ...] = (
    *registrations.ROUTES,
    *offers.ROUTES,
    *history.ROUTES,
    *statements.ROUTES,
    *determinations.ROUTES,
    *notices.ROUTES,
    *paper.ROUTES,
    *resubmissions.ROUTES,
    openapi_route("ems_gateway"),
)


def public_app(gateway: Gateway, metrics: Metrics) -> web.Application:
    """Build the public port."""
    app = web.Application(middlewares=[edge(metrics)])
    add_routes(app, [_with_ids(route) for route in ROUTES], gateway, gateway.authenticate)
    return app


AnyRoute = GatewayRoute | OpenRoute[Gateway]


def _with_ids(route: AnyRoute) -> AnyRoute:
    """Let ids be ids only: `PUT /registrations/leases` is no answer to a record of that name."""
    return replace(route, path=re.sub(r"\{(id|leaseId)\}", r"{\1:[0-9a-f]{24}}", route.path))
