"""What three times the sustainable rate does to one process of intake, with admission and without.

    python -m benchmarks.overload [--seconds 300] [--times 3] [--rate R] [--only-with]

First the sustainable rate is looked for (`--rate` names it): the most open arrivals a second that
are all accepted, 99 of 100 within half a second of their intended start. Then, with admission
control and without it: a calm beginning, the surge, and half the sustainable rate after it.
Registration, Postgres and Kafka share one core, the generators have the others: three times as
many arrivals cost a generator three times as much, and that is not the product's loss. Whoever is
refused stays away, so that it is known how many came.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from benchmarks.form_stack import FormStack, running
from benchmarks.overload_generator import Phase, Seen, arrive, product_alone
from benchmarks.refusals import GOAL_MS, cost_of_a_refusal

SURGE_SECONDS, TIMES = 300.0, 3.0
CALM_SECONDS, AFTER_SECONDS = 10.0, 30.0
CALM, AFTER = 0.5, 0.5  # of the sustainable rate
SEARCH_SECONDS = 10.0
SEARCH_FIRST, SEARCH_STEP, SEARCH_CLOSE = 200.0, 1.5, 1.1
WARMING_UP = Phase("warming up", 50.0, 4.0)
START_AFTER = 8.0  # seconds that generators get to come up
REFUSALS = 30_000
GOODPUT_MIN = 0.85  # of the sustainable rate
ACCEPTED_P99_MS_MAX = 500.0
NORMAL_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Surge:
    """What came of one."""

    calm: Seen
    surge: Seen
    after: Seen

    def show(self, name: str, rate: float) -> bool:
        """Print it; returns whether it is within the goals."""
        seen, normal = self.surge, self.after.normal_after()
        errors = seen.answers.get("500", 0)
        print(
            f"\n{name}: {seen.offered_per_second:,.0f} arrivals/s for {seen.seconds:.0f} s,"
            f" {seen.accepted:,} accepted, {seen.refused:,} refused, {seen.failed:,} failed."
            f"{'' if seen.valid else f' No measurement: {seen.why_invalid}.'}"
        )
        goodput = seen.accepted_per_second / rate
        print(f"  goodput {goodput:.0%} of what is sustainable (goal {GOODPUT_MIN:.0%})")
        print(
            f"  accepted: p50 {seen.percentile_ms(50):,.0f} ms, p99 {seen.percentile_ms(99):,.0f}"
            f" ms from the intended start (goal {ACCEPTED_P99_MS_MAX:.0f});"
            f" refused: p50 {seen.refused_p50_ms:,.0f} ms"
        )
        print(f"  answers {seen.answers}, {seen.resets} resets, {seen.timeouts} never answered")
        told = "never" if normal is None else f"{normal} s"
        print(
            f"  normal again {told} after the surge (goal {NORMAL_SECONDS_MAX:.0f} s): then"
            f" {len(self.after.seconds_refusing())} s in which somebody was refused,"
            f" {len(self.after.seconds_slow())} s in which somebody waited"
        )
        print(f"  refused at half the sustainable rate before: {self.calm.refused}", flush=True)
        return (
            seen.valid
            and goodput >= GOODPUT_MIN
            and seen.percentile_ms(99) <= ACCEPTED_P99_MS_MAX
            and errors + seen.resets + seen.failed == 0
            and normal is not None
            and normal <= NORMAL_SECONDS_MAX
            and self.calm.refused == 0
        )


async def find_sustainable(stack: FormStack) -> float:
    """Return the most arrivals a second that are all accepted in time."""
    print("The sustainable rate:", flush=True)
    await arrive(stack, [WARMING_UP], time.time() + 4.0)
    good, bad, rate = 0.0, float("inf"), SEARCH_FIRST
    while bad / max(good, 1.0) > SEARCH_CLOSE:
        fine = await _is_sustained(stack, rate) or await _is_sustained(stack, rate)
        good, bad = (rate, bad) if fine else (good, rate)
        if not good and rate < SEARCH_FIRST / 8:
            raise SystemExit("Not even a few applications a second are accepted in time.")
        rate = good * SEARCH_STEP if bad == float("inf") else ((good or bad / 2) * bad) ** 0.5
    return good


async def _is_sustained(stack: FormStack, rate: float) -> bool:
    """Try it once: a neighbour on the machine may spoil one try, so a rate has two."""
    [seen] = await arrive(stack, [Phase("search", rate, SEARCH_SECONDS)], time.time() + 4.0)
    fine = seen.all_in_time(ACCEPTED_P99_MS_MAX)
    print(
        f"  {rate:,.0f}/s: p99 {seen.percentile_ms(99):,.0f} ms, {seen.refused} refused,"
        f" {seen.failed} failed: {'sustained' if fine else 'not sustained'}",
        flush=True,
    )
    return fine


async def surge(stack: FormStack, rate: float, times: float, seconds: float) -> Surge:
    """Let three crowds come one after the other, without a pause between them."""
    await arrive(stack, [WARMING_UP], time.time() + 4.0)
    phases = [
        Phase("calm", CALM * rate, CALM_SECONDS),
        Phase("surge", times * rate, seconds),
        Phase("after", AFTER * rate, AFTER_SECONDS),
    ]
    return Surge(*await arrive(stack, phases, time.time() + START_AFTER))


async def measure(rate: float | None, times: float, seconds: float, *, without_too: bool) -> bool:
    cost = await asyncio.to_thread(cost_of_a_refusal, REFUSALS)
    print(f"A refusal costs {cost:.4f} ms of CPU (goal {GOAL_MS}), measured by refusing only.")
    product_alone()
    if rate is None or without_too:
        async with _stack({"REGISTRATION_ADMISSION": "false"}) as stack:
            rate = rate or await find_sustainable(stack)
            print(f"Sustainable: {rate:,.0f}/s.", flush=True)
            if without_too:
                (await surge(stack, rate, times, seconds)).show("Without admission control", rate)
    async with _stack({}) as stack:
        seen = await surge(stack, rate, times, seconds)
    return seen.show("With admission control", rate) and cost <= GOAL_MS


@asynccontextmanager
async def _stack(settings: Mapping[str, str]) -> AsyncIterator[FormStack]:
    with tempfile.TemporaryDirectory(prefix=".overload-", dir=".") as state:
        Path(state).chmod(0o755)
        async with running(Path(state).absolute(), 1, settings) as stack:
            yield stack


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.overload")
    parser.add_argument("--seconds", type=float, default=SURGE_SECONDS)
    parser.add_argument("--times", type=float, default=TIMES)
    parser.add_argument("--rate", type=float, help="the sustainable rate, if it is known")
    parser.add_argument("--only-with", action="store_true", help="leave out what happens without")
    given = parser.parse_args()
    work = measure(given.rate, given.times, given.seconds, without_too=not given.only_with)
    return 0 if uvloop.run(work) else 1


if __name__ == "__main__":
    sys.exit(main())
