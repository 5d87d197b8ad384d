"""The options that locust has besides its own, also in its web page and as LOCUST_* variables."""

from collections.abc import Sequence
from dataclasses import fields

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from simulated.load.shapes import names

from locust_users.run import RunOptions

PARTNER_TOKEN = "SIMULATED_PARTNER_TOKEN"  # noqa: S105 - the variable's name


def add_options(parser: LocustArgumentParser) -> None:
    def add(
        name: str,
        default: str | float,
        said: str,
        *,
        among: Sequence[str] | None = None,
        in_page: bool = True,
    ) -> None:
        parser.add_argument(
            f"--{name}",
            env_var=f"LOCUST_{name.upper().replace('-', '_')}",
            type=type(default),
            default=default,
            choices=among,
            help=said,
            include_in_web_ui=in_page,
        )

    add("shape", "steady", "how arrivals are spread over time", among=names())
    add("total", 1_000, "arrivals in all")
    add("compress", 60.0, "so much faster goes time: 60 makes a minute of an hour")
    add("seed", 1, "of the population and of all chance; DWP's must be the same")
    add("form-share", 0.3, "share of people at the form")
    add("batch-share", 0.1, "share of people who come by way of partners, in batches")
    add("duplicates", 0.38, "share of arrivals who have applied before")
    add(
        "mistakes",
        0.02,
        "share of arrivals with a mistake: refused by the API, put right in the form",
    )
    add("think", 0.0, "seconds before each page of the form, on average")
    add("poll-interval", 10.0, "seconds between two polls of one ERO; real ones take 300")
    # What a page in a browser has no business with: places of this machine, and a secret.
    gateway, tokens, book = (
        "public address of the EMS gateway",
        "JSON file of EROs with their tokens; without it no council polls",
        "directory of the receipts and of the councils' journals",
    )
    add("gateway", "http://127.0.0.1:8103", gateway, in_page=False)
    add("tokens", "", tokens, in_page=False)
    add("book", "var/locust", book, in_page=False)
    parser.add_argument(
        "--partner-token",
        env_var=PARTNER_TOKEN,
        default="",
        help="token of the partner that sends",
        include_in_web_ui=False,
    )


def options_of(environment: Environment) -> RunOptions:
    """What was given on the command line, or in the web page for this run."""
    given = vars(environment.parsed_options)
    given = {**given, "processes": given["processes"] or 1}
    return RunOptions(**{one.name: given[one.name] for one in fields(RunOptions)})
