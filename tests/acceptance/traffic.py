"""The canaries' way through the system: good and bad requests, and everything that can fail."""

import asyncio
import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
from builders import ABSENT
from electoral.calendar import london_date
from electoral_local.stack import Stack
from simulated.ledgers import fetch_ledgers
from simulated.reconciliation import counts_by_state

from acceptance.callers import Answer, Caller
from acceptance.canaries import (
    APPLICANTS,
    FAILING_COUNCIL,
    FREE_TEXT,
    REFUSED,
    UNDECODABLE,
    Applicant,
)

PATIENCE_SECONDS = 60.0
RETRY_SECONDS = 0.25
MESSAGE, DETAILS, REASON = (canary.text for canary in FREE_TEXT)


class Traffic:
    """Sends through a running stack."""

    def __init__(self, stack: Stack, caller: Caller) -> None:
        self._stack = stack
        self._caller = caller
        self._registration = stack.blueprint.registration_url
        self._gateway = stack.blueprint.gateway_url
        self._token = stack.credentials.partner_token()
        self._ero_token = stack.credentials.ero_tokens()[FAILING_COUNCIL]
        self.accepted = 0

    # -- applications ---------------------------------------------------------------------------

    async def send_everyone(self, round_name: str) -> None:
        """Every applicant applies once more; the keys hold what partners should not put there."""
        await asyncio.gather(*(self._apply(one, f"{round_name}-{one.tag}") for one in APPLICANTS))

    async def _apply(self, applicant: Applicant, key: str) -> Answer:
        """Send until it is taken, as a partner does."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self._post(applicant.application(), key)
            if answer.status == 201:
                self.accepted += 1
            if answer.status in (200, 201):
                return answer
            assert answer.status == 503, answer
            assert time.monotonic() < end, "never accepted"
            await asyncio.sleep(RETRY_SECONDS)

    async def _post(self, body: object, key: str, **headers: str) -> Answer:
        url = f"{self._registration}/v1/applications"
        sent = {"Idempotency-Key": key, **headers}
        return await self._caller.ask("POST", url, body, token=self._token, headers=sent)

    async def repeat_and_ask(self) -> None:
        """The same key again, with the same body and another; then the status."""
        for applicant in APPLICANTS:
            answer = await self._apply(applicant, f"again-{applicant.tag}")
            await self._apply(applicant, f"again-{applicant.tag}")
            await self._post(applicant.application(soleOccupancy=True), f"again-{applicant.tag}")
            reference = json.loads(answer.body)["reference"]
            await self._ask_status(reference, applicant.postcode)
            await self._ask_status(reference, UNDECODABLE.postcode)
            await self._ask_status(applicant.tag, applicant.postcode)

    async def _ask_status(self, reference: str, postcode: str) -> None:
        question = {"reference": reference, "postcode": postcode}
        await self._caller.ask("POST", f"{self._registration}/v1/status", question)

    async def send_batch(self) -> None:
        good = [one.application() for one in APPLICANTS]
        bad = [body for one in APPLICANTS for body in list(wrong_bodies(one))[:3]]
        items = [
            {"idempotencyKey": f"batch-{number}", "application": application}
            for number, application in enumerate([*good, *bad, APPLICANTS[0].tag])
        ]
        url = f"{self._registration}/v1/applications:batch"
        answer = await self._caller.ask("POST", url, {"applications": items}, token=self._token)
        self.accepted += sum(r["status"] == 201 for r in json.loads(answer.body)["results"])

    # -- what is refused ------------------------------------------------------------------------

    async def send_what_is_refused(self) -> None:
        for number, applicant in enumerate(APPLICANTS):
            for body in wrong_bodies(applicant):
                answer = await self._post(body, f"wrong-{number}")
                assert 400 <= answer.status < 500, answer
        one = APPLICANTS[0]
        for raw in wrong_bytes(one):
            answer = await self._post(raw, "wrong-bytes")
            assert 400 <= answer.status < 500, answer
        await self._send_wrong_requests(one)
        await self._say_no_http(one)

    async def _send_wrong_requests(self, one: Applicant) -> None:
        ask, url, body = (
            self._caller.ask,
            f"{self._registration}/v1/applications",
            one.application(),
        )
        await self._post(body, f"{one.tag} with blanks")
        await self._post(body, "type", **{"Content-Type": f"text/{one.tag}"})
        await self._post({}, "extra", **dict.fromkeys(("traceparent", "X-Name", "Cookie"), one.tag))
        for token in (one.tag, str(one.nino)):
            await ask("POST", url, body, token=token, headers={"Idempotency-Key": "token"})
        for path in (one.tag, f"v1/status/{one.tag}", f"v1/status?postcode={one.nino}"):
            await ask("GET", f"{self._registration}/{path}")
        await ask("PUT", f"{url}?name={one.tag}&nino={one.nino}", body, token=self._token)
        await ask("POST", f"{self._registration}/v1/status", {one.tag: one.nino})
        for service in ("registration", "verification", "ems-gateway"):
            admin = self._stack.blueprint.admin_url(service)
            await ask("GET", f"{admin}/ledger?day={one.born}&before={one.tag}")
            await ask("GET", f"{admin}/{one.tag}")

    async def _say_no_http(self, one: Applicant) -> None:
        name = one.tag.encode()
        requests = (
            b"%b / HTTP/1.1\r\n\r\n",
            b"GET / %b/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Name: %b\x00\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\n\r\n",
            self._badly_chunked("POST /v1/applications", self._token),
            self._badly_chunked("POST /registrations/leases", self._ero_token),
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Name: " + b"%b" + b"x" * 9_000 + b"\r\n\r\n",
        )
        admin = self._stack.blueprint.admin_url("verification")
        for url in (self._registration, self._gateway, admin):
            await asyncio.gather(*(self._caller.say(url, r.replace(b"%b", name)) for r in requests))

    def _badly_chunked(self, request: str, token: str) -> bytes:
        """A request like any other, but for its body's form."""
        head = (
            f"{request} HTTP/1.1",
            *("Host: a", "Content-Type: application/json", "Idempotency-Key: chunked"),
            *(f"Authorization: Bearer {token}", "Transfer-Encoding: chunked", "", ""),
        )
        return "\r\n".join(head).encode() + b"%b\r\n%b\r\n"

    # -- the council that refuses ---------------------------------------------------------------

    async def refuse_as_council(self) -> None:
        """Take what waits for the failing council, answer badly, then with a failure."""
        ids = await self._ids_of(await self._page())
        assert ids, "nothing was delivered to the council that refuses"
        await self._answer_wrongly(ids[0])
        failure = {"status": "failure", "message": MESSAGE, "details": DETAILS, "reason": REASON}
        first, *others = ids
        await self._council("PUT", f"/registrations/{first}", failure)
        answers = [{"id": id_, **failure} for id_ in (*others, "0" * 24)]
        await self._council(
            "POST", "/registrations/acknowledgements", {"acknowledgements": answers}
        )
        await self._page("?state=held")

    async def _answer_wrongly(self, record_id: str) -> None:
        name, nino = REFUSED.tag, str(REFUSED.nino)
        path = f"/registrations/{record_id}"
        for body in (
            {"status": MESSAGE},
            {"status": "failure", MESSAGE: DETAILS},
            {"status": "failure", "message": {MESSAGE: 1}},
            {"status": "failure", "details": DETAILS * 2_000},
            {"status": "failure", "suggestedGssCode": nino},
            f'{{"status": "{MESSAGE}'.encode(),
        ):
            await self._council("PUT", path, body)
        for entry in (MESSAGE, {"id": 1, "message": MESSAGE}, {"id": record_id, MESSAGE: 1}):
            entries = {"acknowledgements": [entry]}
            await self._council("POST", "/registrations/acknowledgements", entries)
        await self._council("PUT", f"/registrations/{name}", {"status": "success"})
        await self._council("POST", "/registrations/leases", {"pageSize": name})
        for query in ("after", "gssCode", "state", "pageSize"):
            await self._council("GET", f"/registrations?{query}={nino}{name}")
        await self._page(f"?{name}={nino}")  # not a question of ours: an ordinary page

    async def _page(self, query: str = "") -> Answer:
        url = f"{self._gateway}/registrations{query}"
        return await self._caller.ask("GET", url, token=self._ero_token, delivery=True)

    async def _ids_of(self, page: Answer) -> list[str]:
        return [item["id"] for item in json.loads(page.body)["registrations"]]

    async def _council(self, method: str, path: str, body: object = None) -> Answer:
        url = f"{self._gateway}{path}"
        return await self._caller.ask(method, url, body, token=self._ero_token)

    # -- DWP, Postgres, rest --------------------------------------------------------------------

    async def behave(self, **control: Any) -> None:
        """Say how the simulated DWP is to behave from now on."""
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{self._stack.blueprint.dwp_url}/control", json=control) as answer,
        ):
            assert answer.status == 200

    async def wait_until(self, *, decided: bool) -> None:
        """Wait until each application is with a council or held (or, at least, was taken)."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._is_there(counts := await self._counts(), decided=decided):
            assert time.monotonic() < end, f"not at rest: {counts}"
            await asyncio.sleep(RETRY_SECONDS)

    def _is_there(self, counts: dict[str, int], *, decided: bool) -> bool:
        if not decided:
            return _sum(counts, "verification", "waiting", "decided") >= self.accepted
        done = _sum(counts, "ems-gateway", "queued", "acknowledged", "held")
        return done >= self.accepted and not counts.get("verification waiting")

    async def _counts(self) -> dict[str, int]:
        urls = [self._stack.blueprint.admin_url(s) for s in ("verification", "ems-gateway")]
        return counts_by_state(await fetch_ledgers(urls, [london_date(datetime.now(UTC))]))


def _sum(counts: dict[str, int], service: str, *states: str) -> int:
    return sum(counts.get(f"{service} {state}", 0) for state in states)


# -- wrong bodies ---------------------------------------------------------------------------------


def wrong_bodies(applicant: Applicant) -> Iterator[dict[str, object]]:
    """Applications of which something is wrong; what is wrong holds a canary."""
    body = applicant.application()
    yield body | {"declaration": False}
    yield {field: f"{applicant.tag}<{value}>" for field, value in body.items()}
    yield {**body, f"{applicant.name[2]} née {applicant.nino}": applicant.tag}
    nino = str(applicant.nino or "")
    yield {**body, nino or applicant.postcode: applicant.tag}
    yield {**body, "-".join(re.findall("..", nino)) or applicant.postcode: applicant.tag}
    for field in body:
        yield {**body, field: f"{applicant.tag}<{applicant.nino}>\u202e"}
        yield {**body, field: {applicant.name[2] + " x": [applicant.nino]}}
    for field, value in _wrong_answers(applicant):
        yield {**body, field: value}


def _wrong_answers(applicant: Applicant) -> Iterable[tuple[str, object]]:
    return (
        ("firstName", applicant.tag * 40),
        ("dateOfBirth", f"{applicant.born}T00:00:00Z"),
        ("dateOfBirth", "2031-08-29"),
        ("nino", f"QQ{str(applicant.nino)[2:]}"),
        ("nino", f"{applicant.nino} {applicant.tag}"),
        ("noNino", {"reason": f"{applicant.tag} \x07"}),
        ("contact", {"email": f"{applicant.tag}@@example", "phone": f"0{applicant.tag}"}),
        ("address", {"street": applicant.tag, "postcode": f"{applicant.postcode}9"}),
        ("nationalities", [applicant.tag, "GB"]),
    )


def wrong_bytes(applicant: Applicant) -> Iterator[bytes]:
    """Bodies that cannot be read, or are too much."""
    text = json.dumps(applicant.application(noNino=ABSENT) | {"noNino": None}, ensure_ascii=False)
    good = text.encode()
    yield good[:-40]
    yield good + b"}"
    yield good[:-1] + b',"lastName":"%b"}' % applicant.name[2].encode()
    yield good[:-1] + b',"timeTakenSeconds":NaN}'
    yield good[:-1] + b',"timeTakenSeconds":1%b}' % (b"0" * 400)
    yield good.replace(applicant.name[2].encode(), applicant.name[2].encode() + b"\\u0000")
    yield good.replace(applicant.name[2].encode(), applicant.name[2].encode() + b"\\ud800")
    yield good.replace(applicant.name[2].encode(), applicant.name[2].encode() + b"\xff")
    yield text.encode("utf-16")
    yield b'{"' + applicant.tag.encode() + b'":' + b"[" * 5_000
    yield json.dumps([applicant.application()] * 120).encode()
    yield b'"' + applicant.tag.encode() + b'"'
