"""The commands `list`, `expired` and `destroy`, over one service's keys or all three's."""

# ruff: noqa: T201  # commands print

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from electoral.destruction import Refused, check_finished, check_over, destroy
from electoral.retention import Retention
from electoral.sealing import DESTROYED_SUFFIX
from electoral.today import LONDON

if TYPE_CHECKING:  # it brings HTTP and Postgres, which the key-maker does not need
    from electoral.command_line import Subcommands

EX_REFUSED = 1

Directories = Callable[[argparse.Namespace], Sequence[Path]]
ReadRetention = Callable[[argparse.Namespace], Retention]


def add_retention_arguments(parser: argparse.ArgumentParser) -> None:
    """Let the times that keys are kept be given as arguments."""
    usual = Retention()
    parser.add_argument("--nino-days", type=int, default=usual.nino_days)
    parser.add_argument("--person-days", type=int, default=usual.person_days)
    parser.add_argument("--index-months", type=int, default=usual.index_months)


def retention_of(options: argparse.Namespace) -> Retention:
    """Read those arguments."""
    return Retention(options.nino_days, options.person_days, options.index_months)


def add_key_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    directories: Directories,
    retention: ReadRetention = retention_of,
) -> tuple[argparse.ArgumentParser, ...]:
    """Add `list`, `expired` and `destroy`; returns their parsers, for arguments of their own."""
    listing = commands.add_parser("list", help="list the keys and until when each is kept")
    listing.set_defaults(run=lambda options: _list(directories(options), retention(options)))
    expired = commands.add_parser("expired", help="list the keys whose time is over")
    expired.set_defaults(run=lambda options: _list_over(directories(options), retention(options)))
    ending = commands.add_parser("destroy", help="destroy keys that nothing unfinished needs")
    what = ending.add_mutually_exclusive_group(required=True)
    what.add_argument("--key-id", action="append", help="a key; may be given several times")
    what.add_argument("--expired", action="store_true", help="every key whose time is over")
    ending.add_argument(
        "--ask", required=True, metavar="URL,URL,URL", help="the three services' admin ports"
    )
    ending.set_defaults(
        run=lambda options: _destroy(options, directories(options), retention(options))
    )
    return listing, expired, ending


def add_keys(
    commands: "Subcommands", directory: Callable[[], Path], retention: Callable[[], Retention]
) -> None:
    """Add `keys list|expired|destroy` over a service's own directory; `keys` alone lists.

    Another service may have copies of the same keys: `python -m electoral.keys` has all three's.
    """

    def directories(_: argparse.Namespace) -> Sequence[Path]:
        return [directory()]

    parser = commands.add(
        "keys",
        lambda _: _list([directory()], retention()),
        "this service's copies of keys; `python -m electoral.keys` has all services'",
    )
    actions = parser.add_subparsers(dest="action")
    add_key_commands(actions, directories, lambda _: retention())


def _today() -> date:
    return datetime.now(UTC).astimezone(LONDON).date()


def _key_ids(directories: Iterable[Path], suffix: str) -> list[str]:
    names = {path.name for directory in directories for path in directory.glob(f"*{suffix}")}
    return sorted(name.removesuffix(suffix) for name in names)


def _over(directories: Sequence[Path], retention: Retention) -> list[str]:
    today = _today()
    return [key_id for key_id in _key_ids(directories, ".key") if retention.is_over(key_id, today)]


def _list(directories: Sequence[Path], retention: Retention) -> int:
    for line in _lines(directories, retention):
        print(line)
    return 0


def _lines(directories: Sequence[Path], retention: Retention) -> Iterator[str]:
    today = _today()
    for key_id in _key_ids(directories, ".key"):
        last_day = retention.last_day(key_id)
        over = ", which is over" if retention.is_over(key_id, today) else ""
        yield f"{key_id}  kept {'for ever' if last_day is None else f'until {last_day}'}{over}"
    for key_id in _key_ids(directories, DESTROYED_SUFFIX):
        yield f"{key_id}  destroyed"


def _list_over(directories: Sequence[Path], retention: Retention) -> int:
    for key_id in _over(directories, retention):
        print(key_id)
    return 0


def _destroy(options: argparse.Namespace, directories: Sequence[Path], retention: Retention) -> int:
    key_ids = _over(directories, retention) if options.expired else options.key_id
    results = [_destroy_one(key_id, options.ask, directories, retention) for key_id in key_ids]
    places = ", ".join(str(directory) for directory in directories)
    print(f"{sum(results)} of {len(results)} keys destroyed in {places}.")
    return 0 if all(results) else EX_REFUSED


def _destroy_one(key_id: str, ask: str, directories: Sequence[Path], retention: Retention) -> bool:
    try:
        check_over(key_id, retention, _today())
        check_finished(key_id, ask.split(","))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return False
    destroy(directories, key_id)
    return True
