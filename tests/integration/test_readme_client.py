"""The client that the gateway's README shows: run as it stands there."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from gateway_builders import EDINBURGH, HARTLEPOOL
from gateway_world import World

pytestmark = pytest.mark.integration

README = Path(__file__).parents[2] / "services/ems-gateway/README.md"
LINES_MAX = 30


def the_client() -> str:
    (program,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.M | re.S)
    return str(program)


def test_the_client_is_short() -> None:
    assert len([line for line in the_client().splitlines() if line]) <= LINES_MAX


async def test_the_client_takes_all_that_waits_once_and_nothing_of_another_ero(
    world: World,
) -> None:
    ids = await world.outcomes(450)
    (others,) = await world.outcomes(1, gss_code=EDINBURGH)
    gateway = str(world.client.make_url("")).rstrip("/")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", the_client(), gateway, "token-of-hartlepool"),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert [line.split()[0] for line in said.decode().splitlines()] == ids
    assert await world.ids() == []
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 450, (EDINBURGH, "queued"): 1}
    assert await world.ids("lothian") == [others]
