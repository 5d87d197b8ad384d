"""What each batching idea is worth: the whole system with that idea's bound set to one.

    python -m benchmarks.bounds [--applications 5000] [--only commits,relays]

The same applications go through as fast as answers come, over 256 connections. A run with nothing
changed stands before and after each idea, and the idea is compared with the mean of the two: the
machine's clock wanders. In all runs alike DWP takes 20 ms to answer, EROs ask every 2 s and nobody
is refused for want of room, as refusing would be measured instead. A run is measured for 120 s at
most (`cut`), goes on to its end, and must balance.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bounds_figures import Compared, Idea, Measured, Watch, table
from electoral_local.blueprint import SERVICES, StackOptions
from electoral_local.judge import judged, reconcile_command
from electoral_local.load_settings import environment_of
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.scratch import scratch_state
from electoral_local.stack import Stack

APPLICATIONS = 5_000
QUIET_SECONDS = 3.0  # without a change: rest
REST_SECONDS_MAX = 900.0  # after the last application was sent
COUNCILS = ("--interval=2", "--connections=96")
ONE_BY_ONE = ('--behaviours={"one-by-one": 1}',)
DWP = ('--control={"latencyMs": 20}',)
NO_REFUSALS = ("REGISTRATION_ADMISSION=false",)
COMMITS = ("REGISTRATION_COMMIT_ITEMS_MAX=1",)
LOOKUPS = ("VERIFICATION_DWP_LOOKUPS_PER_CALL_MAX=1",)
CALLS = (
    "VERIFICATION_DWP_CALLS_IN_FLIGHT_MAX=1",
    "VERIFICATION_DWP_PARKED_CALLS_IN_FLIGHT_MAX=1",
)
ANSWERS = ("EMS_GATEWAY_ANSWERS_COMMIT_MAX=1",)


def _of_each_service(setting: str) -> tuple[str, ...]:
    return tuple(f"{service.replace('-', '_').upper()}_{setting}=1" for service in SERVICES)


MESSAGES = _of_each_service("BATCH_MESSAGES_MAX")
EVENTS = _of_each_service("RELAY_EVENTS_MAX")

IDEAS = (
    Idea("commits", "applications of one commit at registration", COMMITS),
    Idea("look-ups", "look-ups of one call to DWP", LOOKUPS),
    Idea("calls", "calls to DWP at once", CALLS),
    Idea("acknowledgements", "acknowledgements of one call to the gateway", (), ONE_BY_ONE),
    Idea("answers", "... and calls of one commit at the gateway", ANSWERS, ONE_BY_ONE),
    Idea("messages", "messages of one consumer batch, all services", MESSAGES),
    Idea("relays", "events that a relay publishes together, all services", EVENTS),
    Idea(
        "all",
        "all of these",
        (*COMMITS, *LOOKUPS, *CALLS, *ANSWERS, *MESSAGES, *EVENTS),
        ONE_BY_ONE,
        share=0.5,
    ),
)
NOTHING = Idea("base", "nothing", ())


async def compare(ideas: Sequence[Idea], applications: int) -> bool:
    """Run them all and print the table; returns whether every run balanced."""
    before, compared = await run(NOTHING, applications), []
    balanced = before.balances
    try:
        for idea in ideas:
            measured = await run(idea, max(1, round(applications * idea.share)))
            after = await run(NOTHING, applications)
            compared.append(Compared(idea, measured, before, after))
            balanced = balanced and measured.balances and after.balances
            before = after
    finally:  # of what there is, when somebody ends it
        print("\n" + "\n".join(table(compared)), flush=True)
    return balanced


async def run(idea: Idea, applications: int) -> Measured:
    """Let applications through a whole system of its own."""
    with scratch_state() as state:
        async with Stack(_options(state, idea)) as stack:
            rehearsal = Rehearsal(stack, Script(applications=applications))
            watch = Watch(lambda: _cpu_seconds(stack))
            await rehearsal.play(watch.look)
            measured = watch.measured(balances=await _balances(stack, rehearsal.receipts))
    print(f"{idea.name:16} {measured}", flush=True)
    return measured


def _options(state: Path, idea: Idea) -> StackOptions:
    return StackOptions(
        state=state,
        free_ports=True,
        environment=environment_of((*NO_REFUSALS, *idea.settings), {}),
        arguments={"councils": (*COUNCILS, *idea.councils), "dwp": DWP},
    )


def _cpu_seconds(stack: Stack) -> float:
    """Of everything but the people."""
    stack.sample()
    lasting = (p for p in stack.processes.values() if not p.spec.once)
    return sum(process.usage.cpu_seconds for process in lasting)


async def _balances(stack: Stack, receipts: Path) -> bool:
    """Let the judge compare the three records; he is heard only if they differ."""
    limit = ("--limit", str(REST_SECONDS_MAX))
    question = reconcile_command(stack, [receipts], quiet_seconds=QUIET_SECONDS, more=limit)
    said, code = await judged(question)
    if code:
        print(said.decode(), flush=True)
    return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.bounds")
    parser.add_argument("--applications", type=int, default=APPLICATIONS)
    parser.add_argument("--only", default="", help=", ".join(idea.name for idea in IDEAS))
    given = parser.parse_args()
    names = set(filter(None, given.only.split(",")))
    if unknown := sorted(names - {idea.name for idea in IDEAS}):
        parser.error(f"there is no idea {unknown[0]!r}")
    ideas = [idea for idea in IDEAS if not names or idea.name in names]
    return 0 if asyncio.run(compare(ideas, given.applications)) else 1


if __name__ == "__main__":
    sys.exit(main())
