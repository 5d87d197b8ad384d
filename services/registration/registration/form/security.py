"""What keeps one person's form from others: cookie, tokens, where a POST comes from, headers."""

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from electoral.problems import Problem

from registration.form.session import FormSession
from registration.form.tickets import take_ticket

COOKIE = "__Host-register"  # this prefix makes browsers insist on Secure, Path=/ and no Domain
CSRF_FIELD = "csrf"

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",  # the button that keeps a session asks for its own page
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# A reload or a bookmark says "none": nobody else's page has a hand in that.
_OUR_PAGES = frozenset({"same-origin", "none"})


class SessionEnded(Exception):
    """There is no session, or none any more: the page says so, and where to begin."""


def token_of(request: web.Request) -> str | None:
    """Return what the session's cookie holds."""
    return request.cookies.get(COOKIE)


def give_cookie(response: web.StreamResponse, session: FormSession) -> None:
    """Let the browser come back to its session, until it is closed."""
    response.set_cookie(COOKIE, session.token, secure=True, httponly=True, samesite="Lax", path="/")


def take_cookie(response: web.StreamResponse) -> None:
    """Let the browser forget its session, and its place among those who wait."""
    response.del_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    take_ticket(response)


def check_sent_from_our_page(request: web.Request) -> None:
    """Refuse a POST that another site's page had a browser send: 403.

    Browsers that say neither are old; there the token alone has to do, and SameSite.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        ours = site in _OUR_PAGES
    else:
        origin = request.headers.get("Origin")
        ours = origin is None or urlsplit(origin).netloc == request.host
    if not ours:
        raise not_from_our_page()


def check_token(session: FormSession, fields: Mapping[str, str]) -> None:
    """Refuse a form that was not made for this session: 403."""
    if not hmac.compare_digest(fields.get(CSRF_FIELD, "").encode(), session.csrf.encode()):
        raise not_from_our_page()


def not_from_our_page() -> Problem:
    """Say that a form was not sent from a page of this session."""
    return Problem(
        403, "not-from-our-page", "Not sent from our page", "Go back, load the page, send again."
    )
