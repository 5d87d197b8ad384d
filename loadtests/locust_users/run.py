"""One run: what the options say, and what all users of a process share while it lasts."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulated.clock import london_today
from simulated.council_desk import Desk
from simulated.councils import JOURNAL_FILE, read_councils
from simulated.kinds import Shares
from simulated.load.crowd import Arrival, Crowd
from simulated.load.crowd import Shares as CrowdShares
from simulated.load.schedule import Part, Schedule
from simulated.load.shapes import load_shape
from simulated.load.shared_counts import SharedCounts
from simulated.load.ways import Way, Ways
from simulated.places import UNKNOWN_AUTHORITY
from simulated.population import Citizen, Population
from simulated.receipts import Receipt, ReceiptBook
from simulated.receipts import Run as BookRun

from locust_users.books import Books, CouncilJournal

LEAD = 4.0  # seconds in which the first users appear


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run was asked for; the names are those of locust's options."""

    shape: str
    total: int
    compress: float
    seed: int
    form_share: float
    batch_share: float
    duplicates: float
    mistakes: float
    think: float
    partner_token: str
    gateway: str
    tokens: str
    poll_interval: float
    book: str
    processes: int  # that play; locust numbers them from 1, and the only one 0

    @property
    def shares(self) -> Mapping[Way, float]:
        """Of the arrivals, by their way."""
        rest = max(0.0, 1 - self.form_share - self.batch_share)
        return {"api": rest, "form": self.form_share, "batch": self.batch_share}

    @property
    def schedule(self) -> Schedule:
        return Schedule(load_shape(self.shape), self.total, self.compress, self.seed)


class Run:
    """Who comes when and by which way, what they write down, and how far it all is."""

    def __init__(
        self,
        options: RunOptions,
        shares: Mapping[Way, float],
        counts: SharedCounts,
        process: int,
    ) -> None:
        """`shares` of the ways for which there are users; `process` numbers this one."""
        self.options = options
        self.counts = counts
        self.schedule = options.schedule
        self.councils = read_councils(Path(options.tokens)) if options.tokens else []
        self.desks: dict[str, Desk] = {}  # by ERO, of those that this process has played
        self._ways = Ways(options.seed, shares)
        self._today = london_today()
        self._population = Population(options.seed)
        shape = load_shape(options.shape)
        wanted = CrowdShares(duplicates=options.duplicates, invalid=options.mistakes)
        own = Part(max(0, process - 1) % options.processes, options.processes)
        self._crowd = Crowd(self._population, self._today, wanted, shape.council, own)
        whose = BookRun(options.seed, asdict(Shares()), self._today.isoformat())
        folder = Path(options.book)
        self.books = Books(
            ReceiptBook(folder / f"receipts-{process}.jsonl", whose),
            CouncilJournal(folder / f"process-{process}" / JOURNAL_FILE),
        )

    def take(self, way: Way, at_most: int = 1) -> Sequence[Arrival]:
        """The next who come by a way; nobody else will have them."""
        taken = self.counts.take(self._ways, way, self.options.total, at_most)
        return [self._crowd.arrival(n) for n in taken]

    def due(self, arrival: Arrival) -> float:
        """Seconds from now until somebody is due; negative when they are late."""
        return self.schedule.due(arrival.n) - self.counts.elapsed

    def due_at(self, arrival: Arrival) -> str:
        """When somebody is or was due."""
        at = datetime.fromtimestamp(time.time() + self.due(arrival), UTC)
        return f"{at.isoformat(timespec='microseconds')[:-6]}Z"

    def citizen(self, number: int) -> Citizen:
        """Somebody as they are, whatever they were to send."""
        return self._population.person(number, self._today)

    def note(self, receipt: Receipt) -> None:
        """An applicant's answer, or that they gave up."""
        self.books.receipts.add(receipt)
        if receipt.accepted and receipt.gss_code != UNKNOWN_AUTHORITY:
            self.counts.add("deliverable")
        self.counts.add("answered")

    def close(self) -> None:
        """Everything that was written down is on disk then."""
        self.books.close()
