"""The whole system over so many stored applications, started for each measurement."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import growth_figures as figures
from benchmarks.growth_figures import Cost
from benchmarks.growth_seed import connected, seed
from electoral_local.blueprint import StackOptions
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack

SENT_APART = 100_000  # no measurement sends more
POLL_SECONDS = 2.0  # how often each council asks
SAMPLES = 320  # applications that all stored ones are made from
OUTSIDE = frozenset({"citizens", "councils", "dwp", "notify"})
_TIMES = """
SELECT extract(epoch FROM max(created_at) - min(attempt_received_at))::float8
  FROM record WHERE position > $1
"""
_LAST = "SELECT coalesce(max(position), 0) FROM record"


@dataclass
class Stored:
    """A system that has stored so many applications; nothing of it runs between measurements."""

    count: int
    state: Path
    pristine: Path | None = None
    """A copy to begin each measurement from, where what is sent would soon be most of it."""
    sent: int = 0

    @property
    def postgres(self) -> EmbeddedPostgres:
        """Its server, to be started alone."""
        return EmbeddedPostgres(self.state / "postgres")

    @asynccontextmanager
    async def running(
        self, environment: Mapping[str, Mapping[str, str]] | None = None, *, anew: bool = True
    ) -> AsyncIterator[Stack]:
        """Run all of it, over what is stored and was sent since; a small one begins anew."""
        if anew and self.pristine is not None:
            copy(self.pristine, self.state)
        async with _running(self.state, environment or {}) as stack:
            yield stack

    async def send(self, stack: Stack, count: int, rate: float | None = None) -> Rehearsal:
        """Send applications and wait until the councils have them."""
        rehearsal = Rehearsal(stack, Script(first=self.sent, applications=count, rate=rate))
        self.sent += count
        progress = await rehearsal.play()
        assert progress.accepted == count, progress
        return rehearsal

    async def measure(self, count: int, warming_up: int) -> Cost:
        """Start, warm up, and send so many applications all the way."""
        async with self.running() as stack:
            await figures.make_ready(stack.postgres)
            await self.send(stack, warming_up)
            async with connected(stack.postgres, "ems_gateway") as connection:
                last = await connection.fetchval(_LAST)
            await figures.begin(stack.postgres)
            rehearsal = await self.send(stack, count)
            counted = await figures.read(stack.postgres)
            async with connected(stack.postgres, "ems_gateway") as connection:
                seconds = await connection.fetchval(_TIMES, last)
        used = rehearsal.progress.cpu_seconds
        return Cost(
            applications=count,
            seconds=seconds,
            cpu_seconds={name: used[name] for name in sorted(used) if name not in OUTSIDE},
            **counted._asdict(),
        )


async def make_sample(state: Path) -> None:
    """Let a new system take a few hundred applications, all the way."""
    state.mkdir(parents=True)
    state.chmod(0o755)
    async with _running(state, {}) as stack:
        await Rehearsal(stack, Script(applications=SAMPLES)).play()


async def store(sample: Path, state: Path, count: int, *, pristine: bool) -> Stored:
    """Make a system that has stored so many out of the one with a few, unless it is there."""
    done = state / "stored"
    if not done.exists():
        copy(sample, state)
        await seed(state, count)
        done.touch()
    if not pristine:
        return Stored(count, state, sent=_sent_before(state))
    before = state.with_name(f"{state.name}-pristine")
    if not before.exists():
        copy(state, before)
    return Stored(count, state, before)


def _sent_before(state: Path) -> int:
    """What a kept system was sent must not be sent again."""
    numbers = [int(path.stem.removeprefix("receipts-")) for path in state.glob("receipts-*.jsonl")]
    return max(numbers, default=-SENT_APART) + SENT_APART


@asynccontextmanager
async def _running(
    state: Path, environment: Mapping[str, Mapping[str, str]]
) -> AsyncIterator[Stack]:
    options = StackOptions(
        state,
        free_ports=True,
        environment=environment,
        arguments={"councils": (f"--interval={POLL_SECONDS}",)},
    )
    async with Stack(options) as stack:
        yield stack


def copy(state: Path, to: Path) -> None:
    """Copy a system that does not run, owners and all, in place of what is there."""
    subprocess.run(["rm", "-rf", to], check=True)
    subprocess.run(["cp", "-a", "--reflink=auto", state, to], check=True)
    for path in to.glob("receipts-*"):
        path.unlink()
