"""The simulated Notify as a command."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from simulated.notify import NotifyServer
from simulated.notify_control import NotifyControl, changed, read_changes
from simulated.serving import serve_until_stopped


def notify(
    *,
    token: Annotated[str, typer.Option(envvar="SIMULATED_NOTIFY_TOKEN")],
    journal: Annotated[Path, typer.Option(help="Directory of the journal.")],
    port: int = 8106,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Of its misfortunes.")] = 1,
    control: Annotated[str, typer.Option(help='As for PUT /control: {"errorRate": 0.1}')] = "{}",
) -> None:
    """Takes e-mails and texts, and writes them down instead of sending them."""
    try:
        behaviour = changed(NotifyControl(), read_changes(control))
    except ValueError as refused:
        raise typer.BadParameter(str(refused), param_hint="--control") from None
    uvloop.run(_serve(NotifyServer(token, journal, seed, behaviour), host, port))


async def _serve(server: NotifyServer, host: str, port: int) -> None:
    async with server:
        await serve_until_stopped(server.application(), host, port)
