"""The match report: what it counts as wrong, and that page and table agree."""

import csv
import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from electoral.events import MatchResult
from evaluation.__main__ import app
from evaluation.counting import Share
from evaluation.differences import DIFFERENCES, Difference
from evaluation.judging import Found, judge, levels_of
from evaluation.page import page
from evaluation.report import BEFORE, NOW, Report
from evaluation.table import LEVELS, TOTAL, write_csv
from evaluation.wording import with_interval
from simulated.chance import Draws, key_of_seed
from simulated.names import compared
from typer.testing import CliRunner
from verification.rules import Rule, RuleSet, rule_sets

APPLICANTS = 25 * len(DIFFERENCES)


def a_rule_set(version: str, result: MatchResult) -> RuleSet:
    """A rule set that decides everybody alike."""
    everybody = Rule(name=f"everybody-{result}", result=result, when={})
    return RuleSet(version=version, since=date(2026, 1, 1), why="", rules=(everybody,))


ALWAYS_GREEN, NEVER_GREEN = a_rule_set("9999.1", "green"), a_rule_set("9998.1", "red")
CURRENT = rule_sets()[-1]


def a_report(*sets: RuleSet, seed: int = 1, applicants: int = APPLICANTS) -> Report:
    now, before = sets or rule_sets()[::-1][:2]
    found = judge(DIFFERENCES, applicants, seed, (now, before))
    return Report(found, (now.version, before.version), applicants, seed)


@pytest.fixture(scope="module")
def report() -> Report:
    """The rule set of today beside one that makes everybody green."""
    return a_report(CURRENT, ALWAYS_GREEN)


# -- what is counted ------------------------------------------------------------------------------


def test_a_rule_set_that_is_always_green_shows_as_false_green_and_has_no_false_red() -> None:
    report = a_report(ALWAYS_GREEN, CURRENT)
    assert report.false_green(NOW).value == 1.0
    assert {found.wrong(NOW).value for found in report.others} == {1.0}
    assert {found.wrong(NOW).value for found in report.same} == {0.0}
    assert report.false_green(BEFORE).value < 0.1


def test_a_rule_set_that_is_never_green_shows_as_false_red_and_has_no_false_green() -> None:
    report = a_report(NEVER_GREEN, CURRENT)
    assert (report.false_red(NOW).value, report.false_green(NOW).value) == (1.0, 0.0)
    assert report.green_by_rule() == []


def test_whom_two_rule_sets_decide_otherwise_are_counted_both_ways(report: Report) -> None:
    for found in report.found:
        assert found.only_green_in(NOW, BEFORE) == 0
        assert found.only_green_in(BEFORE, NOW) == found.cases - found.green_count(NOW)
    assert report.decided_otherwise() == sum(f.cases - f.green_count(NOW) for f in report.found)


def test_totals_weigh_each_kind_by_its_share_of_the_mix() -> None:
    half_green = {"rare": (1.0, 10), "common": (3.0, 2)}
    found = []
    for name, (weight, green) in half_green.items():
        difference = Difference(name, name, "", weight, DIFFERENCES[0].draw)
        counted = Counter[tuple[str, ...]]({("green",) * 2: green, ("red",) * 2: 10 - green})
        found.append(Found(difference, 10, results=counted))
    report = Report(found, ("1", "0"), 20, 1)
    assert report.green(NOW).value == pytest.approx(0.25 * 1.0 + 0.75 * 0.2)
    worst = report.wrong_in_the_mix(found, NOW)[0]
    assert worst.title == "common"
    assert worst.applications == pytest.approx(75_000 * 0.8)


def test_every_applicant_is_counted_once_and_kinds_have_equal_parts() -> None:
    told: list[int] = []
    found = judge(DIFFERENCES, APPLICANTS + 5, 1, rule_sets(), told.append)
    assert sum(told) == sum(f.cases for f in found) == APPLICANTS + 5
    assert {f.cases for f in found} == {25, 26}
    for one in found:
        assert sum(one.first.values()) == sum(one.last.values()) == one.cases
        assert sum(one.results.values()) == one.cases


# -- the kinds ------------------------------------------------------------------------------------


def test_the_mix_adds_up_and_no_two_kinds_have_one_name() -> None:
    assert sum(difference.per_10_000 for difference in DIFFERENCES) == 10_000
    for names in ([d.name for d in DIFFERENCES], [d.title for d in DIFFERENCES]):
        assert len(set(names)) == len(DIFFERENCES)


ALIKE = ("as-on-record", "accents", "parent", "deceased", "first-letters", "marriage-told")


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: d.name)
def test_each_kind_differs_in_what_it_says(difference: Difference) -> None:
    cases = [difference.draw(Draws(key_of_seed(1), n, difference.name)) for n in range(60)]
    dates_differ = [c.record.date_of_birth != c.born for c in cases if c.record]
    other_births = ("wrong-date-of-birth", "day-month-exchanged", "sibling", "spouse", "parent")
    assert set(dates_differ) <= {difference.name in (*other_births, "stranger")}
    if difference.name == "nino-of-nobody" or difference.name in (*ALIKE, *other_births):
        return
    names = [(c.given[0], c.record.names[0]) for c in cases if c.record]
    other = [compared(g.first + g.last) != compared(h.first + h.last) for g, h in names]
    assert sum(other) > 0.8 * len(cases)


def test_who_is_as_on_record_is_always_green_and_the_dead_never() -> None:
    found = {f.difference.name: f for f in a_report().found}
    assert found["as-on-record"].green(NOW).value == 1.0
    assert found["deceased"].green(NOW).value == 0.0


def test_an_exchanged_day_and_month_is_another_date() -> None:
    exchanged = next(d for d in DIFFERENCES if d.name == "day-month-exchanged")
    for number in range(300):
        case = exchanged.draw(Draws(key_of_seed(2), number, "exchanged"))
        assert case.record is not None
        held = case.record.date_of_birth
        assert case.born == date(held.year, held.day, held.month) != held
        assert levels_of(case).date_of_birth == "no-match"


# -- page and table -------------------------------------------------------------------------------


class Tables(HTMLParser):
    """The tables of a page by their captions, each a list of rows of words; and what else is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._open, self._rows = "", list[list[str]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        self._open = tag
        if tag == "tr":
            self._rows.append([])
        if tag in ("th", "td"):
            self._rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self._open == "caption":
            self._rows = self.tables[data] = []
        elif self._open in ("th", "td"):
            self._rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


@pytest.fixture(scope="module")
def shown(report: Report) -> Tables:
    return Tables(page(report))


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    file = tmp_path_factory.mktemp("report") / "report.csv"
    write_csv(report, file)
    return list(csv.DictReader(file.open(encoding="utf-8")))


def share_in(row: dict[str, str], name: str) -> Share:
    return Share(*(float(row[f"{name}_{part}"]) for part in ("share", "low", "high")))


def test_page_and_table_state_the_same_shares(shown: Tables, written: list[dict[str, str]]) -> None:
    for wrong, same in (("False red", "yes"), ("False green", "no")):
        caption = f"{wrong} by rule set {CURRENT.version}, and by 9999.1 beside it"
        rows = {row[0]: row[1:] for row in shown.tables[caption][1:] if len(row) > 1}
        now = [r for r in written if (r["same_person"], r["rule_set"]) == (same, CURRENT.version)]
        assert rows.keys() == {row["title"] for row in now}
        for row in now:
            column = wrong.lower().replace(" ", "_")
            cells = rows[row["title"]]
            assert cells[0] == row["applicants"]
            assert with_interval(share_in(row, column)) in cells
            assert same == "no" or with_interval(share_in(row, "green")) in cells


def test_page_and_table_state_the_same_levels(shown: Tables, written: list[dict[str, str]]) -> None:
    for part in ("first", "last"):
        head, *rows = shown.tables[f"Applicants by the level of their {part} name"]
        counted = {row[0]: row[1:] for row in rows if len(row) > 1}
        assert head == ["Kind", *LEVELS]
        for row in written:
            if row["kind"] != TOTAL:
                assert counted[row["title"]] == [row[f"{part}_{level}"] for level in LEVELS]


def test_page_and_table_state_the_same_totals(shown: Tables, written: list[dict[str, str]]) -> None:
    _, green, red, false = shown.tables["In the mix, with 95% intervals"]
    totals = [row for row in written if row["kind"] == TOTAL]
    for place, total in enumerate(totals, start=1):
        assert green[place] == with_interval(share_in(total, "green"))
        assert red[place] == with_interval(share_in(total, "false_red"))
        assert false[place] == with_interval(share_in(total, "false_green"))
    assert len(totals) == 2


def test_the_table_has_each_kind_once_for_each_rule_set(written: list[dict[str, str]]) -> None:
    kinds = Counter((row["rule_set"], row["kind"]) for row in written)
    assert set(kinds.values()) == {1}
    assert len(kinds) == 2 * (len(DIFFERENCES) + 1)


def test_the_page_needs_nothing_from_outside_and_runs_nothing(report: Report) -> None:
    text = page(report)
    assert not re.search(r"https?:|//|<script|<link|<img|url\(|@import", text)


def test_every_plot_says_what_it_shows_and_has_a_table(shown: Tables) -> None:
    plots = [attributes for tag, attributes in shown.attributes if tag == "svg"]
    assert len(plots) == shown.tags["figure"] == 4
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert shown.tags["table"] == shown.tags["caption"] == len(shown.tables) == 9
    assert all("scope" in attributes for tag, attributes in shown.attributes if tag == "th")


def test_the_page_says_first_what_truth_is_and_what_it_cannot_tell(report: Report) -> None:
    before_figures = page(report).partition("<figure>")[0]
    words = ("The truth", "is the person", "assumption", "What it cannot tell", "not Britain's")
    for word in words:
        assert word in before_figures


def test_the_page_lists_whom_the_rule_sets_decide_otherwise_or_says_nobody(shown: Tables) -> None:
    changed = {row[0] for row in shown.tables["Whom they decide otherwise"][1:]}
    assert {"The dead", "Wrong NINO, nobody's"} <= changed
    assert "As on record" not in changed
    alike = page(a_report(CURRENT, CURRENT))
    assert f"Both decide all {APPLICANTS:,} applicants alike." in alike


def test_the_same_seed_makes_the_same_page_and_another_seed_another() -> None:
    assert page(a_report()) == page(a_report())
    assert page(a_report()) != page(a_report(seed=2)).replace("seed 2", "seed 1")


# -- the command ----------------------------------------------------------------------------------


def test_the_command_writes_page_and_table(tmp_path: Path) -> None:
    options = ["--applicants", str(APPLICANTS), "--directory", str(tmp_path / "new"), "--seed", "3"]
    ran = CliRunner().invoke(app, options)
    assert ran.exit_code == 0
    text = (tmp_path / "new" / "match-report.html").read_text(encoding="utf-8")
    assert f"{APPLICANTS:,} made-up applicants (seed 3)" in " ".join(text.split())
    assert f"rule set {CURRENT.version}" in text
    assert (tmp_path / "new" / "match-report.csv").exists()


def test_the_command_names_the_rule_sets_there_are(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["--rules", "1066.1", "--directory", str(tmp_path)])
    assert ran.exit_code == 2
    assert CURRENT.version in ran.output
    assert not list(tmp_path.iterdir())
