"""Locust upon a registration that hangs, sends away and cuts: people come again, once each."""

import asyncio
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from simulated.receipts import Receipt, read_receipts

pytestmark = pytest.mark.integration

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
TOTAL = 40
HANGS_SECONDS = 7.0
ARGUMENTS = (
    *("--shape", "steady", "--compress", "150", "--total", str(TOTAL), "--mistakes", "0"),
    *("--form-share", "0", "--batch-share", "0.3", "--headless", "--only-summary"),
    *("ApiApplicant", "PartnerBatch"),
)


class Registration:
    """Gives each key one application, and meets some keys with trouble when they first come."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.ids: dict[str, int] = {}

    async def post(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        self.tries[key] += 1
        trouble = trouble_of(key) if self.tries[key] == 1 else ""
        if trouble == "sends away":
            return web.json_response({"title": "Busy"}, status=503, headers={"Retry-After": "1"})
        status, receipt = self.accept(key)
        if trouble == "cuts":
            assert request.transport is not None
            request.transport.abort()
        if trouble == "hangs":
            await asyncio.sleep(HANGS_SECONDS)
        return web.json_response(receipt, status=status)

    async def post_batch(self, request: web.Request) -> web.StreamResponse:
        items = (await request.json())["applications"]
        return web.json_response({"results": [self.result(i["idempotencyKey"]) for i in items]})

    def result(self, key: str) -> dict[str, Any]:
        self.tries[key] += 1
        if self.tries[key] == 1 and trouble_of(key) == "sends away":
            return {"idempotencyKey": key, "status": 503, "problem": {"title": "Busy"}}
        status, receipt = self.accept(key)
        return {"idempotencyKey": key, "status": status, "receipt": receipt}

    def accept(self, key: str) -> tuple[int, dict[str, Any]]:
        status = 200 if key in self.ids else 201
        number = self.ids.setdefault(key, len(self.ids))
        at = "2026-11-22T10:00:00.000000Z"
        receipt = {"applicationId": f"{number}", "reference": f"R{number}", "receivedAt": at}
        return status, receipt | {"arrivedAt": at, "authority": {"gssCode": "E06000001"}}


def trouble_of(key: str) -> str:
    n = int(key.rpartition("-")[2])
    return {3: "hangs", 5: "sends away", 7: "cuts"}.get(n % 10, "")


async def test_each_comes_again_under_the_same_key_until_it_has_its_receipt(
    tmp_path: Path,
) -> None:
    registration = Registration()
    told = await played_upon(registration, tmp_path)
    receipts = {one.key: one for one in read_receipts(tmp_path / "receipts-0.jsonl")[1]}
    assert f"{TOTAL} of {TOTAL} arrivals were answered" in told
    assert len(receipts) == len(registration.ids) == TOTAL
    for key, receipt in receipts.items():
        assert receipt.accepted
        assert int(receipt.application_id) == registration.ids[key]
        assert receipt.tries >= registration.tries[key]
    assert_troubles(registration, receipts)
    reloads = re.search(r"POST\s+/v1/applications \(reloaded\)\s+(\d+)", told)
    assert reloads is not None
    assert int(reloads[1]) >= 1
    assert "503: asked to come again later" in told


def assert_troubles(registration: Registration, receipts: dict[str, Receipt]) -> None:
    """Each kind of trouble was met, and overcome by coming again."""
    met = {trouble_of(key) for key, tries in registration.tries.items() if tries > 1}
    assert met >= {"hangs", "sends away", "cuts"}
    quiet = [key for key in receipts if not trouble_of(key)]
    alone = [key for key in quiet if receipts[key].tries == 1]
    assert len(alone) > len(quiet) / 2  # the others share a batch with somebody sent away


async def played_upon(registration: Registration, book: Path) -> str:
    """What locust printed."""
    app = web.Application(client_max_size=2**24)
    app.add_routes([web.post("/v1/applications", registration.post)])
    app.add_routes([web.post("/v1/applications:batch", registration.post_batch)])
    async with TestServer(app) as server:
        host = str(server.make_url("/"))
        arguments = (*ARGUMENTS, "--host", host, "--book", str(book))
        locust = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), *arguments),
            env=os.environ | {"SIMULATED_PARTNER_TOKEN": "token"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(120):
            said, _ = await locust.communicate()
    assert locust.returncode == 1, said.decode()  # locust's way to say that there were failures
    return said.decode()
