"""An operator who sends on what EROs say is another's, with the gateway's own command."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from electoral_local.stack import Stack

BY = "A. Operator"
LOOK_SECONDS = 0.5
SUGGESTED = re.compile(r"^([0-9]+) would be sent on", re.MULTILINE)
SENT_ON = re.compile(r"^[0-9a-f]{24}  application (\S+)  to (\S+)$", re.MULTILINE)


class Operator:
    """Notes down, as the judge reads it, what was sent where."""

    def __init__(self, stack: Stack, moved: Path) -> None:
        self.moved = moved
        self.sent_on = 0
        self._environment = dict(stack.process("ems-gateway").spec.environment)
        moved.touch()

    async def work(self, is_over: asyncio.Event) -> None:
        """Look again and again at what was suggested, and do just that."""
        while not is_over.is_set():
            await self.work_once()
            await asyncio.sleep(LOOK_SECONDS)

    async def work_once(self) -> None:
        """Others suggest meanwhile: then the command refuses, and this looks again."""
        found = SUGGESTED.search(await self._reassign())
        if found is not None and found[1] != "0":
            self._note(await self._reassign("--by", BY, "--confirm", found[1]))

    def _note(self, said: str) -> None:
        sent_on = SENT_ON.findall(said)
        with self.moved.open("a", encoding="utf-8") as book:
            for application_id, ero in sent_on:
                book.write(json.dumps({"applicationId": application_id, "ero": ero}) + "\n")
        self.sent_on += len(sent_on)

    async def _reassign(self, *arguments: str) -> str:
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ems_gateway", "reassign", "--suggested", *arguments),
            env={**os.environ, **self._environment},
            stdout=PIPE,
            stderr=DEVNULL,
        )
        said, _ = await command.communicate()
        return said.decode()
