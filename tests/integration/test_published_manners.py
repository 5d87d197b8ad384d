"""A client written from the published manners alone, and the simulated councils, on the gateway."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from electoral.calendar import london_date
from gateway_builders import EDINBURGH, LOTHIAN
from gateway_world import World, settle
from simulated.council_calls import Calls, Lines
from simulated.council_desk import Desk, Statistics
from simulated.councils import JOURNAL_FILE, Council
from simulated.deliveries import Delivery, read_journals
from simulated.journal import Journal, read_journal
from simulated.published_client import REGISTRATIONS, Credential, PublishedClient
from simulated.recovery import ids_in, recover

pytestmark = pytest.mark.integration


def a_client(world: World, ero: str = "hartlepool") -> PublishedClient:
    """Its path and its model are all that is ours."""
    credential = Credential(str(world.client.make_url("")), f"token-of-{ero}")
    return PublishedClient(credential, "/registrations", REGISTRATIONS)


async def test_a_client_of_the_published_interface_gets_everything_oldest_first(
    world: World,
) -> None:
    ids = await world.outcomes(105)
    client = a_client(world)
    assert await asyncio.to_thread(client.poll) == 105
    assert list(client.stored) == ids
    one = client.stored[ids[0]]
    assert all(one[name] for name in ("createdAt", "gssCode", "source", "surname", "address"))
    assert await asyncio.to_thread(client.poll) == 0


async def test_the_published_manners_hold(world: World) -> None:
    ids = await world.outcomes(205)
    [foreign] = await world.arrive(world.outcome(gss_code=EDINBURGH))
    client = a_client(world)

    def as_published() -> None:
        first = [item["id"] for item in client.page()]
        assert first == ids[:100]  # 100 by default, oldest first
        assert [item["id"] for item in client.page()] == first  # GET consumes nothing
        assert len(client.page(200)) == len(client.page(5_000)) == 200  # 200 at most
        created = [item["createdAt"] for item in client.page(200)]
        assert created == sorted(created)
        assert client.answer(ids[0], "success") == 204
        assert client.answer(ids[0], "success") == 204  # again
        assert client.answer(ids[1], "failure", "No such street", "Import 7") == 204
        assert [item["id"] for item in client.page()] == ids[2:102]
        assert client.answer(foreign, "success") == 404  # another authority's
        assert client.answer("0" * 24, "success") == 404  # nobody's

    await asyncio.to_thread(as_published)
    others = await asyncio.to_thread(a_client(world, LOTHIAN).page)
    assert [one["id"] for one in others] == [foreign]


async def test_the_client_of_another_authority_sees_nothing_of_ours(world: World) -> None:
    await world.outcomes(3)
    assert await asyncio.to_thread(a_client(world, LOTHIAN).poll) == 0


async def test_three_records_that_a_journal_lost_are_found_from_the_statement_and_got_again(
    world: World, tmp_path: Path
) -> None:
    ids = await world.outcomes(500)
    await settle(world)
    file = tmp_path / JOURNAL_FILE
    await drain_and_compare(world, file)
    assert ids_in(file, "hartlepool") == set(ids)
    lost = [ids[17], ids[230], ids[499]]
    lose(file, lost)
    stated, missing, offered = await drain_and_compare(world, file)
    assert (stated, sorted(missing), sorted(offered)) == (500, sorted(lost), sorted(lost))
    assert ids_in(file, "hartlepool") == set(ids)
    again = [e.item for e in read_journals([file]) if isinstance(e, Delivery)][-3:]
    assert sorted(item["id"] for item in again) == sorted(lost)
    assert await world.ids() == []


async def drain_and_compare(
    world: World, file: Path
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """One ERO's system takes what waits and what its journal lacks."""
    journal, lines = Journal(file), Lines(str(world.client.make_url("")), 1)
    council = Council("hartlepool", "token-of-hartlepool")
    try:
        desk = Desk(council, Calls(lines, council.token), journal, Statistics())
        found = await recover(desk, file, [london_date(datetime.now(UTC)).isoformat()])
    finally:
        lines.close()
        await journal.close()
    return found.stated, found.missing, found.offered


def lose(file: Path, lost: list[str]) -> None:
    kept = []
    for line in read_journal(file):
        if "page" in line:
            page = line["page"]
            page["registrations"] = [i for i in page["registrations"] if i["id"] not in lost]
        kept.append(json.dumps(line) + "\n")
    file.write_text("".join(kept), encoding="utf-8")
