"""Whoever sends e-mails and texts, behind an API: `POST /v1/messages` under `Idempotency-Key`.

It delivers to nobody: each message is a line of its journal. A message that comes again under its
key is answered 200 and not delivered again, also after a restart. Of the recipient the journal and
the answers hold a keyed digest only: enough to compare, and no address.
"""

import hmac
import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from aiohttp import web

from simulated.dwp_misfortunes import Chance, cut, down, hang, too_many
from simulated.journal import Journal, read_journal
from simulated.notify_control import NotifyControl, changed, read_changes
from simulated.notify_misfortunes import Misfortune, be_slow, befalls

JOURNAL_FILE = "notify.jsonl"
BODY_BYTES_MAX = 64 * 1024
KINDS = ("email", "text")
SHOWN_MAX = 100  # the last messages that GET /control/messages shows


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message, as the journal keeps it."""

    id: str
    at: str
    kind: str
    recipient: str  # digest
    subject: str
    body: str


class NotifyServer:
    """One server: its journal, its behaviour and its figures. Use it as a context."""

    def __init__(
        self, token: str, directory: Path, seed: int = 0, control: NotifyControl | None = None
    ) -> None:
        self._token = token
        self._file = directory / JOURNAL_FILE
        self._at_start = self._control = control or NotifyControl()
        self._chance = Chance(seed)
        self._figures: Counter[str] = Counter()
        self._delivered: dict[str, Delivered] = {}

    async def __aenter__(self) -> Self:
        if self._file.exists():
            known = (Delivered(**entry) for entry in read_journal(self._file))
            self._delivered = {one.id: one for one in known}
        self._journal = Journal(self._file)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._journal.close()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.post("/v1/messages", self._take),
                web.get("/control", self._show_control),
                web.put("/control", self._change_control),
                web.delete("/control", self._reset_control),
                web.get("/control/statistics", self._show_statistics),
                web.get("/control/messages", self._show_messages),
            ]
        )
        return app

    def recipient(self, to: str) -> str:
        """Return the digest under which a recipient stands in the journal."""
        return hmac.new(self._token.encode(), to.encode(), sha256).hexdigest()[:16]

    # -- what clients call ------------------------------------------------------------------------

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self._figures["calls"] += 1
        await be_slow(self._control)
        if misfortune := befalls(self._chance, self._control):
            return await self._suffer(misfortune, request)
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return self._turn_away(401, "unauthorized")
        message = self._read(await request.read(), request.headers.get("Idempotency-Key", ""))
        if message is None or self._chance.strikes("refuse", self._control.refuse_rate):
            return self._turn_away(400, "refused")
        new = await self._deliver(message)
        if self._chance.strikes("forget", self._control.unanswered_rate):
            self._figures["unanswered"] += 1
            return cut(request)
        return web.json_response({"id": message.id}, status=201 if new else 200)

    async def _deliver(self, message: Delivered) -> bool:
        """Keep a message that is new, on disk before anybody is told so."""
        if message.id in self._delivered:
            self._figures["repeated"] += 1
            return False
        self._delivered[message.id] = message
        self._figures["delivered"] += 1
        await self._journal.append(json.dumps(asdict(message), ensure_ascii=False).encode())
        return True

    async def _suffer(self, misfortune: Misfortune, request: web.Request) -> web.StreamResponse:
        self._figures[misfortune] += 1
        match misfortune:
            case "cut":
                return cut(request)
            case "down":
                return down(None, as_date=False)
            case "throttled":
                return too_many(self._control.retry_after_seconds, as_date=False)
            case "hang":
                return await hang(request)
            case "error":
                return web.Response(status=500, text="Internal Server Error")
            case "garbage":
                return web.Response(text="<html><title>Service", content_type="text/html")

    def _turn_away(self, status: int, why: str) -> web.Response:
        self._figures[why] += 1
        return web.json_response({"error": why}, status=status)

    def _read(self, body: bytes, key: str) -> Delivered | None:
        try:
            message, message_id = json.loads(body), str(UUID(key))
        except ValueError:
            return None
        if not isinstance(message, dict) or message.get("kind") not in KINDS:
            return None
        texts = [message.get(name) for name in ("to", "subject", "body")]
        if not all(isinstance(text, str) for text in texts) or not message["to"]:
            return None
        return Delivered(
            id=message_id,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            kind=message["kind"],
            recipient=self.recipient(message["to"]),
            subject=message["subject"],
            body=message["body"],
        )

    # -- what the tester calls --------------------------------------------------------------------

    async def _show_control(self, _: web.Request) -> web.Response:
        return web.json_response(self._control.on_wire())

    async def _change_control(self, request: web.Request) -> web.Response:
        try:
            self._control = changed(self._control, read_changes(await request.read()))
        except ValueError as refused:
            return web.json_response({"error": str(refused)}, status=400)
        return await self._show_control(request)

    async def _reset_control(self, request: web.Request) -> web.Response:
        """As it was at the start."""
        self._control = self._at_start
        return await self._show_control(request)

    async def _show_statistics(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self._figures))

    async def _show_messages(self, _: web.Request) -> web.Response:
        """The last messages, newest first."""
        shown: list[dict[str, Any]] = [asdict(one) for one in self._delivered.values()]
        return web.json_response({"messages": shown[: -SHOWN_MAX - 1 : -1]})
