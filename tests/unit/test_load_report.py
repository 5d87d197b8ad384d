"""The report of a run: everything of it is there, it needs nothing else, and no plot is wrong."""

import re
import statistics
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from load_findings import a_run, broken, some_costs, some_seconds
from simulated.load.criteria import judge_run
from simulated.load.evidence import merged_seconds
from simulated.load.findings import Findings
from simulated.load.limits import Limits, limits_of
from simulated.load.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, lines, stacked
from simulated.load.records import LOST
from simulated.load.report import page

LIMITS = replace(limits_of("steady"), cpu_ms=1.5, cpu_judged_from=0.0)
INVALID = a_run(arrivals=replace(a_run().arrivals, send_lag_p99_ms=400.0))


def report(run: Findings, limits: Limits = LIMITS) -> str:
    return page(run, judge_run(run, limits))


def points(svg: str, style: str) -> list[tuple[float, float]]:
    (found,) = re.findall(rf'<polyline class="line {style}" points="([^"]+)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found.split())]


def test_every_criterion_stands_in_the_report_with_figure_and_limit() -> None:
    text = report(a_run())
    for judged in judge_run(a_run(), LIMITS).criteria:
        assert all(escaped(words) in text for words in (judged.name, judged.figure, judged.limit))


def escaped(words: str) -> str:
    return words.replace("'", "&#x27;")


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (a_run(), "Passed: every criterion is within its limit."),
        (a_run(records=broken(LOST[0], "a3")), "Failed: 1 of 24 criteria are outside"),
        (INVALID, "Invalid: the generator did not offer"),
    ],
)
def test_report_says_in_one_word_how_it_went(run: Findings, words: str) -> None:
    assert words in report(run)


def test_what_was_not_judged_is_neither_passed_nor_failed() -> None:
    text = report(a_run(), limits_of("steady"))
    assert "Passed: 23 of 24 criteria are within their limit, the others were not judged." in text
    (row,) = re.findall(r'<tr class="unjudged">.*?</tr>', text)
    assert "not judged" in row
    assert "CPU an application" in row


def test_what_to_look_into_is_named_and_cannot_break_the_page() -> None:
    text = report(a_run(records=broken(LOST[0], "<script>alert(1)</script>")))
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_report_needs_nothing_from_elsewhere() -> None:
    text = report(a_run())
    assert not re.search(r"<script|<link|(?:src|href)=|url\(|@import|https?:", text)


def test_every_plot_is_well_formed_and_within_its_frame() -> None:
    drawn = re.findall(r"<svg.*?</svg>", report(a_run()), re.S)
    assert len(drawn) == 4
    for svg in drawn:
        ElementTree.fromstring(svg)
        for path in re.findall(r'points="([^"]+)"', svg):
            for pair in path.split():
                x, y = map(float, pair.split(","))
                assert LEFT <= x <= WIDTH - RIGHT
                assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


def test_a_line_is_higher_where_its_value_is_and_begins_and_ends_with_the_run() -> None:
    found = points(lines("", [0.0, 5.0, 10.0], [Line("a", "one", [0.0, 100.0, 50.0])]), "one")
    assert found == [
        (LEFT, HEIGHT - BOTTOM),
        ((LEFT + WIDTH - RIGHT) / 2, TOP),
        (WIDTH - RIGHT, (TOP + HEIGHT - BOTTOM) / 2),
    ]


def test_tenfold_is_as_far_everywhere_on_a_logarithmic_plot() -> None:
    svg = lines("", [1.0, 2.0, 3.0], [Line("a", "one", [1.0, 10.0, 100.0])], logarithmic=True)
    first, second, third = (y for _, y in points(svg, "one"))
    assert first - second == pytest.approx(second - third)


def test_a_gap_in_what_was_measured_is_a_gap_in_the_line() -> None:
    svg = lines("", [1.0, 2.0, 3.0, 4.0, 5.0], [Line("a", "one", [1.0, 1.0, None, 1.0, 1.0])])
    assert svg.count("<polyline") == 2


def test_a_long_run_is_drawn_with_few_points_each_the_mean_or_the_highest() -> None:
    values: list[float] = [0.0] * 3_000
    values[1_000] = 100.0
    seconds = [float(second) for second in range(3_000)]
    drawn = [Line("a", "one", values)]
    mean, highest = (
        lines("", seconds, drawn, of_many=of_many) for of_many in (statistics.fmean, max)
    )
    assert len(points(mean, "one")) == len(points(highest, "one")) == 300
    assert (top_of(mean), top_of(highest)) == ("10", "100")


def top_of(svg: str) -> str:
    """What stands beside the highest line of the grid."""
    return str(re.findall(r'<text class="value"[^>]*>([^<]+)<', svg)[-1])


def test_areas_stand_on_each_other() -> None:
    svg = stacked("", [0.0, 1.0], [Line("a", "one", [1.0, 1.0]), Line("b", "two", [3.0, 3.0])])
    first, second = re.findall(r'<polygon class="area \w+" points="([^"]+)"', svg)
    tops = [min(float(pair.split(",")[1]) for pair in path.split()) for path in (first, second)]
    bottom = HEIGHT - BOTTOM
    assert bottom - tops[1] == pytest.approx(4 * (bottom - tops[0]))


@pytest.mark.parametrize("seconds", [[], some_seconds()[:1]])
def test_a_run_of_no_time_has_a_report_too(seconds: list[object]) -> None:
    assert "<svg" in report(a_run(seconds=seconds))


def test_what_was_changed_for_the_run_stands_at_the_top() -> None:
    run = replace(a_run().run, changed=["duplicates=0", "REGISTRATION_ADMISSION=false"])
    assert "with duplicates=0, REGISTRATION_ADMISSION=false; begun" in report(a_run(run=run))


def test_instances_of_a_service_are_one_area_and_each_a_line_of_the_bill() -> None:
    one = some_seconds()[0]
    cores = {**one.cores, "registration-2": 0.3}
    costs = some_costs(cpu_seconds={"registration": 3.0, "registration-2": 2.0})
    text = report(a_run(seconds=[replace(one, cores=cores)] * 3, costs=costs))
    assert text.count('class="area registration"') == 2  # the area and its name
    assert "<th>registration-2</th>" in text


def test_seconds_of_several_generators_are_added_and_the_worst_latency_counts() -> None:
    one = [{"second": 1, "offered": 10, "accepted": 8, "p50_ms": 5.0, "p99_ms": 20.0}]
    two = [
        {"second": 1, "offered": 11, "accepted": 9, "p50_ms": 7.0, "p99_ms": 15.0},
        {"second": 2, "offered": 21, "accepted": 20, "p50_ms": 0.0, "p99_ms": 0.0},
    ]
    _, first, second = merged_seconds([one, two])
    assert (first["offered"], first["accepted"], first["p99_ms"]) == (21, 17, 20.0)
    assert (second["offered"], second["accepted"]) == (31, 28)
    assert "p99_ms" not in second  # nobody was answered
