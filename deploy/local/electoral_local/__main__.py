"""The `electoral` command: each group of commands is a module of its own, added here."""

import asyncio
import sys

import typer

from electoral_local import chaos, demo, ledger, load, up
from electoral_local.errors import LocalError

app = typer.Typer(
    name="electoral",
    help="The whole system on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(chaos.chaos)
app.command()(ledger.ledger)
app.command()(load.load)
app.command()(up.up)
app.command()(up.down)
app.command()(up.status)
app.command()(up.logs)


def main() -> None:
    """An expected failure is one sentence and its exit code; 130 and 143 as shells have them."""
    try:
        app()
    except LocalError as error:
        sys.stderr.write(f"electoral: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except asyncio.CancelledError:
        sys.exit(143)


if __name__ == "__main__":
    main()
