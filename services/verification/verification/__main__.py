"""`python -m verification`: serve, migrate, held, waiting, rerun."""

import argparse
import sys
from datetime import date

from electoral import command_line
from electoral.settings import load

from verification.settings import MIGRATIONS, SERVICE, Settings

WRONG_ARGUMENT = 2  # exit status, as `argparse` has it


def main(arguments: list[str] | None = None) -> int:
    parser, commands = command_line.parser_of("verification")
    commands.add("serve", _serve, "run the service")
    commands.add_migrate(_dsn, SERVICE, MIGRATIONS)
    commands.add_held(_dsn)
    commands.add("waiting", _waiting, "what waits, why, and since when")
    rerun = commands.add("rerun", _rerun, "decide stored levels again by another rule set")
    rerun.add_argument("--rules", required=True, metavar="VERSION", help="the rule set")
    rerun.add_argument(
        "--since", required=True, type=_day, metavar="DAY", help="what was decided on it or later"
    )
    rerun.add_argument("--until", type=_day, metavar="DAY", help="the last day; without it, today")
    rerun.add_argument(
        "--apply", action="store_true", help="publish new outcomes; without it nothing changes"
    )
    rerun.add_argument("--json", action="store_true", help="report as JSON")
    return command_line.run(parser, Settings, arguments)


def _dsn() -> str:
    return load(Settings).database_url


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from verification import app  # after the settings: it takes a while, and only this needs it

    return command_line.serve(settings, SERVICE, lambda life: app.serve(settings, life))


def _waiting(_: argparse.Namespace) -> int:
    settings = load(Settings)
    from verification import waiting  # for the same reason

    print(waiting.run(settings))
    return 0


def _rerun(options: argparse.Namespace) -> int:
    settings = load(Settings)
    from verification import rerun_command  # for the same reason

    try:
        print(rerun_command.run(options, settings, _say))
    except rerun_command.CannotRerun as error:
        _say(str(error))
        return WRONG_ARGUMENT
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a day as YYYY-MM-DD") from None


if __name__ == "__main__":
    sys.exit(main())
