"""The judge on receipts of people who were expected to be refused, or were sent away."""

from judged_world import POPULATION, TODAY, a_receipt, a_world
from simulated.expectation import digest_of
from simulated.judged_receipts import JudgedReceipts
from simulated.receipts import Receipt

INVALID = "Each invalid application was refused"
DIGESTS = "Each was sent as the sender's digest says"
FOREIGN = "Nothing is at a council that nobody sent"


def a_refusal(**changes: object) -> Receipt:
    refused = {"status": 422, "application_id": "", "reference": "", "expected_refusal": True}
    return a_receipt(POPULATION.person(3, TODAY), **{**refused, **changes})


def failed(*receipts: Receipt) -> list[str]:
    judged = JudgedReceipts()
    for receipt in receipts:
        judged.judge(receipt)
    return [one.name for one in judged.criteria(refusals_are_faults=True) if not one.passed]


def test_an_invalid_application_that_is_refused_is_no_fault() -> None:
    assert failed(a_refusal()) == []


def test_an_invalid_application_that_is_accepted_is_a_fault() -> None:
    assert failed(a_refusal(status=201, application_id="x")) == [INVALID]


def test_an_invalid_application_is_refused_as_such_and_not_with_other_words() -> None:
    assert failed(a_refusal(status=400)) == [INVALID]


def test_a_valid_application_that_is_refused_is_a_fault_still() -> None:
    assert failed(a_refusal(expected_refusal=False)) == ["No valid application was refused"]


def test_an_invalid_application_without_an_answer_was_not_answered() -> None:
    assert failed(a_refusal(status=0)) == ["Every submission was answered"]


def test_whoever_was_sent_away_for_good_was_answered() -> None:
    assert failed(a_refusal(status=503, turned_away=True, expected_refusal=False)) == []
    assert failed(a_refusal(status=503, expected_refusal=False)) == [
        "Every submission was answered"
    ]


def test_whoever_was_sent_away_and_is_at_a_council_all_the_same_is_found() -> None:
    world = a_world()
    place = next(i for i, r in enumerate(world.receipts) if r.gss_code != "X99999999")
    world.receipts[place] = world.receipts[place]._replace(
        status=503, turned_away=True, application_id=""
    )
    assert FOREIGN in {one.name for one in world.judge().criteria if not one.passed}


def test_the_senders_digest_is_of_what_was_expected() -> None:
    world = a_world()
    world.receipts = [
        r._replace(digest=digest_of(POPULATION.person(r.number, TODAY).application))
        for r in world.receipts
    ]
    assert world.judge().balances
    world.receipts[2] = world.receipts[2]._replace(digest="0" * 64)
    assert [one.name for one in world.judge().criteria if not one.passed] == [DIGESTS]


def test_a_digest_is_of_all_fields_but_the_nino() -> None:
    application = {**POPULATION.person(1, TODAY).application, "nino": "AA 12 34 56 C"}
    digest = digest_of(application)
    assert digest_of({**application, "nino": "AB123456D"}) == digest
    for field in application.keys() - {"nino"}:
        assert digest_of({**application, field: "something else"}) != digest
