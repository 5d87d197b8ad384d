"""A key that nobody has made: whoever needs it waits, and nobody else."""

import asyncio
from pathlib import Path

import pytest
from authority_lists import authorities_with, begun, ended
from electoral.calendar import london_date
from electoral.group_commit import Unavailable
from electoral.metrics import Metrics
from electoral.sealing import DirectoryKeyring, Sealer
from ems_gateway.answers import Answer, Answers
from ems_gateway.history.writing import History
from ems_gateway.moves.moving import Moves, keep_sweeping
from ems_gateway.moves.responsibility import Responsibilities
from gateway_builders import HARTLEPOOL, LOTHIAN, RECEIVED_AT
from gateway_world import World

pytestmark = pytest.mark.integration

NORTH = "E06000901"
DAY = london_date(RECEIVED_AT)


async def test_an_answer_whose_text_cannot_be_sealed_harms_no_other(
    world: World, metrics: Metrics, tmp_path: Path
) -> None:
    first, second, third = (bytes.fromhex(one) for one in await world.outcomes(3))
    without_keys = Sealer(DirectoryKeyring(tmp_path))
    answers = Answers(world.pool, without_keys, world.history, metrics, lambda: None)
    async with answers.group_commit:
        told = await asyncio.gather(
            answers.take((Answer("hartlepool", first, "success", "token"),)),
            answers.take((Answer("hartlepool", second, "failure", "token", message="No."),)),
            answers.take((Answer("hartlepool", third, "failure", "token"),)),
            return_exceptions=True,
        )
    assert told[0] == told[2] == (True,)
    assert isinstance(told[1], Unavailable)
    assert await world.ids() == [second.hex()]


async def test_a_lease_without_the_key_of_the_history_is_503_and_takes_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = await world.outcomes(1)
    monkeypatch.setattr(world.history, "_key", None)
    monkeypatch.setattr(world.history, "_keyring", DirectoryKeyring(tmp_path))
    response = await world.client.post(
        "/registrations/leases",
        headers={"Authorization": "Bearer token-of-hartlepool"},
        json={"pageSize": 1, "seconds": 60},
    )
    assert response.status == 503
    monkeypatch.undo()
    assert await world.lease(1) == [record]


async def test_a_sweep_without_the_key_of_the_history_waits_for_it(
    world: World, tmp_path: Path
) -> None:
    await world.outcomes(1)
    moved = Responsibilities(
        authorities_with(
            ended(HARTLEPOOL, NORTH, last_day=DAY), begun(NORTH, LOTHIAN, first_day=DAY)
        )
    )
    history = History(DirectoryKeyring(tmp_path))
    sweep = asyncio.create_task(keep_sweeping(Moves(world.pool, moved, history, None)))
    await asyncio.sleep(0.5)
    assert not sweep.done()
    sweep.cancel()
    assert len(await world.ids()) == 1
