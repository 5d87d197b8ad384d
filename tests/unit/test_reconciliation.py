"""The judge: a world that balances passes, and each planted fault turns its own criterion red."""

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from judged_world import (
    CODES,
    COUNTED,
    ERO_OF,
    OWN_RECORD,
    PEOPLE,
    PLACES,
    POPULATION,
    SHARES,
    STRADDLING,
    STRADDLING_PLACES,
    TIME,
    TODAY,
    World,
    a_receipt,
    a_world,
    an_item,
    application_id,
    failed,
    ledger_rows,
    swap_in_ledger,
)
from simulated import judging
from simulated.deliveries import (
    Acknowledgement,
    Delivery,
)
from simulated.expectation import Expected, as_asked, differences, expected_detail
from simulated.judged_records import PENDING_ENDED
from simulated.kinds import shares_of
from simulated.ledgers import LedgerRow, Sum, digest_of_attempt, fetch_ledgers, rows_of, sums_of
from simulated.population import Citizen, Population
from simulated.receipts import Receipt, ReceiptBook, Run
from simulated.reconciliation import counts_by_state, reconcile
from simulated.rest import RestWatch, StillExpected, at_rest
from simulated.verdict_table import show


def test_a_world_in_which_all_went_well_balances() -> None:
    verdict = a_world().judge()
    assert failed(verdict) == []
    assert verdict.balances


# Each plants one fault in a world and names the criteria that must find it, and no other.


def lose_a_delivery(world: World) -> None:
    del world.deliveries[0]


def count_as_acknowledged_what_nobody_acknowledged(world: World) -> None:
    world.changed[world.item()["id"]] = None


def acknowledge_what_was_never_received(world: World) -> None:
    world.changed["d" * 24] = Acknowledgement("lothian", TIME, ["d" * 24])


def acknowledge_for_another_ero(world: World) -> None:
    ero, item = world.deliveries[0]
    other = next(name for name in ERO_OF.values() if name != ero)
    world.changed[item["id"]] = Acknowledgement(other, TIME, [item["id"]])


def acknowledge_too_late(world: World) -> None:
    ero, item = world.deliveries[0]
    late = "2026-11-22T10:02:00.600000Z"  # 120.6 s after the last submission
    world.changed[item["id"]] = Acknowledgement(ero, late, [item["id"]])


def deliver_twice_under_two_ids(world: World) -> None:
    ero, item = world.deliveries[0]
    world.deliveries.append(Delivery(ero, {**item, "id": "f" * 24}))


def deliver_to_another_ero(world: World) -> None:
    ero, item = world.deliveries[0]
    other = next(name for name in ERO_OF.values() if name != ero)
    world.deliveries[0] = Delivery(other, item)


def deliver_to_a_second_ero_too(world: World) -> None:
    ero, item = world.deliveries[0]
    other = next(name for name in ERO_OF.values() if name != ero)
    world.deliveries.append(Delivery(other, item))


def name_another_authority(world: World) -> None:
    item = world.item()
    item["gssCode"] = next(code for code in CODES if code != item["gssCode"])


def change_a_field(world: World) -> None:
    world.item()["detail"]["registeredAddress"]["street"] = "Elsewhere Street"


def leave_out_a_field(world: World) -> None:
    del world.item()["detail"]["openRegister"]


def add_a_field(world: World) -> None:
    world.item()["detail"]["mn"] = None


def change_the_language(world: World) -> None:
    world.item()["language"] = "fr"


def leave_a_name_decomposed(world: World) -> None:
    for delivery in world.deliveries:
        sent = POPULATION.person(int(delivery.item["detail"]["refNum"][3:]), TODAY).application
        if sent["firstName"] != delivery.item["detail"]["fn"]:
            delivery.item["detail"]["fn"] = sent["firstName"]
            return
    raise AssertionError("nobody typed a decomposed name")


def show_the_nino(world: World) -> None:
    for delivery in world.deliveries:
        n = int(delivery.item["detail"]["refNum"][3:])
        citizen = POPULATION.person(n, TODAY)
        if "nino" in citizen.application:
            delivery.item["verification"]["sentence"] = f"for {citizen.identity.nino.lower()}"
            return


def turn_the_result(world: World) -> None:
    verification = world.item()["verification"]
    verification["result"] = "red" if verification["result"] == "green" else "green"


def turn_a_level(world: World) -> None:
    for delivery in world.deliveries:
        if delivery.item["verification"]["result"] == "green":
            delivery.item["verification"]["levels"]["nino"] = "no-match"
            return


def move_a_time(world: World) -> None:
    world.item()["receivedAt"] = "2026-11-22T10:00:00.000001Z"


def deliver_what_nobody_sent(world: World) -> None:
    item = {**world.item(), "id": "e" * 24, "applicationId": application_id(10_000)}
    world.deliveries.append(Delivery("lothian", item))


def deliver_what_must_be_held(world: World) -> None:
    citizens = (POPULATION.person(n, TODAY) for n in range(PEOPLE))
    unplaceable = next(c for c in citizens if c.truth.gss_code == "X99999999")
    world.deliveries.append(Delivery("lothian", an_item(unplaceable)))


def repeat_with_another_body(world: World) -> None:
    ero, item = copy.deepcopy(world.deliveries[0])
    item["createdAt"] = TIME
    world.deliveries.append(Delivery(ero, item))


def deliver_half_an_item(world: World) -> None:
    del world.item()["receivedAt"]


def answer_nobody(world: World) -> None:
    world.receipts.append(
        a_receipt(POPULATION.person(PEOPLE, TODAY), status=503, application_id="")
    )


def refuse_a_valid_one(world: World) -> None:
    world.receipts.append(
        a_receipt(POPULATION.person(PEOPLE, TODAY), status=422, application_id="")
    )


def share_an_application(world: World) -> None:
    world.receipts.append(world.receipts[0]._replace(number=PEOPLE, key="another"))


FAULTS: dict[Callable[[World], None], set[str]] = {
    lose_a_delivery: {"Each accepted application reached a council", COUNTED},
    count_as_acknowledged_what_nobody_acknowledged: {OWN_RECORD, COUNTED},
    acknowledge_what_was_never_received: {OWN_RECORD},
    acknowledge_for_another_ero: {OWN_RECORD},
    acknowledge_too_late: {"All is acknowledged within 120 s of the last submission"},
    deliver_twice_under_two_ids: {"Each attempt was delivered as one record"},
    deliver_to_another_ero: {"Each went to the right ERO and no other"},
    deliver_to_a_second_ero_too: {
        "Each went to the right ERO and no other",
        "Each offer of a record is to one ERO",
    },
    name_another_authority: {"Each went to the right ERO and no other", COUNTED},
    change_a_field: {"Every field delivered equals the field sent"},
    leave_out_a_field: {"Every field delivered equals the field sent"},
    add_a_field: {"Every field delivered equals the field sent"},
    change_the_language: {"Every field delivered equals the field sent"},
    leave_a_name_decomposed: {"Every field delivered equals the field sent"},
    show_the_nino: {"No council was told a NINO"},
    turn_the_result: {"Results are those that the truth demands"},
    turn_a_level: {"Results are those that the truth demands"},
    move_a_time: {"Times are those of the receipt"},
    deliver_what_nobody_sent: {"Nothing is at a council that nobody sent"},
    deliver_what_must_be_held: {
        "None that must be held was delivered",
        "Each went to the right ERO and no other",
        COUNTED,
    },
    repeat_with_another_body: {"Repeats have equal bodies"},
    deliver_half_an_item: {"Every item has the agreed shape"},
    answer_nobody: {"Every submission was answered"},
    refuse_a_valid_one: {"No valid application was refused"},
    share_an_application: {"No two submissions share an application"},
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_by_its_criterion_and_no_other(
    plant: Callable[[World], None],
) -> None:
    world = a_world()
    plant(world)
    verdict = world.judge()
    assert set(failed(verdict)) == FAULTS[plant]
    assert not verdict.balances
    found = next(c for c in verdict.criteria if not c.passed)
    assert found.offenders


def test_a_receipt_that_names_the_wrong_authority_is_found() -> None:
    world = a_world()
    receipt = next(r for r in world.receipts if r.gss_code in ERO_OF)
    wrong = next(code for code in CODES if code != receipt.gss_code)
    world.receipts[world.receipts.index(receipt)] = receipt._replace(gss_code=wrong)
    names = failed(world.judge())
    assert "Each receipt names the right authority" in names
    assert "Registration accepted what the senders hold receipts for" in names


def test_the_same_item_received_again_is_no_fault_even_under_another_lease() -> None:
    world = a_world()
    ero, item = copy.deepcopy(world.deliveries[0])
    world.deliveries.append(Delivery(ero, {**item, "leasedUntil": TIME}))
    verdict = world.judge()
    assert verdict.balances
    repeats = next(c for c in verdict.criteria if c.name == "Repeats have equal bodies")
    assert repeats.numbers["repeats"] == 1


def test_a_revision_that_was_replaced_need_not_be_acknowledged_but_the_newest_must() -> None:
    world = a_world()
    ero, first = world.deliveries[0]
    second = {**first, "id": "2" * 24, "revision": 2, "replaces": first["id"]}
    world.deliveries.append(Delivery(ero, second))
    world.changed[first["id"]] = None
    assert failed(world.judge()) == []
    world.changed = {second["id"]: None}
    assert failed(world.judge()) == [OWN_RECORD]


def a_pending_record(final: dict[str, Any], **verification: Any) -> dict[str, Any]:
    """The record that its ERO got while DWP did not answer; the outcome becomes revision 2."""
    final.update(revision=2, replaces="a" * 24)
    nothing = {"status": "pending", "result": None, "levels": None}
    return {
        **final,
        "id": "a" * 24,
        "revision": 1,
        "replaces": None,
        "verification": {**nothing, **verification},
    }


def test_a_pending_record_and_then_its_outcome_are_no_fault() -> None:
    world = a_world()
    ero, final = world.deliveries[0]
    world.deliveries.insert(0, Delivery(ero, a_pending_record(final)))
    assert failed(world.judge()) == []


def test_a_pending_record_without_its_outcome_is_found_and_all_else_is_as_it_must_be() -> None:
    world = a_world()
    ero, final = world.deliveries[0]
    world.deliveries[0] = Delivery(ero, a_pending_record(final))
    verdict = world.judge()
    assert failed(verdict) == [PENDING_ENDED]
    criterion = next(c for c in verdict.criteria if c.name == PENDING_ENDED)
    assert criterion.numbers == {"pending": 1, "offences": 1}


def test_what_is_pending_again_after_its_outcome_is_found() -> None:
    world = a_world()
    ero, final = world.deliveries[0]
    world.deliveries.append(Delivery(ero, {**a_pending_record(final), "revision": 3}))
    assert failed(world.judge()) == [PENDING_ENDED]


@pytest.mark.parametrize("told", [{"result": "red"}, {"levels": {"nino": "no-match"}}])
def test_a_pending_record_that_says_how_it_ended_is_found(told: dict[str, Any]) -> None:
    world = a_world()
    ero, final = world.deliveries[0]
    world.deliveries.insert(0, Delivery(ero, a_pending_record(final, **told)))
    assert failed(world.judge()) == ["Results are those that the truth demands"]


def test_the_house_decides_and_not_its_postcode() -> None:
    """Whoever leaves UPRNs out of account sends people over a boundary to the wrong ERO."""
    over = next(c for c in (STRADDLING.person(n, TODAY) for n in range(400)) if is_over(c))
    typed = Population(7, shares_of({**SHARES, "by_hand": 1.0}), STRADDLING_PLACES)
    by_postcode = typed.person(over.n, TODAY).truth.gss_code
    assert (over.truth.gss_code, by_postcode) == ("E08000003", "E06000001")
    pair = [(by_postcode, application_id(over.n))]
    verdict = reconcile(
        receipts=[a_receipt(over, gss_code=by_postcode)],
        journals=[
            Delivery("hartlepool", {**an_item(over), "gssCode": by_postcode}),
            Acknowledgement("hartlepool", TIME, [an_item(over)["id"]]),
        ],
        ledger=[
            *ledger_rows("registration", "accepted", pair),
            *ledger_rows("verification", "decided", pair),
            *ledger_rows("ems-gateway", "acknowledged", pair),
        ],
        expected_of=lambda receipt: Expected(over.application, over.truth.gss_code),
        ero_of=ERO_OF,
    )
    assert failed(verdict) == [
        "Each receipt names the right authority",
        "Each went to the right ERO and no other",
    ]


def is_over(citizen: Citizen) -> bool:
    return citizen.truth.gss_code == "E08000003"


def test_offenders_are_named_by_ids_and_fields_and_never_by_what_was_sent() -> None:
    world = a_world()
    change_a_field(world)
    criterion = next(c for c in world.judge().criteria if not c.passed)
    applied = world.item()["applicationId"]
    assert criterion.offenders == (f"{applied} (registeredAddress)",)


@pytest.mark.parametrize(
    ("service", "state", "change", "found_by"),
    [
        (
            *("registration", "accepted", {"sum": Sum(3, 1)}),
            {
                "Registration accepted what the senders hold receipts for",
                "Accepted = waiting + decided + held",
            },
        ),
        (
            *("verification", "decided", {"state": "waiting"}),
            {
                "Decided = queued + acknowledged + held",
                "Newest revisions are the same on both sides",
                "In flight = 0",
            },
        ),
        (
            *("ems-gateway", "acknowledged", {"state": "queued"}),
            {"In flight = 0", "Acknowledged is all but what must be held", COUNTED},
        ),
        (
            *("ems-gateway", "acknowledged", {"state": "held"}),
            {
                COUNTED,
                "Acknowledged is all but what must be held",
                "Held at the gateway is exactly what was planted",
            },
        ),
        (
            *("verification", "decided", {"state": "held"}),
            {
                "Decided = queued + acknowledged + held",
                "Newest revisions are the same on both sides",
                "Nothing is held in verification",
            },
        ),
        (
            *("ems-gateway", "acknowledged", {"revisions": 1}),
            {"Newest revisions are the same on both sides"},
        ),
    ],
)
def test_a_ledger_that_does_not_add_up_is_found(
    service: str, state: str, change: dict[str, Any], found_by: set[str]
) -> None:
    world = a_world()
    swap_in_ledger(world, service, state, change)
    assert set(failed(world.judge())) == found_by


def test_equal_counts_of_other_applications_are_told_apart_by_the_digest() -> None:
    world = a_world()
    row = next(r for r in world.ledger if r.service == "registration")
    other = Sum(row.sum.count, row.sum.digest + 1)
    swap_in_ledger(world, "registration", "accepted", {"sum": other})
    assert "Accepted = waiting + decided + held" in failed(world.judge())


def test_a_digest_is_what_the_design_says() -> None:
    uuid = "00000000-0000-0000-0000-00000000002a"
    expected = hashlib.sha256(bytes(15) + b"\x2a" + b"\x00\x00\x00\x01").digest()[:16]
    assert digest_of_attempt(uuid) == int.from_bytes(expected, "big")
    twice = sums_of([("E06000001", uuid)] * 2)["E06000001"]
    assert twice == Sum(2, 2 * int.from_bytes(expected, "big") % 2**128)


APPLICATION = {
    "type": "ordinary",
    "language": "cy",
    "firstName": " Sia\u0302n ",
    "lastName": "ap Rhys",
    "middleNames": "",
    "previousName": {"firstName": "S", "lastName": "Ty\u0302", "changeReason": "Marriage"},
    "dateOfBirth": "1980-02-29",
    "nino": "AB 12 34 56 C",
    "nationalities": ["GB", "IE"],
    "address": {"property": "1", "street": "Heol y Bont", "postcode": "cf101aa", "town": None},
    "otherAddress": "none",
    "openRegister": False,
    "postalVote": {"wanted": True, "formBy": "email"},
    "soleOccupancy": False,
    "contact": {"email": "a@example.org", "post": True},
    "declaration": True,
    "country": "wales",
}
DETAIL = {
    "refNum": "BCDFGHJKLM",
    "lang": "cy",
    "fn": "Siân",
    "ln": "ap Rhys",
    "previousName": {"fn": "S", "ln": "Tŷ", "changeReason": "Marriage"},
    "dob": "1980-02-29",
    "nationalities": ["GB", "IE"],
    "registeredAddress": {"property": "1", "street": "Heol y Bont", "postcode": "CF10 1AA"},
    "otherAddress": "none",
    "openRegister": False,
    "postalVote": {"wanted": True, "formBy": "email"},
    "soleOccupancy": False,
    "email": "a@example.org",
    "post": True,
    "declaration": True,
    "country": "wales",
}


def test_the_expected_detail_of_an_application_written_out_in_full() -> None:
    expected = expected_detail(APPLICATION, "BCDFGHJKLM")
    assert differences(expected, DETAIL) == []
    assert {**expected, "registeredAddress": DETAIL["registeredAddress"]} == DETAIL


def test_what_the_service_may_state_by_itself_is_compared_only_if_it_was_sent() -> None:
    expected = expected_detail(APPLICATION, "BCDFGHJKLM")
    assert differences(expected, {**DETAIL, "ip": "192.0.2.1"}) == []
    sent = expected_detail({**APPLICATION, "applicantIp": "192.0.2.7"}, "BCDFGHJKLM")
    assert differences(sent, {**DETAIL, "ip": "192.0.2.1"}) == ["ip"]


def test_a_truth_value_is_not_a_number() -> None:
    assert differences({"soleOccupancy": False}, {"soleOccupancy": 0}) == ["soleOccupancy"]


def test_what_under_16s_say_unasked_is_not_expected_back() -> None:
    young = {"dateOfBirth": "2011-11-23", "noNino": {"reason": "Too young"}}
    assert as_asked(young, date(2026, 11, 22)) == {"dateOfBirth": "2011-11-23"}
    assert as_asked(young, date(2027, 11, 23)) == young


def test_figures_are_at_rest_when_they_stood_still_long_enough() -> None:
    watch = RestWatch(quiet=10.0)
    noted = [watch.note(figures, at) for figures, at in ((1, 0), (1, 9), (2, 10), (2, 19))]
    assert noted == [False] * 4
    assert watch.changed_at == 10
    assert watch.note(2, 20)


async def test_waiting_for_rest_ends_at_its_limit_and_outlasts_a_restart() -> None:
    moving = iter(range(1_000))

    async def look_at_something_moving() -> int:
        return next(moving)

    assert not await at_rest(look_at_something_moving, quiet=0.1, limit=0.3)
    looks = iter([1, None, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])

    async def look_at_something_restarting() -> int:
        figure = next(looks)
        if figure is None:
            raise ConnectionRefusedError
        return figure

    assert await at_rest(look_at_something_restarting, quiet=0.1, limit=5.0)


async def test_who_looks_after_the_limit_finds_rest_only_if_nothing_changes_at_all() -> None:
    async def look_at_something_still() -> int:
        return 1

    looks = iter([1, 1, 2, *[2] * 100])

    async def look_at_one_late_change() -> int:
        return next(looks)

    assert await at_rest(look_at_something_still, quiet=0.1, limit=-60.0)
    assert not await at_rest(look_at_one_late_change, quiet=0.1, limit=-60.0)


async def test_there_is_no_rest_while_a_councils_system_is_off() -> None:
    away = iter([1, 1, 1, 0])
    looks = 0

    async def look_at_councils() -> int:
        nonlocal looks
        looks += 1
        if next(away, 0):
            raise StillExpected
        return 1

    assert await at_rest(look_at_councils, quiet=0.1, limit=5.0)
    assert looks > 4


async def test_ledgers_are_fetched_for_every_service_and_day() -> None:
    asked = []

    async def ledger(request: web.Request) -> web.Response:
        asked.append(request.query["day"])
        row = {"gssCode": "E06000001", "state": "accepted", "count": 2}
        digests = {"digest": f"{255:032x}", "revisionDigest": f"{1:032x}"}
        service = {"service": "registration", "day": asked[-1], "before": None}
        return web.json_response({**service, "rows": [{**row, **digests}]})

    app = web.Application()
    app.add_routes([web.get("/ledger", ledger)])
    async with TestServer(app) as server:
        rows = await fetch_ledgers([str(server.make_url("/"))], [TODAY, date(2026, 11, 21)])
    assert asked == ["2026-11-21", "2026-11-22"]
    expected = LedgerRow("registration", "E06000001", "accepted", Sum(2, 255), 1)
    assert rows == [expected, expected]
    assert counts_by_state(rows) == {"registration accepted": 4}


def write_world(world: World, directory: Path) -> None:
    """The world as files, the way citizens and councils leave them."""
    book = ReceiptBook(directory / "book.jsonl", Run(7, SHARES, TODAY.isoformat()))
    for receipt in world.receipts:
        book.add(receipt)
    book.close()
    pages = [{"ero": d.ero, "page": {"registrations": [d.item]}} for d in world.deliveries]
    own = [{"ero": a.ero, "at": a.at, "acknowledged": a.ids} for a in world.acknowledgements]
    lines = "".join(json.dumps(line) + "\n" for line in [*pages, *own])
    (directory / "councils.jsonl").write_text(lines, encoding="utf-8")
    eros = [{"ero": ero, "token": "t", "gssCodes": [code]} for code, ero in ERO_OF.items()]
    (directory / "eros.json").write_text(json.dumps(eros), encoding="utf-8")


def test_the_verdict_over_files_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulated.population.load_places", lambda: PLACES)
    world = a_world()
    write_world(world, tmp_path)
    books, journals = [tmp_path / "book.jsonl"], [tmp_path / "councils.jsonl"]
    assert judging.sending_of(books) == ([TODAY], TIME)
    verdict = judging.judge(books, journals, world.ledger, tmp_path / "eros.json")
    assert failed(verdict) == []
    show(verdict, counts_by_state(world.ledger))
    assert "It balances." in capsys.readouterr().out


def test_of_a_file_only_fields_and_the_receipts_authority_are_known(tmp_path: Path) -> None:
    n = next(n for n in range(PEOPLE) if POPULATION.person(n, TODAY).truth.gss_code in ERO_OF)
    citizen = POPULATION.person(n, TODAY)
    book = ReceiptBook(tmp_path / "book.jsonl", Run(None, {}, TODAY.isoformat()))
    book.add(a_receipt(citizen, application=citizen.application))
    book.add(Receipt(2, "line-2", 422, 1, TIME, TIME, reason="senseless"))
    book.close()
    item = an_item(citizen)
    item["verification"]["result"] = "green"
    code = citizen.truth.gss_code
    page = {"ero": ERO_OF[code], "page": {"registrations": [item]}}
    own = {"ero": ERO_OF[code], "at": TIME, "acknowledged": [item["id"]]}
    journal = f"{json.dumps(page)}\n{json.dumps(own)}\n"
    (tmp_path / "councils.jsonl").write_text(journal, encoding="utf-8")
    pair = [(code, application_id(n))]
    ledger = [
        *ledger_rows("registration", "accepted", pair),
        *ledger_rows("verification", "decided", pair),
        *ledger_rows("ems-gateway", "acknowledged", pair),
    ]
    verdict = judging.judge([tmp_path / "book.jsonl"], [tmp_path / "councils.jsonl"], ledger)
    assert failed(verdict) == []


def test_books_of_different_populations_are_not_judged_together(tmp_path: Path) -> None:
    for seed in (1, 2):
        ReceiptBook(tmp_path / f"{seed}.jsonl", Run(seed, {}, TODAY.isoformat())).close()
    with pytest.raises(ValueError, match="different populations"):
        judging.read_books([tmp_path / "1.jsonl", tmp_path / "2.jsonl"])


def reconcile_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulated", "reconcile", *arguments, "--quiet=0"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("book", "sentence"),
    [
        ('{"number": 1}\n', "its first line names no run"),
        ('{"run": {"seed": 1}}\n', "its first line names no run"),
        (
            '{"run": {"seed": 1, "shares": {}, "today": "2026-11-22"}}\n{"n": 1}\n',
            "it holds a line that is no receipt",
        ),
    ],
)
def test_a_wrong_book_is_one_sentence_and_exit_78(tmp_path: Path, book: str, sentence: str) -> None:
    (tmp_path / "book.jsonl").write_text(book)
    (tmp_path / "councils.jsonl").touch()
    done = reconcile_command(f"--receipts={tmp_path / 'book.jsonl'}", f"--journal={tmp_path}")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == f"simulated: book.jsonl is no book of citizens: {sentence}.\n"


def test_mixed_books_and_missing_journals_are_told_without_a_traceback(tmp_path: Path) -> None:
    books = []
    for seed in (1, 2):
        ReceiptBook(tmp_path / f"{seed}.jsonl", Run(seed, {}, TODAY.isoformat())).close()
        books.append(f"--receipts={tmp_path / f'{seed}.jsonl'}")
    without = reconcile_command(*books, f"--journal={tmp_path}")
    assert without.returncode == 2
    assert "no council has written" in without.stderr
    (tmp_path / "councils.jsonl").touch()
    mixed = reconcile_command(*books, f"--journal={tmp_path}")
    assert mixed.returncode == 78
    expected = "simulated: the books are of different populations: reconcile them one by one.\n"
    assert mixed.stderr == expected


def test_services_that_do_not_answer_are_told_without_a_traceback(tmp_path: Path) -> None:
    book = ReceiptBook(tmp_path / "book.jsonl", Run(7, {}, TODAY.isoformat()))
    book.add(a_receipt(POPULATION.person(0, TODAY)))
    book.close()
    (tmp_path / "councils.jsonl").touch()
    files = (f"--receipts={tmp_path / 'book.jsonl'}", f"--journal={tmp_path}")
    done = reconcile_command(*files, "--registration=http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("simulated: a ledger could not be read")
    assert "Traceback" not in done.stderr


def test_rows_are_read_as_the_ledger_writes_them() -> None:
    row = {
        "gssCode": "W06000015",
        "state": "decided",
        "count": 1,
        "digest": "f" * 32,
        "revisionDigest": "0" * 32,
    }
    [read] = rows_of({"service": "verification", "rows": [row]})
    assert read == LedgerRow("verification", "W06000015", "decided", Sum(1, 2**128 - 1), 0)
