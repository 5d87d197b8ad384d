"""Where records go and what answers do, decided without any input or output."""

from datetime import date
from uuid import UUID

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities, Authority
from electoral.identifiers import record_id
from ems_gateway.delivery import (
    NOTHING_YET,
    Changes,
    Route,
    Standing,
    answer,
    arrive,
    first_standing,
    offer,
    route,
)
from ems_gateway.standings import Standings
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, a_filed

TODAY = date(2026, 11, 22)
HERE = Route("hartlepool", None)
NOWHERE = Route(None, "authority-unknown")
QUEUED = Standing(revision=1, position=1, state="queued", ero="hartlepool")
HELD = QUEUED._replace(state="held")
ACKNOWLEDGED = QUEUED._replace(state="acknowledged")


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.load()


def states_counted(changes: Changes) -> dict[str, int]:
    """What the ledger would gain or lose, by state."""
    found: dict[str, int] = {}
    for (_, _, state), total in changes.ledger._sums.items():
        found[state] = found.get(state, 0) + total.count
    return {state: count for state, count in found.items() if count}


# -- whose it is


def test_a_code_leads_to_the_ero_who_answers_for_it(authorities: Authorities) -> None:
    assert route(authorities, EDINBURGH, TODAY) == Route(LOTHIAN, None)


def test_an_ended_code_leads_to_its_successors_ero(authorities: Authorities) -> None:
    assert route(authorities, "S12000015", TODAY) == route(authorities, "S12000047", TODAY)


@pytest.mark.parametrize("code", [AUTHORITY_UNKNOWN, "N07000001", "E99999999"])
def test_a_code_of_no_authority_leads_nowhere(authorities: Authorities, code: str) -> None:
    assert route(authorities, code, TODAY) == Route(None, "authority-unknown")


def test_an_ended_code_with_two_successors_leads_nowhere(authorities: Authorities) -> None:
    ended = Authority(
        gss_code="E07999999",
        name="Split",
        nation="england",
        ero="hartlepool",
        valid_from=None,
        valid_to=date(2026, 3, 31),
        successors=(HARTLEPOOL, "E06000002"),
    )
    split = Authorities([*authorities, ended], authorities.eros)
    assert route(split, "E07999999", TODAY) == Route(None, "no-authority")


# -- arrivals


def test_an_attempt_that_nobody_knew_begins_where_its_newest_record_puts_it() -> None:
    changes, filed = Changes(), a_filed(revision=2)
    changes.begin(filed, HERE)
    assert first_standing(2, HERE) == Standing(
        revision=2, position=0, state="queued", ero="hartlepool"
    )
    assert changes.queued[filed.position].ero == "hartlepool"
    assert states_counted(changes) == {"queued": 1}
    assert not changes.standings  # it is stored as it stands


def test_an_attempt_that_nobody_can_place_begins_among_what_is_held() -> None:
    changes, filed = Changes(), a_filed()
    changes.begin(filed, NOWHERE)
    assert first_standing(1, NOWHERE).state == "held"
    assert changes.held[filed.position].reason == "authority-unknown"
    assert states_counted(changes) == {"held": 1}


def test_a_first_record_is_queued_for_its_ero() -> None:
    changes, filed = Changes(), a_filed()
    arrive(changes, filed, NOTHING_YET, None, HERE)
    assert changes.queued[filed.position].ero == "hartlepool"
    assert changes.standings[filed.key].state == "queued"
    assert states_counted(changes) == {"queued": 1}


def test_a_record_that_nobody_can_place_is_held_with_its_reason() -> None:
    changes, filed = Changes(), a_filed()
    arrive(changes, filed, NOTHING_YET, None, NOWHERE)
    assert changes.held[filed.position].reason == "authority-unknown"
    assert states_counted(changes) == {"held": 1}
    assert not changes.queued


def test_a_newer_revision_takes_the_queued_ones_place() -> None:
    changes, newer = Changes(), a_filed(position=9, revision=2)
    arrive(changes, newer, QUEUED, None, HERE)
    assert changes.off_queue == {1}
    assert set(changes.queued) == {9}
    assert changes.standings[newer.key].revision == 2
    assert states_counted(changes) == {}


def test_a_newer_revision_of_an_acknowledged_attempt_is_queued_again() -> None:
    changes, newer = Changes(), a_filed(position=9, revision=2)
    arrive(changes, newer, ACKNOWLEDGED, None, HERE)
    assert states_counted(changes) == {"acknowledged": -1, "queued": 1}


def test_a_newer_revision_of_a_held_attempt_takes_it_out_of_what_is_held() -> None:
    changes, newer = Changes(), a_filed(position=9, revision=2)
    arrive(changes, newer, HELD, None, HERE)
    assert changes.no_longer_held == {1}
    assert states_counted(changes) == {"held": -1, "queued": 1}


def test_a_lower_revision_that_arrives_late_changes_nothing() -> None:
    changes = Changes()
    arrive(changes, a_filed(), Standing(2, 5, "queued", "hartlepool"), None, HERE)
    assert changes == Changes()


def test_two_revisions_in_one_batch_leave_only_the_newer_queued() -> None:
    changes, first, second = Changes(), a_filed(), a_filed(position=2, revision=2)
    arrive(changes, first, NOTHING_YET, None, HERE)
    arrive(changes, second, changes.standings[first.key], None, HERE)
    assert set(changes.queued) == {2}
    assert changes.off_queue == set()
    assert states_counted(changes) == {"queued": 1}


def test_the_delivered_code_is_the_assigned_one_and_the_ledgers_the_accepted_one() -> None:
    changes, filed = Changes(), a_filed(gss_code=AUTHORITY_UNKNOWN)
    arrive(changes, filed, NOTHING_YET, HARTLEPOOL, HERE)
    assert changes.queued[filed.position].gss_code == HARTLEPOOL
    assert {gss_code for _, gss_code, _ in changes.ledger._sums} == {AUTHORITY_UNKNOWN}


# -- answers


def test_success_takes_a_record_off_the_queue() -> None:
    changes, filed = Changes(), a_filed()
    assert answer(changes, filed, QUEUED, "success")
    assert changes.off_queue == {filed.position}
    assert states_counted(changes) == {"queued": -1, "acknowledged": 1}


def test_failure_puts_a_record_into_what_is_held() -> None:
    changes, filed = Changes(), a_filed()
    assert answer(changes, filed, QUEUED, "failure")
    assert changes.held[filed.position].reason == "failure"
    assert states_counted(changes) == {"queued": -1, "held": 1}


def test_success_after_failure_wins() -> None:
    changes, filed = Changes(), a_filed()
    assert answer(changes, filed, HELD, "success")
    assert changes.no_longer_held == {filed.position}
    assert states_counted(changes) == {"held": -1, "acknowledged": 1}


@pytest.mark.parametrize(
    ("before", "status"),
    [(ACKNOWLEDGED, "success"), (ACKNOWLEDGED, "failure"), (HELD, "failure")],
)
def test_the_first_answer_stands(before: Standing, status: str) -> None:
    changes = Changes()
    assert not answer(changes, a_filed(), before, status)  # type: ignore[arg-type]
    assert changes == Changes()


@pytest.mark.parametrize("status", ["success", "failure"])
def test_an_answer_to_a_superseded_record_has_no_effect(status: str) -> None:
    changes, standing = Changes(), Standing(2, 5, "queued", "hartlepool")
    assert not answer(changes, a_filed(), standing, status)  # type: ignore[arg-type]
    assert changes == Changes()


def test_failure_then_success_in_one_batch_leaves_it_acknowledged() -> None:
    changes, filed = Changes(), a_filed()
    answer(changes, filed, QUEUED, "failure")
    answer(changes, filed, changes.standings[filed.key], "success")
    assert not changes.held
    assert states_counted(changes) == {"queued": -1, "acknowledged": 1}


@pytest.mark.parametrize("status", ["success", "failure"])
def test_of_an_older_lease_or_offer_success_counts_and_failure_does_not(status: str) -> None:
    changes, filed = Changes(), a_filed()
    taken = answer(changes, filed, QUEUED, status, of_newest=False)  # type: ignore[arg-type]
    assert taken == (status == "success")
    assert (changes == Changes()) == (status == "failure")


# -- offering


@pytest.mark.parametrize("before", [HELD, ACKNOWLEDGED])
def test_an_answered_record_goes_back_on_the_queue_as_a_new_offer(before: Standing) -> None:
    changes, filed = Changes(), a_filed()
    assert offer(changes, filed, before) == "offered"
    waiting = changes.queued[filed.position]
    assert (waiting.offer, waiting.order_at) == (2, filed.attempt_received_at)
    assert changes.standings[filed.key].offer == 2
    assert states_counted(changes) == {before.state: -1, "queued": 1}


def test_what_was_held_is_held_no_longer_when_it_is_offered() -> None:
    changes, filed = Changes(), a_filed()
    offer(changes, filed, HELD)
    assert changes.no_longer_held == {filed.position}


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (QUEUED, "waits-already"),
        (ACKNOWLEDGED._replace(revision=2), "superseded"),
        (HELD._replace(ero=None), "not-placed"),
    ],
)
def test_what_waits_was_superseded_or_has_no_ero_is_not_offered(
    before: Standing, outcome: str
) -> None:
    changes = Changes()
    assert offer(changes, a_filed(), before) == outcome
    assert changes == Changes()


def test_a_record_is_delivered_with_the_offer_that_it_is() -> None:
    changes, filed = Changes(), a_filed()
    answer(changes, filed, QUEUED._replace(offer=3), "failure")
    assert changes.held[filed.position].offer == 3


# -- what replaces what

ONE = UUID(int=1)


def test_a_first_record_replaces_nothing() -> None:
    assert Standings({}).replaced_by(ONE, 1, 1) is None


def test_a_revision_replaces_the_newest_before_it() -> None:
    standings = Standings({(ONE, 1): QUEUED._replace(revision=2)})
    assert standings.replaced_by(ONE, 1, 3) == record_id(ONE, 1, 2)
    assert standings.replaced_by(ONE, 1, 1) is None


def test_a_resubmission_replaces_the_newest_record_of_the_attempt_before() -> None:
    standings = Standings({(ONE, 1): QUEUED._replace(revision=2), (ONE, 2): NOTHING_YET})
    assert standings.replaced_by(ONE, 2, 1) == record_id(ONE, 1, 2)


def test_later_attempts_follow_the_newest_assignment() -> None:
    standings = Standings(
        {
            (ONE, 1): QUEUED._replace(assigned_gss_code=HARTLEPOOL),
            (ONE, 2): QUEUED._replace(assigned_gss_code=EDINBURGH),
            (ONE, 3): NOTHING_YET,
        }
    )
    assert standings.assigned_gss_code(ONE) == EDINBURGH
