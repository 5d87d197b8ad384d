"""Signing in: helpers do, are known by their cookie, confirm for a person, and sign out."""

import asyncio
import secrets
from datetime import timedelta

from aiohttp import web
from electoral.blind_index import BlindIndex
from electoral.group_commit import TooManyWaiting
from electoral.metrics import Metrics
from electoral.postgres import Pool

from registration.form.assisted import (
    HELPER_COOKIE,
    HelperSignedOut,
    LockRule,
    SignedIn,
    caller_of,
    csrf_of,
    name_to_try,
    session_id_of,
)
from registration.form.passwords import Passwords
from registration.form.session import TOKEN_BYTES, TOKEN_LENGTH
from registration.postgres import assisted
from registration.settings import Settings

# Sign-ins take few connections from those who fill the form in, and no more than these wait.
AT_ONCE = 2
TRYING_MAX = 20


class SigningIn:
    """Knows who is signed in."""

    def __init__(
        self,
        pool: Pool,
        index: BlindIndex,
        metrics: Metrics,
        passwords: Passwords,
        rule: LockRule,
        idle: timedelta,
    ) -> None:
        self._idle = idle
        self._pool = pool
        self._index = index
        self._passwords = passwords
        self._rule = rule
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._trying = 0
        self._tried = metrics.counter("helper_sign_ins_total")

    async def sign_in(self, name: str, password: str, address: str) -> str | None:
        """Return a token for the cookie; None for a wrong name, a wrong password, or a lock.

        Raises `TooManyWaiting`.
        """
        if self._trying >= TRYING_MAX:
            raise TooManyWaiting
        self._trying += 1
        try:
            async with self._turns:
                token = await self._try(name, password, address)
        finally:
            self._trying -= 1
        self._tried.labels("refused" if token is None else "signed-in").inc()
        return token

    async def _try(self, name: str, password: str, address: str) -> str | None:
        """Note the attempt first, and strike it out when it was right: a process that dies between
        leaves one wrong attempt too many, never one too few.
        """
        attempt = await assisted.begin_attempt(
            self._pool, name_to_try(name), self._hash_address(address), self._rule
        )
        if attempt is None:
            return None
        if not await self._passwords.match(attempt.password_hash, password):
            return None
        token = secrets.token_urlsafe(TOKEN_BYTES)
        opened = await assisted.open_session(self._pool, attempt, session_id_of(token), self._idle)
        return token if opened else None

    async def signed_in(self, request: web.Request) -> SignedIn | None:
        """Return the helper of a request's cookie; raises `HelperSignedOut` where one was."""
        token = request.cookies.get(HELPER_COOKIE)
        if token is None:
            return None
        found = await self.who(token)
        if found is None:
            raise HelperSignedOut
        return found

    async def who(self, token: str) -> SignedIn | None:
        """Return who is signed in under a cookie's token."""
        if len(token) != TOKEN_LENGTH:
            return None
        name = await assisted.find_session(self._pool, session_id_of(token), self._idle)
        return None if name is None else SignedIn(name, csrf_of(token))

    async def sign_out(self, token: str) -> None:
        """End a session."""
        await assisted.end_session(self._pool, session_id_of(token))

    async def confirm(self, idempotency_key: str, helper: str) -> None:
        """Note, before sending, that the person heard the declaration and confirmed it."""
        key_hash = self._index.permanent("idempotency", idempotency_key.encode())
        await assisted.note_confirmation(self._pool, key_hash, helper)

    def _hash_address(self, address: str) -> bytes:
        """Hash under this quarter's key: an address is stored nowhere in clear."""
        caller = f"helper sign-in {caller_of(address)}"
        return self._index.current("status", caller.encode())[1]


def signing_in_of(settings: Settings, pool: Pool, index: BlindIndex, metrics: Metrics) -> SigningIn:
    """Make it as the settings say."""
    idle = timedelta(minutes=settings.helper_session_minutes)
    return SigningIn(pool, index, metrics, Passwords(), lock_rule(settings), idle)


def lock_rule(settings: Settings) -> LockRule:
    """Return when wrong passwords lock."""
    return LockRule(
        failures_max=settings.helper_failures_max,
        failures_per_address_max=settings.helper_failures_per_address_max,
        window=timedelta(minutes=settings.helper_lock_minutes),
    )
