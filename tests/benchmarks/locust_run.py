"""A whole stack, locust upon it, and the judge on what came of it.

    python -m benchmarks.locust_run [--seed N] [--keep] [any option of locust's or locustfile.py's]

Addresses, tokens and the directory of receipts are given to locust by its variables. Exits 0 only
if locust saw no failure and the three records balance.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from electoral_local.blueprint import StackOptions
from electoral_local.judge import reconcile_command
from electoral_local.scratch import scratch_state
from electoral_local.stack import Stack
from simulated.councils import JOURNAL_FILE

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
QUIET_SECONDS = 5.0  # without a change: rest
NEVER = 10**8  # seconds between polls of the stack's own councils: locust plays them


async def run(state: Path, seed: int, arguments: Sequence[str]) -> int:
    """What is to be the exit code."""
    print("Starting the stack ...", flush=True)
    options = StackOptions(
        state, free_ports=True, seed=seed, arguments={"councils": (f"--interval={NEVER}",)}
    )
    async with Stack(options) as stack:
        book = state / "locust"
        code = await _locust(stack, book, seed, arguments)
        if not any(book.glob("receipts-*.jsonl")):
            print("Locust wrote down nothing: there is nothing to judge.", flush=True)
            return code or 1
        return max(code, await _judge(stack, book))


async def _locust(stack: Stack, book: Path, seed: int, arguments: Sequence[str]) -> int:
    blueprint = stack.blueprint
    told = {
        "LOCUST_HOST": blueprint.registration_url,
        "LOCUST_GATEWAY": blueprint.gateway_url,
        "LOCUST_TOKENS": str(stack.credentials.tokens_file),
        "LOCUST_BOOK": str(book),
        "LOCUST_SEED": str(seed),
        "SIMULATED_PARTNER_TOKEN": stack.credentials.partner_token(),
    }
    locust = (sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), *arguments)
    process = await asyncio.create_subprocess_exec(*locust, env=os.environ | told)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _judge(stack: Stack, book: Path) -> int:
    journals = sorted(book.glob(f"process-*/{JOURNAL_FILE}"))
    more = [part for journal in journals for part in ("--journal", str(journal))]
    receipts = sorted(book.glob("receipts-*.jsonl"))
    question = reconcile_command(stack, receipts, quiet_seconds=QUIET_SECONDS, more=more)
    judge = await asyncio.create_subprocess_exec(*question)
    return await judge.wait()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    own, others = parser.parse_known_args(arguments)
    with scratch_state(keep=own.keep) as state:
        return asyncio.run(run(state, own.seed, others))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
