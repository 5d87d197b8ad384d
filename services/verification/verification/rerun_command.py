"""The command `rerun`: what another rule set would decide, and the new outcomes if so wanted."""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from electoral import postgres
from electoral.authorities import Authorities
from electoral.calendar import day_bounds, london_date

from verification import rules
from verification.postgres.rerun import Span
from verification.rerun import Rerun
from verification.rerun_report import Counts, Report
from verification.rules import RuleSet, UnknownRuleSet
from verification.settings import Settings

Say = Callable[[str], None]


class CannotRerun(Exception):
    """What is asked for does not exist: the message says so in a sentence."""


def run(options: argparse.Namespace, settings: Settings, say: Say) -> str:
    """Do what the command line asks for and return the report; progress is said meanwhile."""
    since: date = options.since
    until: date = options.until or london_date(datetime.now(UTC))
    if until < since:
        raise CannotRerun(f"No day lies between {since} and {until}.")
    rule_set = _rule_set(options.rules)
    authorities = Authorities.load()
    by_authority = asyncio.run(_rerun(settings, rule_set, since, until, options.apply, say))
    report = Report(rule_set.version, since, until, options.apply, by_authority)
    if options.json:
        return json.dumps(report.as_json(authorities), ensure_ascii=False, indent=2)
    return "\n".join(report.lines(authorities))


def _rule_set(version: str) -> RuleSet:
    try:
        return rules.rule_set(version)
    except UnknownRuleSet as error:
        raise CannotRerun(str(error)) from None


async def _rerun(
    settings: Settings, rule_set: RuleSet, since: date, until: date, apply: bool, say: Say
) -> Mapping[str, Counts]:
    # What is decided from now on is decided by the rules of the running service.
    now = datetime.now(UTC)
    span = Span(day_bounds(since)[0], min(day_bounds(until)[1], now))
    today = london_date(now)
    pool = await postgres.open_pool(settings.database_url, service="rerun", connections=2)
    async with pool:
        rerun = Rerun(
            pool=pool,
            rule_set=rule_set,
            is_over=lambda key_id: settings.retention.is_over(key_id, today),
            apply=apply,
            say=say,
        )
        return await rerun.run(span)
