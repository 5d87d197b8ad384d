"""A running stack whose DWP can be made to fail, with what a test watches of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
from electoral_local.blueprint import StackOptions
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack

from acceptance.watching import Dwp, Verification, verification_of


class Trouble(NamedTuple):
    stack: Stack
    rehearsal: Rehearsal
    dwp: Dwp
    verification: Verification
    session: aiohttp.ClientSession


@asynccontextmanager
async def trouble(
    tmp_path: Path, script: Script, *, dwp: str = "{}", **settings: object
) -> AsyncIterator[Trouble]:
    """DWP behaves so from the start, in JSON; settings are verification's."""
    options = StackOptions(
        state=tmp_path / "var",
        free_ports=True,
        environment={
            "verification": {f"VERIFICATION_{n.upper()}": str(v) for n, v in settings.items()}
        },
        arguments={
            "councils": (f"--interval={script.councils_poll_seconds}",),
            "dwp": (f"--control={dwp}",),
        },
    )
    async with (
        Stack(options) as stack,
        verification_of(stack) as verification,
        aiohttp.ClientSession() as session,
    ):
        yield Trouble(stack, Rehearsal(stack, script), Dwp(stack, session), verification, session)


def show(**figures: object) -> None:
    """For whoever runs the tests with `-s`."""
    for name, figure in figures.items():
        print(f"  {name.replace('_', ' ')}: {figure}")
