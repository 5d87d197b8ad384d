"""Leases on real Postgres: what they hide, who may end them, and late failures."""

import asyncio
from datetime import timedelta

import pytest
from ems_gateway.postgres.leases import forget_ended
from gateway_builders import HARTLEPOOL, LOTHIAN, RECEIVED_AT
from gateway_world import FAILURE, SUCCESS, World
from queue_calls import lease_page, offer, release, told

pytestmark = pytest.mark.integration


async def test_200_records_that_are_never_answered_do_not_hide_the_201st(world: World) -> None:
    ids = await world.outcomes(201)
    first = await world.page(pageSize=200)
    assert (len(first["registrations"]), first["remaining"]) == (200, 1)
    assert await world.ids(pageSize=200, after=first["registrations"][-1]["id"]) == [ids[200]]
    assert await world.lease(200) == ids[:200]
    assert await world.lease(200) == [ids[200]]


async def test_a_lease_names_itself_in_the_page_and_in_each_record(world: World) -> None:
    ids = await world.outcomes(3)
    page = await lease_page(world, 2)
    lease_id = page["leaseId"]
    assert len(bytes.fromhex(lease_id)) == 12
    assert [(one["leaseId"], one["offer"]) for one in page["registrations"]] == [(lease_id, 1)] * 2
    shown = (await world.page())["registrations"]
    assert [one["leaseId"] for one in shown] == [lease_id, lease_id, None]
    other = await lease_page(world)
    assert [one["id"] for one in other["registrations"]] == ids[2:]
    assert other["leaseId"] not in (None, lease_id)


async def test_a_lease_that_found_nothing_has_no_id(world: World) -> None:
    assert await lease_page(world) == {"leaseId": None, "registrations": [], "remaining": 0}
    assert await world.pool.fetchval("SELECT count(*) FROM record_lease") == 0


async def test_a_released_lease_hides_nothing_any_more(world: World) -> None:
    ids = await world.outcomes(4)
    first, second = await lease_page(world, 2), await lease_page(world, 2)
    assert [(await release(world, first["leaseId"])).status for _ in range(2)] == [204, 204]
    shown = (await world.page())["registrations"]
    assert [one["leaseId"] for one in shown] == [None, None, *[second["leaseId"]] * 2]
    assert await world.lease(10) == ids[:2]


async def test_a_release_frees_nothing_that_was_leased_anew_or_answered(world: World) -> None:
    ids = await world.outcomes(3)
    old = await lease_page(world, seconds=1)
    await world.put(ids[0])
    await asyncio.sleep(1.1)
    new = await lease_page(world, 1)
    assert (await release(world, old["leaseId"])).status == 204
    assert await world.lease(10) == [ids[2]]
    assert (await release(world, new["leaseId"])).status == 204
    assert await world.lease(10) == [ids[1]]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2, (HARTLEPOOL, "acknowledged"): 1}


async def test_anothers_lease_and_an_unknown_one_cannot_be_told_apart(world: World) -> None:
    await world.outcomes(1)
    page = await lease_page(world)
    answers = [
        await release(world, page["leaseId"], LOTHIAN),
        await release(world, "0" * 24, LOTHIAN),
    ]
    assert {(one.status, await one.read()) for one in answers} == {(404, await answers[0].read())}
    assert await world.lease(1) == []


async def test_what_was_noted_of_a_lease_is_forgotten_a_day_after_its_end(world: World) -> None:
    await world.outcomes(2)
    old, new = await lease_page(world, 1), await lease_page(world, 1)
    await world.pool.execute(
        "UPDATE record_lease SET leased_until = now() - interval '25 hours' WHERE lease_id = $1",
        bytes.fromhex(old["leaseId"]),
    )
    await forget_ended(world.pool)
    assert (await release(world, old["leaseId"])).status == 404
    assert (await release(world, new["leaseId"])).status == 204


async def test_a_failure_under_an_older_lease_has_no_effect(world: World) -> None:
    (record,) = await world.outcomes(1)
    old = (await lease_page(world, seconds=1))["leaseId"]
    await asyncio.sleep(1.1)
    new = (await lease_page(world))["leaseId"]
    assert (await world.put(record, FAILURE | {"leaseId": old})).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}
    assert await world.acknowledge([{"id": record, "leaseId": old} | FAILURE]) == [204]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}
    assert await world.events() == []
    assert (await world.put(record, FAILURE | {"leaseId": new})).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "held"): 1}


async def test_a_failure_under_the_newest_lease_counts_after_its_end_and_its_release(
    world: World,
) -> None:
    ids = await world.outcomes(2)
    ended = (await lease_page(world, 1, seconds=1))["leaseId"]
    released = (await lease_page(world, 1))["leaseId"]
    await asyncio.sleep(1.1)
    assert (await release(world, released)).status == 204
    for record, lease_id in zip(ids, (ended, released), strict=True):
        assert (await world.put(record, FAILURE | {"leaseId": lease_id})).status == 204
    assert await world.ids(state="held") == ids


async def test_success_under_an_older_lease_is_taken(world: World) -> None:
    (record,) = await world.outcomes(1)
    old = (await lease_page(world, seconds=1))["leaseId"]
    await asyncio.sleep(1.1)
    await lease_page(world)
    assert (await world.put(record, SUCCESS | {"leaseId": old, "offer": 1})).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}


async def test_a_failure_that_names_a_lease_of_before_an_offer_has_no_effect(world: World) -> None:
    (record,) = await world.outcomes(1)
    lease_id = (await lease_page(world))["leaseId"]
    await world.put(record, FAILURE | {"leaseId": lease_id})
    assert (await offer(world, record)).status == 204
    assert (await world.put(record, FAILURE | {"leaseId": lease_id})).status == 204
    assert await world.ids() == [record]


async def test_failures_race_with_leases_and_only_those_of_the_newest_count(world: World) -> None:
    """A worker that was too slow reports failures while another one leases the same records."""
    ids = await world.outcomes(40)
    old = (await lease_page(world, seconds=1))["leaseId"]
    await asyncio.sleep(1.1)
    failures = [{"id": one, "leaseId": old} | FAILURE for one in ids]
    new, *_ = await asyncio.gather(
        lease_page(world), *(world.acknowledge(failures[n : n + 10]) for n in range(0, 40, 10))
    )
    leased = [one["id"] for one in new["registrations"]]
    failed = await world.ids(state="held")
    assert sorted([*leased, *failed]) == sorted(ids)
    assert sorted(await world.ids()) == sorted(leased)


async def test_leases_releases_and_answers_at_once_lose_nothing(world: World) -> None:
    ids = await world.outcomes(120)

    async def work() -> None:
        while (page := await lease_page(world, 7))["registrations"]:
            taken = [one["id"] for one in page["registrations"]]
            await world.acknowledge([{"id": one} | SUCCESS for one in taken[::2]])
            await release(world, page["leaseId"])

    await asyncio.wait_for(asyncio.gather(*(work() for _ in range(5))), 30)
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 120}
    assert len(await world.events()) == len(ids)


async def test_the_history_tells_of_a_lease_and_its_release(world: World) -> None:
    (record,) = await world.outcomes(1)
    page = await lease_page(world)
    (shown,) = page["registrations"]
    await release(world, page["leaseId"])
    *_, leased, released = await told(world, record)
    facts = {"revision": 1, "leaseId": page["leaseId"]}
    assert (leased[0], leased[2]) == ("leased", facts | {"until": shown["leasedUntil"]})
    assert (released[0], released[2]) == ("released", facts)
    assert leased[1].startswith("token ")


async def test_two_attempts_of_one_application_may_be_leased_at_once(world: World) -> None:
    first = [world.outcome() for _ in range(30)]
    await world.arrive(*first)
    await world.arrive(
        *(
            world.outcome(
                application_id=one.application_id,
                attempt=2,
                attempt_received_at=RECEIVED_AT + timedelta(hours=1),
            )
            for one in first
        )
    )
    pages = await asyncio.gather(*(world.lease(8) for _ in range(8)))
    leased = [one for page in pages for one in page]
    assert len(leased) == len(set(leased)) == 60
