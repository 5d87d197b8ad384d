"""`make match-report`: made-up applicants through matching and rules, as a page and a table."""

from pathlib import Path
from typing import Annotated

import typer
from evaluation.differences import DIFFERENCES
from evaluation.judging import judge
from evaluation.page import page
from evaluation.report import Report
from evaluation.table import write_csv
from rich.progress import Progress
from verification.rules import RuleSet, UnknownRuleSet, rule_set, rule_sets

VAR = Path(__file__).parent.parent.parent / "var"
NAME = "match-report"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    *,
    applicants: Annotated[int, typer.Option(min=len(DIFFERENCES))] = 100_000,
    seed: Annotated[
        int, typer.Option(help="Of the applicants: the same make the same report.")
    ] = 1,
    rules: Annotated[str, typer.Option(help="Version of the rule set; else the newest.")] = "",
    beside: Annotated[str, typer.Option(help="The one to compare; else the one before it.")] = "",
    directory: Annotated[Path, typer.Option(help="Where the page and the table go.")] = VAR,
) -> None:
    """How often matching takes people for others, and others for them."""
    now = _rule_set(rules) if rules else rule_sets()[-1]
    before = _rule_set(beside) if beside else _before(now)
    with Progress() as progress:
        task = progress.add_task("Deciding", total=applicants)
        found = judge(
            DIFFERENCES, applicants, seed, (now, before), lambda more: progress.advance(task, more)
        )
    made = Report(found, (now.version, before.version), applicants, seed)
    directory.mkdir(parents=True, exist_ok=True)
    html, table = directory / f"{NAME}.html", directory / f"{NAME}.csv"
    html.write_text(page(made), encoding="utf-8")
    write_csv(made, table)
    print(f"{html}\n{table}")


def _rule_set(version: str) -> RuleSet:
    try:
        return rule_set(version)
    except UnknownRuleSet as error:
        raise typer.BadParameter(str(error)) from None


def _before(rules: RuleSet) -> RuleSet:
    """The rule set before, or for the first one itself."""
    place = rule_sets().index(rules)
    return rule_sets()[max(0, place - 1)]


if __name__ == "__main__":
    app()
