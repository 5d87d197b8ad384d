"""The page: one HTML file that needs nothing else."""

from html import escape
from pathlib import Path

from evaluation import sections
from evaluation.report import BEFORE, NOW, OF_THE_MIX, Report
from evaluation.wording import interval, number, percent


def page(report: Report) -> str:
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = (
        _head(report),
        _explained(report),
        sections.false_red(report),
        sections.contributions(report),
        sections.false_green(report),
        sections.beside(report),
        sections.levels(report),
        sections.rules(report),
        sections.kinds(report),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Match report, rule set {report.versions[NOW]}</title>"
        f"<style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(report: Report) -> str:
    now, before = map(escape, report.versions)
    tiles = "".join(
        f"<li><strong>{figure}</strong><span>{escape(words)}</span></li>"
        for figure, words in _tiles(report)
    )
    return (
        f'<h1>How well matching tells people apart</h1><p class="lead">{report.applicants:,} '
        f"made-up applicants (seed {report.seed}), decided by rule set {now} and, beside it, by "
        f'{before}.</p><ul class="tiles">{tiles}</ul>'
    )


def _tiles(report: Report) -> tuple[tuple[str, str], ...]:
    green, red, false = report.green(NOW), report.false_red(NOW), report.false_green(NOW)
    names = report.false_red_by_names(NOW)
    falsely = sum(part.applications for part in report.wrong_in_the_mix(report.others, NOW))
    return (
        (percent(red.value), f"false red, of people who apply as themselves ({interval(red)})"),
        (percent(names.value), f"the same where NINO and birth are right ({interval(names)})"),
        (percent(false.value), f"false green, of people with another's NINO ({interval(false)})"),
        (percent(green.value), f"green, of all in the assumed mix ({interval(green)})"),
        (number(falsely), f"falsely green in {OF_THE_MIX:,} applications of the mix"),
        (number(report.decided_otherwise()), f"decided otherwise by {report.versions[BEFORE]}"),
    )


def _explained(report: Report) -> str:
    each = min(found.cases for found in report.found)
    return f"""<h2>What these figures mean</h2>
<dl>
<dt>The truth</dt>
<dd>Whoever made the applicants up knows whether an applicant <em>is the person</em> whose NINO it
is meant to be. If so and the result is not green, that is a <strong>false red</strong>: somebody is
asked for papers. If it is another person, or the person is dead, and the result is green, that is a
<strong>false green</strong>. A wrong date of birth or NINO is a false red by this measure although
the rules want it so: it is the price of asking for both.</dd>
<dt>The applicants</dt>
<dd>{len(report.found)} kinds of difference, about {each:,} applicants of each, made with the names
of the simulated population. They go through the service's own matching and rules, without database
or network. Who gives no NINO, is under 16 or has no date of birth is not here: DWP is not
asked.</dd>
<dt>The mix</dt>
<dd>Totals weigh the kinds by how common we take them to be; the last table says it. It is an
assumption, chosen so that about as many are green as is reported of new applications (85 to 90 in
a hundred), and no statistics.</dd>
<dt>The intervals</dt>
<dd>95%, after Wilson: how far chance in drawing applicants goes. They say nothing about how well
these names stand for real ones, and a kind with few different pairs of names says less than its
number of applicants seems to.</dd>
<dt>What it cannot tell</dt>
<dd>These names are not Britain's: some hundred of each sort, all equally common, so that rare
names count too much and Smith too little. Pairs of forms and spellings are drawn evenly from lists
written by hand, mistakes at any place of a word alike. What real applicants do is known to nobody
here; the figures compare kinds, and rule sets, with each other.</dd>
</dl>"""
