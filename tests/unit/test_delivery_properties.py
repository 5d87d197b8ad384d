"""Whatever arrives, is answered and is offered, in any order: nothing is lost, the sum holds."""

from dataclasses import dataclass, field
from uuid import UUID

from electoral.ledger import AttemptKey
from ems_gateway.delivery import (
    NOTHING_YET,
    AnswerStatus,
    Changes,
    Filed,
    Route,
    Standing,
    Waiting,
    answer,
    arrive,
    offer,
)
from gateway_builders import a_filed
from hypothesis import given
from hypothesis import strategies as st

HERE, NOWHERE = Route("hartlepool", None), Route(None, "authority-unknown")

ATTEMPTS = st.integers(0, 2).map(lambda n: (UUID(int=n // 2), 1 + n % 2))
ARRIVALS = st.tuples(
    st.just("arrives"), ATTEMPTS, st.integers(1, 3), st.sampled_from([HERE, NOWHERE])
)
ANSWERS = st.tuples(
    st.sampled_from(["success", "failure"]), ATTEMPTS, st.integers(1, 3), st.booleans()
)
OFFERS = st.tuples(st.just("offered"), ATTEMPTS, st.integers(1, 3), st.none())
STEPS = st.lists(st.one_of(ARRIVALS, ANSWERS, OFFERS), max_size=30)


Step = tuple[str, AttemptKey, int, Route | bool | None]


@dataclass
class Tables:
    """What Postgres would hold, and what the ledger would add up to."""

    filed: dict[tuple[AttemptKey, int], Filed] = field(default_factory=dict)
    standings: dict[AttemptKey, Standing] = field(default_factory=dict)
    queued: dict[int, Waiting] = field(default_factory=dict)
    held: dict[int, Waiting] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def file(self, key: AttemptKey, revision: int) -> Filed | None:
        """Store a record; None for one that is there already."""
        if (key, revision) in self.filed:
            return None
        stored = a_filed(
            position=len(self.filed) + 1,
            application_id=key[0],
            attempt=key[1],
            revision=revision,
        )
        self.filed[key, revision] = stored
        return stored

    def write(self, changes: Changes) -> None:
        """Do as `write_changes` does; a row that is not there, or is twice, is a mistake."""
        for position in changes.off_queue:
            del self.queued[position]
        for position in changes.no_longer_held:
            del self.held[position]
        assert not changes.queued.keys() & self.queued.keys()
        assert not changes.held.keys() & self.held.keys()
        self.queued |= changes.queued
        self.held |= changes.held
        self.standings |= changes.standings
        for (_, _, state), total in changes.ledger._sums.items():
            self.counted[state] = self.counted.get(state, 0) + total.count

    def check(self) -> None:
        """Each attempt is in one place, which is what its standing and the ledger say."""
        places: dict[str, set[int]] = {"queued": set(), "held": set(), "acknowledged": set()}
        for standing in self.standings.values():
            places[standing.state].add(standing.position)
        assert places["queued"] == self.queued.keys()
        assert places["held"] == self.held.keys()
        counted = {state: count for state, count in self.counted.items() if count}
        assert counted == {state: len(found) for state, found in places.items() if found}
        offers = {standing.position: standing.offer for standing in self.standings.values()}
        assert all(w.offer == offers[w.position] for w in (self.queued | self.held).values())


@given(STEPS)
def test_any_order_of_arrivals_answers_and_offers_keeps_the_sum_and_loses_nothing(
    steps: list[Step],
) -> None:
    tables = Tables()
    for step in steps:
        tables.write(_changes(tables, step))
        tables.check()
    newest = {k: max(r for key, r in tables.filed if key == k) for k, _ in tables.filed}
    assert {k: s.revision for k, s in tables.standings.items()} == newest


def _changes(tables: Tables, step: Step) -> Changes:
    """Decide what one step changes."""
    what, key, revision, how = step
    changes, before = Changes(), tables.standings.get(key, NOTHING_YET)
    if what == "arrives" and isinstance(how, Route):
        filed = tables.file(key, revision)
        if filed is not None:
            arrive(changes, filed, before, None, how)
    elif (key, revision) in tables.filed:
        _act(changes, what, tables.filed[key, revision], before, newest=bool(how))
    return changes


def _act(changes: Changes, what: str, filed: Filed, before: Standing, *, newest: bool) -> None:
    statuses: dict[str, AnswerStatus] = {"success": "success", "failure": "failure"}
    if what == "offered":
        offer(changes, filed, before)
    elif before.ero is not None:  # another's, and nobody's, is 404
        answer(changes, filed, before, statuses[what], of_newest=newest)


@given(STEPS)
def test_whatever_went_before_an_offer_and_a_success_deliver_every_placed_attempt(
    steps: list[Step],
) -> None:
    tables = Tables()
    for step in steps:
        tables.write(_changes(tables, step))
    for key, standing in list(tables.standings.items()):
        if standing.ero is not None:
            filed = tables.filed[key, standing.revision]
            changes = Changes()
            offer(changes, filed, standing)
            answer(changes, filed, changes.standings.get(key, standing), "success")
            tables.write(changes)
    placed = [s for s in tables.standings.values() if s.ero is not None]
    assert {s.state for s in placed} <= {"acknowledged"}
    assert not tables.queued
    tables.check()
