"""`python -m ems_gateway notices`: those that no ERO can take now, and whose one of them is."""

import argparse
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands

from ems_gateway.operators import command
from ems_gateway.settings import Settings

if TYPE_CHECKING:
    from electoral.postgres import Pool


def add_notices(commands: Subcommands) -> None:
    """Add `notices list` and `notices assign`."""
    notices = commands.add("notices", command(_list), "notices to EROs of previous addresses")
    actions = notices.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list what is held, longest first")
    assign = actions.add_parser("assign", help="send one to an authority's ERO")
    assign.set_defaults(run=command(_assign))
    assign.add_argument("--notice", required=True, help="the notice's id")
    assign.add_argument("--gss-code", required=True, help="where the previous address lies")
    assign.add_argument("--by", required=True, help="your name, which is kept in the history")


async def _list(_: argparse.Namespace, settings: Settings, pool: "Pool") -> list[str]:
    from ems_gateway.notices.assignment import held_lines

    return await held_lines(pool)


async def _assign(options: argparse.Namespace, settings: Settings, pool: "Pool") -> list[str]:
    from electoral.sealing import DirectoryKeyring, Sealer

    from ems_gateway import app
    from ems_gateway.history.writing import History
    from ems_gateway.notices.assignment import NoticeAssignment
    from ems_gateway.notices.writing import NoticeWriter

    keyring = DirectoryKeyring(settings.keys_directory)
    route = (await app.read_responsibilities(settings, pool)).route
    writer = NoticeWriter(Sealer(keyring), route)
    assignment = NoticeAssignment(pool, writer, History(keyring), route)
    ero = await assignment.assign(options.notice, options.gss_code, options.by)
    return [f"{options.notice} now waits for {ero}."]
