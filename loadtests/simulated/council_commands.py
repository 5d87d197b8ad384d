"""The councils' systems as commands: the fleet, and one that gets again what it lost."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from simulated.behaviour_shares import BehavioursRefused, chosen, read_shares, share_out
from simulated.behaviours import AWAY, POLL_INTERVAL, SOMEWHERE, Habits
from simulated.clock import london_today
from simulated.council_calls import CONNECTIONS, Calls, Lines, NotGiven
from simulated.council_desk import Desk, Statistics
from simulated.councils import JOURNAL_FILE, Council, read_councils
from simulated.fleet import Fleet, admin_application, running_fleet
from simulated.http_client import ConnectionBroken
from simulated.journal import Journal
from simulated.recovery import Recovery
from simulated.recovery import recover as get_again
from simulated.serving import start_server, stop_signal

Gateway = Annotated[str, typer.Option(help="Public address of the EMS gateway.")]
Tokens = Annotated[Path, typer.Option(help="JSON: EROs with their tokens.", exists=True)]
JournalDirectory = Annotated[Path, typer.Option("--journal", help="Directory of the journal.")]


def councils(
    *,
    gateway: Gateway,
    tokens: Tokens,
    journal: JournalDirectory,
    admin_port: int = 8105,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    interval: Annotated[float, typer.Option(help="Seconds between polls.", min=0.01)] = (
        POLL_INTERVAL
    ),
    away: Annotated[float, typer.Option(help="Seconds that `away` systems are off.")] = AWAY,
    time_scale: Annotated[float, typer.Option(help="So much faster goes time.", min=0.01)] = 1.0,
    behaviours: Annotated[
        str, typer.Option(help='`mixed`, or JSON: {"failing": 0.2, "lothian": "late"}; else batch.')
    ] = "{}",
    determining: Annotated[
        float, typer.Option(help="Share of EROs that also decide and take notices.", min=0, max=1)
    ] = 0.0,
    operator: Annotated[
        bool, typer.Option("--operator", help="Somebody sends on what came to a wrong ERO.")
    ] = False,
    connections: Annotated[int, typer.Option(min=1)] = CONNECTIONS,
    only: Annotated[str, typer.Option(help="Only these EROs, separated by commas.")] = "",
    seed: Annotated[int, typer.Option(help="Of who behaves how, and of what fails.")] = 1,
) -> None:
    """The systems of all EROs: poll, journal, acknowledge."""
    every = read_councils(tokens)
    playing = _only(every, only)
    eros = [council.ero for council in playing]
    try:
        by_ero = share_out(eros, read_shares(behaviours), seed)
    except BehavioursRefused as refused:
        raise typer.BadParameter(str(refused), param_hint="--behaviours") from None
    habits = Habits(seed, interval, away, time_scale, _codes(every), has_operator=operator)

    async def run() -> None:
        book = Journal(journal / JOURNAL_FILE)
        fleet = Fleet(
            playing,
            gateway,
            book,
            habits=habits,
            behaviours=by_ero,
            determining=chosen(eros, determining, seed),
            connections=connections,
        )
        async with running_fleet(fleet, book):
            runner = await start_server(admin_application(fleet), host, admin_port)
            await stop_signal()
            await runner.cleanup()

    uvloop.run(run())


def _only(every: Sequence[Council], names: str) -> list[Council]:
    wanted = set(filter(None, names.split(",")))
    return [council for council in every if not wanted or council.ero in wanted]


def _codes(every: Sequence[Council]) -> tuple[str, ...]:
    return tuple(code for council in every for code in council.gss_codes) or (SOMEWHERE,)


def recover(
    *,
    ero: Annotated[str, typer.Option(help="Whose journal lost something.")],
    gateway: Gateway,
    tokens: Tokens,
    journal: JournalDirectory,
    day: Annotated[list[str] | None, typer.Option(help="YYYY-MM-DD; else today.")] = None,
) -> None:
    """Finds from the gateway's statements what the journal lacks, and gets it again."""
    council = next((one for one in read_councils(tokens) if one.ero == ero), None)
    if council is None:
        raise typer.BadParameter(f"no ERO {ero}", param_hint="--ero")
    file = journal / JOURNAL_FILE
    try:
        found = uvloop.run(_recover(council, gateway, file, day or [london_today().isoformat()]))
    except (NotGiven, ConnectionBroken, OSError, TimeoutError) as error:
        print(f"simulated: the gateway did not answer ({type(error).__name__}).", file=sys.stderr)
        raise typer.Exit(1) from None
    missing, offered = len(found.missing), len(found.offered)
    print(f"{found.stated} stated, {missing} missing, {offered} of them offered again.")
    for id_ in found.missing:
        print(id_)


async def _recover(council: Council, gateway: str, file: Path, days: list[str]) -> Recovery:
    book = Journal(file)
    lines = Lines(gateway, connections=1)
    try:
        desk = Desk(council, Calls(lines, council.token), book, Statistics())
        return await get_again(desk, file, days)
    finally:
        lines.close()
        await book.close()
