"""Locust plays a shape: people at the API and at the form, partners, and the councils' systems.

    locust -f loadtests/locustfile.py --host http://127.0.0.1:8101 --shape deadline-2019 ...

`make locust` starts a stack for it, and judges it. One machine: `--processes`, not `--worker`,
because who comes next is counted in memory that locust's processes share.
"""

import logging
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner
from locust_users import current
from locust_users.applicants import ApiApplicant, PartnerBatch
from locust_users.fleet import CouncilFleet
from locust_users.form_applicant import FormApplicant
from locust_users.listening import listen
from locust_users.options import add_options, options_of
from locust_users.playing import PlayedShape, ways_of
from locust_users.run import LEAD, Run

__all__ = ["ApiApplicant", "CouncilFleet", "FormApplicant", "PartnerBatch", "PlayedShape"]

log = logging.getLogger(__name__)

STOP_SECONDS = 20.0  # in which whoever is asking may still get an answer


def _options(parser: LocustArgumentParser, **_: Any) -> None:
    add_options(parser)


def _prepare(environment: Environment, **_: Any) -> None:
    environment.stop_timeout = environment.stop_timeout or STOP_SECONDS


def _begin(environment: Environment, **_: Any) -> None:
    options = options_of(environment)
    if not isinstance(environment.runner, WorkerRunner):
        current.begin_counting(LEAD)
    shares = ways_of(options, environment.user_classes)
    current.begin(Run(options, shares, current.COUNTS, _number(environment)))


def _number(environment: Environment) -> int:
    """Of this process: the one that only watches over others, or the only one, is number 0."""
    runner = environment.runner
    return runner.worker_index + 1 if isinstance(runner, WorkerRunner) else 0


def _end(environment: Environment, **_: Any) -> None:
    """A run in which not everybody was answered has failed, whatever locust's table says."""
    is_watching = not isinstance(environment.runner, WorkerRunner)
    if is_watching and current.is_running():
        total, answered = current.current().options.total, current.COUNTS["answered"]
        log.info("%d of %d arrivals were answered", answered, total)
        if answered < total:
            environment.process_exit_code = 1
    current.end()


listen(events.init_command_line_parser, _options)
listen(events.init, _prepare)
listen(events.test_start, _begin)
listen(events.test_stop, _end)
