"""The commands about whose a record is: assign, reassign, held records, eros, overdue."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from electoral.command_line import Subcommands
from electoral.settings import load

from ems_gateway.settings import Settings

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]
    from electoral.postgres import Pool

    from ems_gateway.moves.assignment import Desk

Work = Callable[[argparse.Namespace, Settings], Awaitable[list[str]]]


def add(commands: Subcommands, held_actions: "Actions") -> None:
    """Add these commands; `held records` goes beside what `held` can do in every service."""
    assign = commands.add("assign", _run(_assign), "say whose a record is that nobody could place")
    assign.add_argument("--list", action="store_true", help="list what waits, longest first")
    _add_record(assign)
    reassign = commands.add("reassign", _run(_reassign), "send a record on to another's ERO")
    _add_record(reassign)
    reassign.add_argument("--suggested", action="store_true", help="all that EROs suggested")
    reassign.add_argument("--ero", help="only those that are held for this ERO")
    reassign.add_argument("--confirm", type=int, metavar="N", help="as many as the dry run named")
    records = held_actions.add_parser("records", help="list held records, longest first")
    records.set_defaults(run=_run(_held_records))
    records.add_argument("--ero", help="only those that are held for this ERO")
    records.add_argument("--record", help="only this one")
    records.add_argument("--open", action="store_true", help="what was said of it, in full")
    overdue = commands.add("overdue", _run(_overdue), "say what waits too long, by ERO")
    overdue.add_argument("--json", action="store_true", help="as JSON")
    overdue.add_argument("--all", action="store_true", help="EROs without anything overdue, too")
    _add_eros(commands.add("eros", _run(_list_stated), "who answers for which GSS code"))


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", help="the record's id")
    parser.add_argument("--gss-code", help="the authority that it belongs to")
    parser.add_argument("--by", help="your name, which is kept with the assignment")


def _add_eros(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="list what was stated")
    listing.set_defaults(run=_run(_list_stated))
    assign = actions.add_parser("assign", help="state who answers for a code, from a day on")
    assign.set_defaults(run=_run(_state))
    assign.add_argument("--gss-code", required=True)
    assign.add_argument("--ero", required=True, help="the ERO's code")
    assign.add_argument("--from", dest="valid_from", type=date.fromisoformat, metavar="DAY")
    assign.add_argument("--to", dest="valid_to", type=date.fromisoformat, metavar="DAY")
    assign.add_argument("--by", required=True, help="your name")
    end = actions.add_parser("end", help="end what was stated of a code: the list counts again")
    end.set_defaults(run=_run(_end))
    end.add_argument("--gss-code", required=True)
    end.add_argument("--to", dest="valid_to", type=date.fromisoformat, metavar="LAST DAY")
    end.add_argument("--by", required=True, help="your name")


def _run(work: Work) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        from ems_gateway.errors import CannotAssign

        settings = load(Settings)
        try:
            lines = asyncio.run(_lines(work, options, settings))
        except CannotAssign as error:
            print(error, file=sys.stderr)
            return 1
        print("\n".join(lines))
        return 0

    return run


async def _lines(work: Work, options: argparse.Namespace, settings: Settings) -> list[str]:
    return await work(options, settings)


@asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator["Pool"]:
    from electoral.postgres import open_pool

    pool = await open_pool(settings.database_url, service="operator", connections=2)
    async with pool:
        yield pool


async def _desk(settings: Settings, pool: "Pool") -> "Desk":
    from electoral.sealing import DirectoryKeyring

    from ems_gateway import app
    from ems_gateway.history.writing import History
    from ems_gateway.moves.assignment import Desk

    responsibilities = await app.read_responsibilities(settings, pool)
    return Desk(pool, responsibilities, History(DirectoryKeyring(settings.keys_directory)))


async def _assign(options: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.errors import CannotAssign
    from ems_gateway.moves import assignment

    if not options.list and not (options.record and options.gss_code and options.by):
        raise CannotAssign("Give `--list`, or all of `--record`, `--gss-code` and `--by`.")
    async with _pool(settings) as pool:
        if options.list:
            return await assignment.list_lines(pool)
        desk = await _desk(settings, pool)
        ero = await desk.assign(options.record, options.gss_code, options.by)
    return [f"{options.record} now waits for {ero}."]


async def _reassign(options: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.errors import CannotAssign

    named = options.record and options.gss_code and options.by
    if bool(named) == options.suggested:
        raise CannotAssign("Give `--record`, `--gss-code` and `--by`, or `--suggested`.")
    async with _pool(settings) as pool:
        desk = await _desk(settings, pool)
        if options.suggested:
            return await _reassign_suggested(options, desk)
        ero = await desk.reassign(options.record, options.gss_code, options.by)
    return [f"{options.record} now waits for {ero}."]


async def _reassign_suggested(options: argparse.Namespace, desk: "Desk") -> list[str]:
    """Show what would be done; do it only for whoever has seen how much that is."""
    from ems_gateway.errors import CannotAssign

    usable, lines = await desk.suggestions(options.ero)
    if options.confirm is None:
        return [*lines, f"{len(usable)} would be sent on: `--by NAME --confirm {len(usable)}`."]
    if not options.by:
        raise CannotAssign("Give your name with `--by`.")
    if options.confirm != len(usable):
        raise CannotAssign(f"There are {len(usable)} now: look at them again without `--confirm`.")
    sent_on, refused = [], []
    for one in usable:
        record_id = one.record_id.hex()
        try:
            ero = await desk.reassign(record_id, one.suggested_gss_code or "", options.by)
        except CannotAssign as error:  # somebody was faster
            refused.append(f"{record_id}: {error}")
        else:
            sent_on.append(f"{record_id}  application {one.application_id}  to {ero}")
    return [*refused, *sent_on, f"{len(sent_on)} sent on."]


async def _held_records(options: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.moves.assignment import held_line
    from ems_gateway.postgres.operators import list_held

    record_id = _read_held_id(options)
    async with _pool(settings) as pool:
        held = await list_held(pool, ero=options.ero, record_id=record_id)
        said = [await _what_was_said(pool, settings, record_id)] if options.open else []
    return [*map(held_line, held), *said, f"{len(held)} held."]


def _read_held_id(options: argparse.Namespace) -> bytes | None:
    from ems_gateway.errors import CannotAssign
    from ems_gateway.reading import read_record_id

    record_id = read_record_id(options.record) if options.record else None
    if record_id is None and (options.record or options.open):
        raise CannotAssign("`--record` takes a record's id; `--open` is of that one record.")
    return record_id


async def _what_was_said(pool: "Pool", settings: Settings, record_id: bytes | None) -> str:
    """Open what the ERO's system said; it may name people, so that it is never listed."""
    from electoral.sealing import DirectoryKeyring, Sealer

    from ems_gateway.failures import failure_as_json
    from ems_gateway.postgres.failures import read_failure

    assert record_id is not None  # `_read_held_id` has looked
    failure = await read_failure(pool, record_id)
    if failure is None:
        return "Nothing was said of it."
    sealer = Sealer(DirectoryKeyring(settings.keys_directory))
    return json.dumps(failure_as_json(failure, sealer), ensure_ascii=False, indent=1)


async def _overdue(options: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.overdue import read_overdue, report_lines

    now = datetime.now(UTC)
    async with _pool(settings) as pool:
        found = await read_overdue(pool, now)
    shown = [one for one in found if options.all or one.is_overdue(now)]
    if options.json:
        return [json.dumps([one.as_json() for one in shown], indent=1)]
    return report_lines(shown, now)


async def _list_stated(_: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.postgres.responsibilities import list_statements

    async with _pool(settings) as pool:
        statements = await list_statements(pool)
    lines = [
        f"{one.stated.gss_code}  {one.stated.ero}  from {one.stated.valid_from}"
        f" to {one.stated.valid_to or 'further notice'}  by {one.stated_by}"
        + (f", ended by {one.ended_by}" if one.ended_by else "")
        for one in statements
    ]
    return [*lines, f"{len(lines)} stated; the rest: `python -m electoral.authorities list`."]


async def _state(options: argparse.Namespace, settings: Settings) -> list[str]:
    from ems_gateway.moves.assignment import read_statement
    from ems_gateway.postgres.responsibilities import state

    async with _pool(settings) as pool:
        desk = await _desk(settings, pool)
        stated = read_statement(
            desk.responsibilities.authorities,
            options.gss_code,
            options.ero,
            (options.valid_from, options.valid_to),
        )
        await state(pool, stated, options.by)
        moved = await _sweep(settings, desk)
    until = f" to {stated.valid_to}" if stated.valid_to else ""
    return [
        f"{stated.ero} answers for {stated.gss_code} from {stated.valid_from}{until}.",
        f"{moved} records moved.",
    ]


async def _end(options: argparse.Namespace, settings: Settings) -> list[str]:
    from electoral.calendar import london_date

    from ems_gateway.errors import CannotAssign
    from ems_gateway.postgres.responsibilities import end

    last_day = options.valid_to or london_date(datetime.now(UTC))
    async with _pool(settings) as pool:
        if not await end(pool, options.gss_code, last_day, options.by):
            raise CannotAssign("Nothing was stated of this code that goes on after that day.")
        moved = await _sweep(settings, await _desk(settings, pool))
    return [
        f"The list of authorities answers for {options.gss_code} after {last_day}.",
        f"{moved} records moved.",
    ]


async def _sweep(settings: Settings, desk: "Desk") -> int:
    """Move at once what the services would move within a minute."""
    from electoral.sealing import DirectoryKeyring, Sealer

    from ems_gateway import app
    from ems_gateway.moves.moving import Moves
    from ems_gateway.moves.splitting import parts_by

    sealer = Sealer(DirectoryKeyring(settings.keys_directory))
    parts = parts_by(app.open_postcodes(settings), sealer)
    moves = Moves(desk.pool, desk.responsibilities, desk.history, parts)
    return await moves.sweep(datetime.now(UTC))
