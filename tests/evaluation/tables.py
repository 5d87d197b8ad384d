"""Tables of the page: what each plot shows, in figures, and what no plot could show."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from evaluation.cases import Case
from evaluation.judging import Found
from evaluation.report import BEFORE, NOW, Report
from evaluation.table import LEVELS
from evaluation.wording import number, percent, with_interval

Cells = Sequence[str]
COLUMNS_OF_WORDS = ("Given", "On record")


def html_table(caption: str, head: Cells, groups: Iterable[tuple[str, Iterable[Cells]]]) -> str:
    """A table whose rows are in groups, each under its name; a group without one has no heading."""
    titles = "".join(map(_title, head))
    body = "".join(_group(name, rows, len(head)) for name, rows in groups)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>{body}</table></div>"
    )


def _title(words: str) -> str:
    kind = ' class="words"' if words in COLUMNS_OF_WORDS else ""
    return f'<th scope="col"{kind}>{escape(words)}</th>'


def _group(name: str, rows: Iterable[Cells], columns: int) -> str:
    heading = f'<tr><th scope="rowgroup" colspan="{columns}">{escape(name)}</th></tr>'
    head = f'<tbody class="group">{heading}</tbody>' if name else ""
    return f"{head}<tbody>{''.join(map(_row, rows))}</tbody>"


def _row(cells: Cells) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{escape(first)}</th>{"".join(map(_cell, rest))}</tr>'


def _cell(words: str) -> str:
    kind = ' class="words"' if words[:1].isalpha() else ' class="zero"' if words == "0" else ""
    return f"<td{kind}>{escape(words)}</td>"


def by_group(found: Sequence[Found]) -> list[tuple[str, list[Found]]]:
    return [(name, list(kinds)) for name, kinds in groupby(found, lambda f: f.difference.group)]


def shares(report: Report, kinds: Sequence[Found], wrong: str) -> str:
    """For each kind: how many, which share is green and wrong, and what the other rule set does."""
    now, before = report.versions
    green = ("Green, 95% interval",) if kinds[0].difference.same_person else ()
    head = (
        *("Kind", "Applicants", "Pairs of first and last names", *green),
        *(f"{wrong}, 95% interval", f"{wrong} by {before}", "Changed"),
    )
    groups = [(name, [_shares_row(f) for f in found]) for name, found in by_group(kinds)]
    return html_table(f"{wrong} by rule set {now}, and by {before} beside it", head, groups)


def _shares_row(found: Found) -> Cells:
    otherwise = found.only_green_in(NOW, BEFORE) + found.only_green_in(BEFORE, NOW)
    pairs = f"{len(found.first_pairs):,} / {len(found.last_pairs):,}"
    green = (with_interval(found.green(NOW)),) if found.difference.same_person else ()
    return (
        *(found.difference.title, number(found.cases), pairs, *green),
        *(with_interval(found.wrong(NOW)), percent(found.wrong(BEFORE).value), number(otherwise)),
    )


def levels(report: Report, part: str) -> str:
    """How many applicants of each kind have each level of their first or last name."""
    head = ("Kind", *LEVELS)
    groups = [
        (name, [_levels_row(f, part) for f in kinds]) for name, kinds in by_group(report.found)
    ]
    return html_table(f"Applicants by the level of their {part} name", head, groups)


def _levels_row(found: Found, part: str) -> Cells:
    counted = found.first if part == "first" else found.last
    return (found.difference.title, *(number(counted[level]) for level in LEVELS))


def contributions(report: Report) -> str:
    """Of the mix: how common each kind is taken to be, and what is wrong because of it."""
    earlier = dict(report.wrong_in_the_mix(report.same, BEFORE))
    rows = [
        (title, number(now), number(earlier[title]))
        for title, now in report.wrong_in_the_mix(report.same, NOW)
        if now or earlier[title]
    ]
    now, before = report.versions
    head = ("Kind", f"False red by {now}", f"False red by {before}")
    return html_table("False reds in 100,000 applications of the mix", head, [("", rows)])


def totals(report: Report) -> str:
    """What both rule sets come to in the mix."""
    rows = [
        ("Green of all", *(with_interval(report.green(place)) for place in (NOW, BEFORE))),
        ("False red", *(with_interval(report.false_red(place)) for place in (NOW, BEFORE))),
        ("False green", *(with_interval(report.false_green(place)) for place in (NOW, BEFORE))),
    ]
    caption = "In the mix, with 95% intervals"
    return html_table(caption, ("Share", *report.versions), [("", rows)])


def rules(report: Report) -> str:
    """Which rule made how many green in the mix, and how many of them falsely."""
    rows = [(rule, number(green), number(false)) for rule, green, false in report.green_by_rule()]
    head = ("Rule", "Green", "Falsely green")
    caption = f"Rules of {report.versions[NOW]} that make applicants green, in 100,000 of the mix"
    return html_table(caption, head, [("", rows)])


def kinds(report: Report) -> str:
    """What each kind is, how common it is taken to be, and one made-up applicant of it."""
    groups = [(name, [_kind_row(f) for f in found]) for name, found in by_group(report.found)]
    head = ("Kind", "In 10,000", *COLUMNS_OF_WORDS)
    return html_table("The kinds, the mix that is assumed, and an example of each", head, groups)


def _kind_row(found: Found) -> Cells:
    difference, example = found.difference, found.examples[0]
    return (difference.title, f"{difference.per_10_000:,}", *_example(example))


def _example(case: Case) -> Cells:
    names = ", formerly ".join(" ".join(filter(None, name)) for name in case.given)
    given = f"{names}, {case.born:%d.%m.%Y}"
    if case.record is None:
        return given, "nothing"
    held = case.record
    recorded = " / ".join(" ".join(filter(None, name)) for name in held.names)
    died = f", died {held.date_of_death:%d.%m.%Y}" if held.date_of_death else ""
    return given, f"{recorded}, {held.date_of_birth:%d.%m.%Y}{died}"
