"""Copies of a receipt: how one may be sent, asking for it, and what it says.

Asking writes a row and nothing else: whether Notify works does not matter to who asks. A copy holds
the reference, the time and the council: nothing of the person but where it is sent.
"""

import re
from collections.abc import Mapping
from uuid import uuid4

from electoral.authorities import Authorities
from electoral.events import Language
from electoral.identifiers import show_reference
from electoral.postgres import Pool
from electoral.sealing import Sealer

from registration.form import dates
from registration.form.texts import Texts, Translate
from registration.notify.port import Kind, Message
from registration.postgres.notifications import Asked, Claimed, ask_for, kinds_asked_for
from registration.postgres.progress import find_reference

_NOT_DIALLED = re.compile(r"[^0-9]")
_MOBILE = re.compile(r"(?:0|(?:00)?440?)?7[0-9]{9}")  # no text reaches another kind of number

Ways = Mapping[Kind, str]
"""Where a copy may be sent: kind -> address."""


def ways_of(email: str | None, phone: str | None) -> dict[Kind, str]:
    """Return how a copy may be sent to these contact details."""
    ways: dict[Kind, str] = {}
    if email:
        ways["email"] = email
    digits = _NOT_DIALLED.sub("", phone or "")
    if _MOBILE.fullmatch(digits):
        ways["text"] = f"+44{digits[-10:]}"
    return ways


class Copies:
    """Takes in who wants a copy."""

    def __init__(self, pool: Pool, sealer: Sealer, *, offered: bool) -> None:
        self._pool = pool
        self._sealer = sealer
        self.offered = offered  # False when there is nobody to send them

    async def ask(self, reference: str, ways: Ways, language: Language) -> None:
        """Note that copies are wanted; one of a kind for an application, however often asked."""
        known = await find_reference(self._pool, reference)
        if known is None or not self.offered:
            return
        seal = self._sealer.seal
        application_id = known.application_id
        await ask_for(
            self._pool,
            [
                Asked(
                    notification_id=uuid4(),
                    application_id=application_id,
                    kind=kind,
                    language=language,
                    sealed_to=seal("form-session", application_id, to.encode()),
                )
                for kind, to in sorted(ways.items())
            ],
        )

    async def asked(self, reference: str) -> frozenset[Kind]:
        """Return how copies of this receipt were asked for."""
        return await kinds_asked_for(self._pool, reference)


class CopyWording:
    """Writes what a copy says, in the language in which it was asked for."""

    def __init__(self, texts: Texts, authorities: Authorities) -> None:
        self._texts = texts
        self._authorities = authorities

    def __call__(self, copy: Claimed, to: str) -> Message:
        t = self._texts.translate(copy.language)
        facts = {
            "reference": show_reference(copy.reference),
            "time": dates.moment(copy.received_at, copy.language),
            "council": self._council(copy, t),
        }
        return Message(
            message_id=copy.notification_id,
            kind=copy.kind,
            to=to,
            subject=t("status:copy.email_subject"),
            body=t(f"status:copy.{copy.kind}_body", **facts),
        )

    def _council(self, copy: Claimed, t: Translate) -> str:
        if self._authorities.find(copy.gss_code) is None:
            return t(f"status:copy.{copy.kind}_council_later")
        ero = self._authorities.ero(copy.gss_code)
        return t(
            f"status:copy.{copy.kind}_council",
            name=ero.name_in(copy.language),
            email=ero.contact.email,
            phone=ero.contact.phone,
        )
