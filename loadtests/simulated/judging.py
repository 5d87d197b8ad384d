"""Fetching the three records and putting them before the judge."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import aiohttp

from simulated.clock import london_day
from simulated.councils import read_councils
from simulated.deliveries import read_journals
from simulated.expectation import Expected, as_asked
from simulated.form_receipts import with_ids
from simulated.journal import read_journal
from simulated.kinds import shares_of
from simulated.ledgers import LEDGER_TIMEOUT, LedgerRow, fetch_ledgers
from simulated.population import Population
from simulated.receipts import BookUnusable, Receipt, Run, read_receipts
from simulated.reconciliation import reconcile
from simulated.rest import LIMIT, StillExpected
from simulated.verdict import Reconciliation

REMEMBERED_MAX = 50_000  # people worked out and kept while judging


def read_books(paths: Iterable[Path]) -> tuple[Run, Iterable[Receipt]]:
    """All receipts of several books. Raises BookUnusable, also while they are read."""
    books = [read_receipts(path) for path in paths]
    runs = {repr(run): run for run, _ in books}
    populations = [run for run in runs.values() if run.seed is not None]
    if len(populations) > 1:
        raise BookUnusable("the books are of different populations: reconcile them one by one")
    run = populations[0] if populations else next(iter(runs.values()))
    return run, chain.from_iterable(receipts for _, receipts in books)


def truth_of(run: Run) -> Callable[[Receipt], Expected]:
    """What must come of each receipt: from the population, or, of a file, from what was sent."""
    population = None if run.seed is None else Population(run.seed, shares_of(run.shares))
    today = date.fromisoformat(run.today)

    @lru_cache(maxsize=REMEMBERED_MAX)
    def of_person(n: int) -> Expected:
        assert population is not None
        citizen = population.person(n, today)
        truth = citizen.truth
        return Expected(citizen.application, truth.gss_code, truth.result, truth.levels)

    def of_receipt(receipt: Receipt) -> Expected:
        if receipt.application is not None:
            asked = as_asked(receipt.application, london_day(receipt.arrived_at))
            return Expected(asked, receipt.gss_code)
        return of_person(receipt.number)

    return of_receipt


class Sending(NamedTuple):
    """When it was that the citizens of some books sent."""

    days: list[date]  # London days on which anything was accepted
    ended_at: str  # when the last of them had an answer, or gave up; "" for none at all


def sending_of(paths: Iterable[Path]) -> Sending:
    """Raises BookUnusable."""
    days: set[date] = set()
    ended_at = ""
    for receipt in read_books(paths)[1]:
        ended_at = max(ended_at, receipt.answered_at)
        if receipt.accepted:
            days |= _days_of(receipt)
    return Sending(sorted(days), ended_at)


def _days_of(receipt: Receipt) -> set[date]:
    """The form tells no time of receipt: it was between the sending and the answer."""
    times = (
        (receipt.received_at,) if receipt.received_at else (receipt.sent_at, receipt.answered_at)
    )
    return {london_day(at) for at in times}


def ero_of_code(eros_file: Path) -> dict[str, str] | None:
    """GSS code -> ERO as the councils' file has it; None if it names no codes."""
    councils = read_councils(eros_file)
    return {code: council.ero for council in councils for code in council.gss_codes} or None


def moved_of(file: Path) -> dict[str, list[str]]:
    """Application id -> EROs to whom an operator sent it, as whoever plays one noted it down."""
    moved: dict[str, list[str]] = {}
    for line in read_journal(file):
        moved.setdefault(line["applicationId"], []).append(line["ero"])
    return moved


def judge(
    books: Sequence[Path],
    journals: Sequence[Path],
    ledger: Sequence[LedgerRow],
    eros_file: Path | None = None,
    limit: float = LIMIT,
    moved_file: Path | None = None,
) -> Reconciliation:
    """The verdict over records that are at rest; `limit` in seconds after the last submission."""
    run, receipts = read_books(books)
    return reconcile(
        receipts=with_ids(receipts, lambda: read_journals(journals)),
        journals=read_journals(journals),
        ledger=ledger,
        expected_of=truth_of(run),
        ero_of=ero_of_code(eros_file) if eros_file else None,
        moved=moved_of(moved_file) if moved_file else None,
        refusals_are_faults=run.seed is not None,
        limit=limit,
    )


async def look_at(
    admin_urls: Sequence[str], days: Sequence[date], councils_admin: str | None = None
) -> Hashable:
    """Every figure that must stand still at rest."""
    rows = await fetch_ledgers(admin_urls, days)
    figures = frozenset((r.service, r.gss_code, r.state, r.sum, r.revisions) for r in rows)
    if councils_admin is None:
        return figures
    return figures, await _council_figures(councils_admin)


async def _council_figures(councils_admin: str) -> tuple[int, ...]:
    """Raises StillExpected while a council's system is off: what waits for it is not lost."""
    async with (
        aiohttp.ClientSession(timeout=LEDGER_TIMEOUT, raise_for_status=True) as session,
        session.get(f"{councils_admin.rstrip('/')}/statistics") as answer,
    ):
        statistics = await answer.json()
        if statistics.get("away"):
            raise StillExpected
        counted = ("items", "acknowledged", "failed", "offered", "determined", "notices")
        return tuple(statistics.get(name, 0) for name in counted)
