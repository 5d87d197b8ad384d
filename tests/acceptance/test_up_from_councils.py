"""What a council sends up comes back to it: papers verified, a correction as the next attempt."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from electoral.calendar import london_date
from electoral_local.blueprint import SERVICES, StackOptions
from electoral_local.stack import Stack
from electoral_local.sums import counts_by_state, differences, fetch, in_flight
from simulated.kinds import Kind
from simulated.population import Citizen, Population

pytestmark = pytest.mark.integration

ERO, GSS_CODES = "lothian", ("S12000036", "S12000019")
PATIENCE_SECONDS = 30.0
LOOK_INTERVAL = 0.1  # seconds
RESULTS = {"green": 110, "red": 30, "never-issued": 20, "under-16": 20, "no-nino": 20}
PAPERS = sum(RESULTS.values())

Json = dict[str, Any]


class Council:
    """The ERO's own system."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Json]:
        async with self._session.request(method, path, json=body) as answer:
            return answer.status, await answer.json()

    async def send(self, papers: list[Json]) -> list[Json]:
        status, answer = await self.call("POST", "/paper-applications", {"applications": papers})
        assert status == 200, answer
        results: list[Json] = answer["results"]
        return results

    async def wait_for(self, records: int) -> list[Json]:
        """Read the queue until there are so many."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            _, page = await self.call("GET", "/registrations?pageSize=200")
            found: list[Json] = page["registrations"]
            if len(found) >= records:
                assert len(found) == records
                assert page["remaining"] == 0
                return found
            assert time.monotonic() < end, f"only {len(found)} of {records} came back"
            await asyncio.sleep(LOOK_INTERVAL)

    async def acknowledge(self, records: list[Json]) -> None:
        answers = [{"id": record["id"], "status": "success"} for record in records]
        body = {"acknowledgements": answers}
        _, said = await self.call("POST", "/registrations/acknowledgements", body)
        assert {result["status"] for result in said["results"]} == {204}


@asynccontextmanager
async def council_of(stack: Stack) -> AsyncIterator[Council]:
    headers = {"Authorization": f"Bearer {stack.credentials.ero_tokens()[ERO]}"}
    url = stack.blueprint.gateway_url
    async with aiohttp.ClientSession(url, headers=headers) as session:
        yield Council(session)


class Papers(NamedTuple):
    """What is sent, and what each is to be, by the ERO's own id."""

    sent: list[Json]
    expected: dict[str, str]
    own_ninos: dict[str, str]  # of those who gave somebody else's


def papers_of(population: Population, today: date) -> Papers:
    """Papers of people of each kind; a red one is somebody who gives another one's number."""
    wanted = [what for what, number in RESULTS.items() for _ in range(number)]
    papers = Papers([], {}, {})
    by_kind = {kind: _of_kind(population, today, kind) for kind in _KINDS.values()}
    strangers = _of_kind(population, today, Kind.AS_ON_RECORD, first=500_000)
    for number, what in enumerate(wanted):
        record_id = f"form-{number}"
        citizen = next(by_kind[_KINDS[what]])
        paper = _typed_in(citizen, record_id, GSS_CODES[number % len(GSS_CODES)])
        if what == "red":
            papers.own_ninos[record_id] = paper["nino"]
            paper["nino"] = next(strangers).application["nino"]
        elif what == "never-issued":
            paper["nino"] = "BG" + re.sub(r"\W", "", str(paper["nino"]))[2:]
        papers.sent.append(paper)
        papers.expected[record_id] = what
    return papers


_KINDS = {
    "green": Kind.AS_ON_RECORD,
    "red": Kind.AS_ON_RECORD,
    "never-issued": Kind.AS_ON_RECORD,
    "under-16": Kind.UNDER_16,
    "no-nino": Kind.NO_NINO,
}


def _of_kind(population: Population, today: date, kind: Kind, first: int = 0) -> Iterator[Citizen]:
    people = (population.person(n, today) for n in count(first))
    return (one for one in people if one.identity.kind is kind)


def _typed_in(citizen: Citizen, record_id: str, gss_code: str) -> Json:
    return citizen.application | {"recordId": record_id, "gssCode": gss_code}


async def lookups(stack: Stack) -> int:
    """How many numbers DWP was asked about."""
    url = f"{stack.blueprint.admin_url('verification')}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        found = re.search(r"^dwp_lookups_total ([0-9.e+]+)$", await answer.text(), re.M)
    return int(float(found[1])) if found else 0


@pytest.mark.timeout(120)
async def test_papers_and_a_correction_come_back_verified_to_the_council_that_sent_them(
    tmp_path: Path,
) -> None:
    options = StackOptions(
        state=tmp_path / "var",
        free_ports=True,
        arguments={"councils": ("--only=hartlepool",)},  # this one is ours
    )
    papers = papers_of(Population(options.seed), london_date(datetime.now(UTC)))
    async with Stack(options) as stack, council_of(stack) as council:
        receipts = await council.send(papers.sent)
        assert {receipt["status"] for receipt in receipts} == {201}
        again = await council.send(papers.sent)
        assert again == [receipt | {"status": 200} for receipt in receipts]

        records = await council.wait_for(PAPERS)
        compare(papers, receipts, records)
        assert await lookups(stack) == RESULTS["green"] + RESULTS["red"]
        await council.acknowledge(records)

        await correct_one(council, papers, receipts, records)
        assert await council.wait_for(0) == []
        await the_ledger_balances(stack)


def compare(papers: Papers, receipts: list[Json], records: list[Json]) -> None:
    """Each record is of one paper, under its council, as it was typed in and with its result."""
    by_application = {record["applicationId"]: record for record in records}
    assert len({record["id"] for record in records}) == PAPERS
    assert by_application.keys() == {receipt["applicationId"] for receipt in receipts}
    found: Counter[str] = Counter()
    for paper, receipt in zip(papers.sent, receipts, strict=True):
        record = by_application[receipt["applicationId"]]
        assert (record["source"], record["gssCode"]) == ("paper", paper["gssCode"])
        assert (record["attempt"], record["replaces"]) == (1, None)
        assert record["receivedAt"] == receipt["receivedAt"]
        assert record["detail"]["ln"]
        assert record["detail"].get("dob") == paper.get("dateOfBirth")
        assert "refNum" not in record["detail"]
        assert (paper.get("nino") or "-no number-") not in json.dumps(record)
        found[papers.expected[receipt["recordId"]] + "/" + _said(record)] += 1
    assert found == {
        "green/green": RESULTS["green"],
        "red/red": RESULTS["red"],
        "never-issued/red": RESULTS["never-issued"],
        "under-16/not-applicable": RESULTS["under-16"],
        "no-nino/not-applicable": RESULTS["no-nino"],
    }


def _said(record: Json) -> str:
    return str(record["verification"]["result"])


async def correct_one(
    council: Council, papers: Papers, receipts: list[Json], records: list[Json]
) -> None:
    """The council asks the applicant, and sends the number that is theirs; twice, to be sure."""
    record_id, nino = next(iter(papers.own_ninos.items()))
    receipt = next(one for one in receipts if one["recordId"] == record_id)
    first = next(one for one in records if one["applicationId"] == receipt["applicationId"])
    path = f"/registrations/{first['id']}/resubmission"
    body = {"resubmissionId": "query-1", "corrections": {"nino": nino}}
    taken = await council.call("POST", path, body)
    assert (taken[0], taken[1]["attempt"]) == (201, 2)
    assert await council.call("POST", path, body) == (200, taken[1])
    (second,) = await council.wait_for(1)
    assert second["applicationId"] == first["applicationId"]
    assert (second["attempt"], second["replaces"]) == (2, first["id"])
    assert second["id"] != first["id"]
    assert second["receivedAt"] == first["receivedAt"] < second["attemptReceivedAt"]
    assert (_said(first), _said(second)) == ("red", "green")
    assert second["detail"] == first["detail"]
    await council.acknowledge([second])
    _, history = await council.call("GET", f"/registrations/{second['id']}/history")
    told = [(entry["attempt"], entry["kind"]) for entry in history["entries"]]
    of_first = [(1, kind) for kind in ("received", "verified", "offered", "answered")]
    of_second = [(2, kind) for kind in ("resubmitted", "verified", "offered", "answered")]
    assert told == of_first + of_second


async def the_ledger_balances(stack: Stack) -> None:
    admin = {service: stack.blueprint.admin_url(service) for service in SERVICES}
    sums = await asyncio.to_thread(fetch, admin, london_date(datetime.now(UTC)), None)
    assert differences(sums) == []
    assert in_flight(sums) == 0
    assert dict(counts_by_state(sums)) == {
        ("ems-gateway", "paper-taken"): PAPERS,
        ("ems-gateway", "resubmission-taken"): 1,
        ("verification", "decided"): PAPERS + 1,
        ("ems-gateway", "acknowledged"): PAPERS + 1,
    }
