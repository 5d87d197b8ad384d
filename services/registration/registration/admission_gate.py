"""The gate before the public port: applications beyond what can be in hand are told to come again."""

import time

from aiohttp import web
from aiohttp.typedefs import Middleware
from electoral import problems
from electoral.http import Handler

from registration.admission import Admission


def admitting(admission: Admission) -> Middleware:
    """Make the middleware that refuses applications while too much is in hand."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/v1/applications") and not admission.admits("new"):
            return problems.unavailable(admission.retry_after()).response()
        began = time.monotonic()
        admission.began()
        try:
            return await handler(request)
        finally:
            admission.ended(time.monotonic() - began)

    return middleware
