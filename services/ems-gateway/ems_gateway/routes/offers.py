"""Offers, which put records back on the caller's queue, and leases given back."""

from aiohttp import web
from electoral import problems
from electoral.envelope import timestamp
from electoral.http import json_response, read_json_bytes
from electoral.problems import Problem
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.offers_body import OffersBody
from ems_gateway.reading import read_body, read_record_id

OFFERS_BYTES_MAX = 1024
DONE = 204


async def offer_registration(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Put one record back; one that waits already stays where it is."""
    record_id = read_record_id(request.match_info["id"])
    if record_id is None:
        raise problems.not_found()
    outcome = await gateway.offers.one(record_id, caller.ero, caller.credential)
    match outcome:
        case "offered" | "waits-already":
            return web.Response(status=DONE)
        case "superseded":
            raise Problem(
                409,
                "superseded",
                "A newer record took this one's place",
                "Ask for the newest record of this attempt: it names this one in `replaces`.",
            )
        case "past-retention":
            raise Problem(
                409,
                "past-retention",
                "What this record said is gone",
                "The key that sealed it was destroyed when its retention ended.",
            )
        case _:
            raise problems.not_found()


async def offer_registrations(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Put back all that is held, or all that was acknowledged in a range of time."""
    body = read_body(OffersBody, await read_json_bytes(request, OFFERS_BYTES_MAX))
    offers, by = gateway.offers, caller.credential
    if body.acknowledged_from is None or body.acknowledged_to is None:
        done = await offers.failed(caller.ero, by)
    else:
        done = await offers.acknowledged(
            caller.ero, body.acknowledged_from, body.acknowledged_to, by
        )
    told: dict[str, object] = {
        "offered": done.records,
        "pastRetention": done.past_retention,
        "more": done.more,
    }
    if done.go_on is not None and body.acknowledged_from is not None:
        told["acknowledgedFrom"] = timestamp(done.go_on)
    return json_response(told)


async def release_lease(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Give back what a lease still hides."""
    lease_id = read_record_id(request.match_info["leaseId"])
    if lease_id is None or not await gateway.leases.release(
        lease_id, caller.ero, caller.credential
    ):
        raise problems.not_found()
    return web.Response(status=DONE)


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("POST", "/registrations/offers", offer_registrations),
    TokenRoute("POST", "/registrations/{id}/offer", offer_registration),
    TokenRoute("DELETE", "/registrations/leases/{leaseId}", release_lease),
)
