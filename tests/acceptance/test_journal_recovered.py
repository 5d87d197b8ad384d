"""An electoral management system (EMS) that lost some of what it had, and helps itself."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from electoral_local.blueprint import StackOptions
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack
from simulated.councils import JOURNAL_FILE
from simulated.deliveries import Delivery, read_journals
from simulated.journal import read_journal

from acceptance.verdicts import judge

pytestmark = [pytest.mark.integration, pytest.mark.long]

APPLICATIONS = int(os.environ.get("JOURNAL_APPLICATIONS", "2000"))
LOST = 3


async def test_after_a_day_of_applications_an_ems_finds_the_three_that_it_lost_and_gets_them_again(
    tmp_path: Path,
) -> None:
    script = Script(applications=APPLICATIONS)
    options = StackOptions(
        state=tmp_path / "var",
        free_ports=True,
        arguments={"councils": script.councils_arguments},
    )
    async with Stack(options) as stack:
        rehearsal = Rehearsal(stack, script)
        await rehearsal.play()
        journal = stack.blueprint.journals / JOURNAL_FILE
        await stack.process("councils").stop()
        ero, ids = whoever_has_most(journal)
        lost = [ids[0], ids[len(ids) // 2], ids[-1]]
        lose(journal, lost)
        said = await recover(stack, ero)
        assert said[0] == f"{len(ids)} stated, {LOST} missing, {LOST} of them offered again."
        assert sorted(said[1:]) == sorted(lost)
        assert set(ids_of(journal, ero)) == set(ids)
        await stack.process("councils").start()
        verdict = await judge(stack, rehearsal.receipts)
    assert verdict.failed == {}


def whoever_has_most(journal: Path) -> tuple[str, list[str]]:
    """An ERO, and its records in the order in which they came."""
    entries = [entry for entry in read_journals([journal]) if isinstance(entry, Delivery)]
    [(ero, count)] = Counter(entry.ero for entry in entries).most_common(1)
    assert count > LOST
    return ero, ids_of(journal, ero)


def ids_of(journal: Path, ero: str) -> list[str]:
    """Each once, however often it came."""
    entries = (entry for entry in read_journals([journal]) if isinstance(entry, Delivery))
    return list(dict.fromkeys(entry.item["id"] for entry in entries if entry.ero == ero))


def lose(journal: Path, lost: Sequence[str]) -> None:
    """As if the EMS had been restored to a backup with a hole in it."""
    kept = []
    for line in read_journal(journal):
        if "page" in line:
            page = line["page"]
            page["registrations"] = [i for i in page["registrations"] if i["id"] not in lost]
        kept.append(json.dumps(line) + "\n")
    journal.write_text("".join(kept), encoding="utf-8")


async def recover(stack: Stack, ero: str) -> list[str]:
    """The lines that the command says."""
    recovering = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulated", "recover", f"--ero={ero}"),
        f"--gateway={stack.blueprint.gateway_url}",
        f"--tokens={stack.credentials.tokens_file}",
        f"--journal={stack.blueprint.journals}",
        stdout=PIPE,
        stderr=PIPE,
    )
    said, complaint = await recovering.communicate()
    assert recovering.returncode == 0, complaint.decode()
    return said.decode().splitlines()
