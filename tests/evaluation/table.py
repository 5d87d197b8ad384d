"""The figures as a table: one row for each kind and rule set, and the totals of the mix."""

import csv
from collections.abc import Iterator
from pathlib import Path

from evaluation.counting import Share
from evaluation.judging import Found
from evaluation.report import Report
from verification.matching import NAME_LEVELS

Row = dict[str, str | int | float]

LEVELS = (*NAME_LEVELS, "not-applicable")
TOTAL = "(the mix)"


def rows(report: Report) -> Iterator[Row]:
    for place, version in enumerate(report.versions):
        for found in report.found:
            yield _row(found, place, version)
        yield {
            "kind": TOTAL,
            "rule_set": version,
            **_share("green", report.green(place)),
            **_share("false_red", report.false_red(place)),
            **_share("false_green", report.false_green(place)),
        }


def _row(found: Found, place: int, version: str) -> Row:
    difference = found.difference
    return {
        "kind": difference.name,
        "title": difference.title,
        "group": difference.group,
        "same_person": "yes" if difference.same_person else "no",
        "per_10000": difference.per_10_000,
        "rule_set": version,
        "applicants": found.cases,
        "first_name_pairs": len(found.first_pairs),
        "last_name_pairs": len(found.last_pairs),
        "green": found.green_count(place),
        "not_green": found.cases - found.green_count(place),
        "green_only_here": found.only_green_in(place, 1 - place),
        **_share("green", found.green(place)),
        **_share("false_red", found.red(place) if difference.same_person else None),
        **_share("false_green", None if difference.same_person else found.green(place)),
        **{f"first_{level}": found.first[level] for level in LEVELS},
        **{f"last_{level}": found.last[level] for level in LEVELS},
    }


def _share(name: str, share: Share | None) -> Row:
    """Three columns, empty where there is nothing of which it could be a share."""
    columns = (f"{name}_share", f"{name}_low", f"{name}_high")
    return dict(
        zip(columns, [round(part, 6) for part in share] if share else [""] * 3, strict=True)
    )


def write_csv(report: Report, file: Path) -> None:
    table = list(rows(report))
    columns = list(dict.fromkeys(column for row in table for column in row))
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
