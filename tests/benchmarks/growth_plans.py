"""By which plans Postgres really ran the statements of the services, as its own log says."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.growth_seed import connected
from electoral_local.postgres import EmbeddedPostgres
from gateway_cost import nodes_of

# What Postgres says of every statement goes to the log of the server, as JSON.
EXPLAINING = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_verbose": "on",  # with arguments: a plan for any has parameters there
    "auto_explain.log_format": "json",
    "auto_explain.log_parameter_max_length": "0",
}
_SAID = re.compile(r"duration: [0-9.]+ ms  plan:\n(.*?\n\t?\})(?=\n\S|\Z)", re.DOTALL)
_CONSTANT = re.compile(r"'[^']*'|\$?\b[0-9.]+\b")  # what Postgres counts as one and the same
_PARAMETER = re.compile(r"\$[1-9]")


@dataclass
class Plan:
    """How often a statement ran by one plan, and what it touched."""

    nodes: str  # with the tables and indexes that they read
    generic: bool  # made for any arguments
    runs: int = 0
    blocks: list[int] = field(default_factory=list)


async def explain_from_now(postgres: EmbeddedPostgres) -> None:
    """Let Postgres say how it runs the statements of sessions that begin now."""
    async with connected(postgres, "postgres") as connection:
        for name, value in EXPLAINING.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        await connection.execute("SELECT pg_reload_conf()")


async def explain_no_more(postgres: EmbeddedPostgres) -> None:
    """Let sessions that begin from now on be as they were."""
    async with connected(postgres, "postgres") as connection:
        await connection.execute("ALTER SYSTEM RESET ALL")
        await connection.execute("SELECT pg_reload_conf()")


def plans_in(log: Path, offset: int) -> Mapping[str, list[Plan]]:
    """Read by which plans each statement ran, by the statement's shape."""
    text = log.read_bytes()[offset:].decode(errors="replace")
    found: dict[str, dict[tuple[str, bool], Plan]] = defaultdict(dict)
    for said in _explained(text):
        root = said["Plan"]
        nodes, generic = " ".join(nodes_of(root)), bool(_PARAMETER.search(json.dumps(root)))
        plans = found[shape(said["Query Text"])]
        plan = plans.setdefault((nodes, generic), Plan(nodes, generic))
        plan.runs += 1
        plan.blocks.append(root["Shared Hit Blocks"] + root["Shared Read Blocks"])
    return {query: list(plans.values()) for query, plans in found.items()}


def plain(query: str) -> str:
    """A statement on one line."""
    return " ".join(query.split())


def shape(query: str) -> str:
    """A statement without its constants and parameters."""
    return _CONSTANT.sub("?", plain(query))


def _explained(text: str) -> Iterator[dict[str, Any]]:
    for match in _SAID.finditer(text):
        yield json.loads(match[1].replace("\n\t", "\n"))
