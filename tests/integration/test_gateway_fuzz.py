"""The gateway's document against the gateway: no made-up request finds anything.

`make fuzz` sends ten times as many.
"""

import os
import re
from pathlib import Path

import pytest
from electoral.metrics import Metrics
from electoral.serving import serving
from ems_gateway.routes import public_app
from gateway_builders import EDINBURGH
from gateway_fuzzing import fuzz, the_document
from gateway_operations import a_lease, a_notice
from gateway_world import World

pytestmark = pytest.mark.integration

CASES = int(os.environ.get("GATEWAY_FUZZ_CASES", "1000"))
SEED = int(os.environ.get("GATEWAY_FUZZ_SEED", "1"))
SECONDS_PER_CASE_MAX = 0.3
RECORDS = 40


@pytest.mark.long
@pytest.mark.timeout(60 + CASES * SECONDS_PER_CASE_MAX)
async def test_no_made_up_request_finds_anything(
    world: World, metrics: Metrics, tmp_path: Path
) -> None:
    ids = {
        "RecordId": await world.outcomes(RECORDS) + await world.outcomes(3, gss_code=EDINBURGH),
        "LeaseId": [await a_lease(world) for _ in range(3)],
        "NoticeId": [await a_notice(world) for _ in range(3)],
    }
    document = the_document(ids)
    async with serving(public_app(world.gateway, metrics), "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}"
        verdict = await fuzz(document, url, tmp_path, cases=CASES, seed=SEED)
    (tmp_path / "said").write_text(verdict.said)
    print(verdict.said)
    assert verdict.passed, verdict.said
    generated = re.search(r"([\d,]+) generated", verdict.said)
    assert generated is not None, verdict.said
    assert int(generated[1].replace(",", "")) >= CASES
