"""The question that is put to the judge once all has been sent: a command of the world outside."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

from electoral_local.stack import Stack


def reconcile_command(
    stack: Stack,
    receipts: Sequence[Path],
    *,
    quiet_seconds: float,
    journals: Path | None = None,
    more: Sequence[str] = (),
) -> tuple[str, ...]:
    """He waits for rest, compares the three records, and exits 0 only if they balance."""
    admin = stack.blueprint.admin_url
    return (
        *(sys.executable, "-m", "simulated", "reconcile"),
        *(part for path in receipts for part in ("--receipts", str(path))),
        *("--journal", str(journals or stack.blueprint.journals)),
        *("--registration", admin("registration")),
        *("--verification", admin("verification")),
        *("--ems-gateway", admin("ems-gateway")),
        *("--councils-admin", admin("councils")),
        *("--eros", str(stack.credentials.tokens_file)),
        *("--quiet", str(quiet_seconds)),
        *more,
    )


async def judged(question: Sequence[str]) -> tuple[bytes, int]:
    """Let him compare; returns what he said and his exit code. Whoever is ended ends him too."""
    judge = await asyncio.create_subprocess_exec(*question, stdout=PIPE)
    try:
        said, _ = await judge.communicate()
    finally:
        if judge.returncode is None:
            judge.terminate()
            await judge.wait()
    return said, judge.returncode or 0
