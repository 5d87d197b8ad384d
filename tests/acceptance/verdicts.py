"""The judge's verdict with its numbers, where a test must know more than whether it balances."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

from electoral_local.stack import Stack

QUIET_SECONDS = 3.0


class Verdict(NamedTuple):
    failed: dict[str, dict[str, int]]  # criteria by name, with their numbers
    counts: dict[str, int]  # by service and state


async def judge(
    stack: Stack, receipts: Path, *, limit_seconds: float = 300.0, moved: Path | None = None
) -> Verdict:
    """Waits for rest, then compares the three records; `moved`: what an operator sent elsewhere."""
    admin = stack.blueprint.admin_url
    judging = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulated", "reconcile", "--json"),
        *("--receipts", str(receipts)),
        *("--journal", str(stack.blueprint.journals)),
        *("--registration", admin("registration")),
        *("--verification", admin("verification")),
        *("--ems-gateway", admin("ems-gateway")),
        *("--councils-admin", admin("councils")),
        *("--eros", str(stack.credentials.tokens_file)),
        *("--quiet", str(QUIET_SECONDS)),
        *("--limit", str(limit_seconds)),
        *(() if moved is None else ("--moved", str(moved))),
        stdout=PIPE,
        stderr=PIPE,
    )
    said, complaint = await judging.communicate()
    assert b"Not at rest" not in complaint, complaint.decode()
    assert said, complaint.decode()
    verdict = json.loads(said)
    failed = {c["name"]: c["numbers"] for c in verdict["criteria"] if not c["passed"]}
    return Verdict(failed, verdict["counts"])
