"""The page of the public figures: rendered as it is served, in both languages."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from electoral.calendar import BIN
from electoral.events import Language
from electoral.limits import RateLimit
from electoral.problems import Problem
from electoral.proxies import TrustedProxies
from multidict import CIMultiDict
from registration.form.assets import Assets
from registration.form.performance_page import CACHEABLE, get_file, get_performance
from registration.form.performance_words import shown_bins, shown_indicators
from registration.form.rendering import Renderer
from registration.form.texts import Texts
from registration.performance.cost import CPU, STORED, Prices
from registration.performance.figures import bins_of, indicators, window
from registration.performance.reading import Figures

NOW = datetime(2026, 11, 22, 14, 7, 30, tzinfo=UTC)
COUNTS = {
    ("source", "web"): 900,
    ("source", "paper"): 100,
    ("journey", "started"): 1_200,
    ("journey", "sent"): 900,
    ("satisfaction", "5"): 3,
    ("satisfaction", "2"): 1,
    ("seconds", "300"): 5,
    ("cost", CPU): 3_600_000,
    ("cost", STORED): 1_000_000,
}


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


def figures_of(counts: dict[tuple[str, str], int], now: datetime = NOW) -> Figures:
    begin, end = window(now)
    bins = bins_of([(end - BIN, "web", 12), (begin, "web", 1_500)], begin, end)
    return Figures(now, indicators(counts, Prices(4, 10)), bins)


class PublicFiguresAtNoon:
    """Figures that were read already."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    async def now(self) -> Figures:
        return self.figures


def form_with(texts: Texts, figures: Figures) -> Any:
    renderer = Renderer(texts, Assets.load())
    return SimpleNamespace(
        texts=texts,
        renderer=renderer,
        figures=PublicFiguresAtNoon(figures),
        proxies=TrustedProxies(),
        files_per_address=RateLimit(2, 60, lambda: 0.0),
    )


async def shown(texts: Texts, language: Language = "en", figures: Figures | None = None) -> Any:
    form = form_with(texts, figures or figures_of(COUNTS))
    return await get_performance(form, SimpleNamespace(), language)  # type: ignore[arg-type]


class Table(HTMLParser):
    """Reads the rows of the page's table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


async def test_the_table_has_all_288_bins_newest_first(texts: Texts) -> None:
    table = Table()
    table.feed((await shown(texts)).text.partition("</table>")[0])
    head, *rows = table.rows
    assert head == ["Day", "5 minutes from", "Applications"]
    assert len(rows) == 288
    assert rows[0] == ["22 November 2026", "2:05pm", "12"]
    assert rows[-1] == ["21 November 2026", "2:10pm", "1,500"]


async def test_the_plot_says_in_words_what_it_shows(texts: Texts) -> None:
    page = (await shown(texts)).text
    assert 'role="img" aria-labelledby="plot-title plot-desc"' in page
    assert "There were 1,512 applications in these 24 hours." in page
    assert "Most came in the 5 minutes from 2:10pm on 21 November 2026 (1,500)." in page


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_no_style_or_script_stands_in_the_page(texts: Texts, language: Language) -> None:
    page = (await shown(texts, language)).text
    assert "style=" not in page
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"\son\w+=", page) == []


async def test_the_page_may_be_kept_and_is_made_once_for_all_who_look(texts: Texts) -> None:
    figures = figures_of(COUNTS)
    first = await shown(texts, figures=figures)
    assert first.headers["Cache-Control"] == CACHEABLE
    assert figures.pages.keys() == {"en"}
    figures.pages["en"] = "what was made before"
    assert (await shown(texts, figures=figures)).text == "what was made before"


def test_every_figure_has_its_result_and_how_it_comes_about(texts: Texts) -> None:
    told = shown_indicators(figures_of(COUNTS).indicators, texts.translate("en"))
    assert [(each.key, each.result) for each in told] == [
        ("completion", "75.0%"),
        ("take_up", "90.0%"),
        ("satisfaction", "75.0%"),
        ("time_taken", "5 minutes 8 seconds"),
        ("cost", "0.0044 pence"),
    ]
    assert told[0].working == "900 of 1,200"


async def test_a_figure_of_nothing_is_not_known_yet(texts: Texts) -> None:
    page = (await shown(texts, figures=figures_of({}))).text
    assert page.count("Not known yet") == 5


@pytest.mark.parametrize(
    ("seconds", "told"),
    [("0", "2 seconds"), ("60", "1 minute 8 seconds"), ("3600", "65 minutes")],
)
def test_a_time_is_told_in_minutes_and_seconds(texts: Texts, seconds: str, told: str) -> None:
    figures = figures_of({("seconds", seconds): 1})
    [time] = [
        each.result
        for each in shown_indicators(figures.indicators, texts.translate("en"))
        if each.key == "time_taken"
    ]
    assert time == told


def test_the_hour_that_comes_twice_tells_its_zone() -> None:
    after = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
    times = [row.time for row in shown_bins(figures_of({}, after).bins, "en")]
    assert len(set(times)) == 288
    assert {"1:30am BST", "1:30am GMT"} <= set(times)


def asking_for(first: str, address: str = "192.0.2.1") -> Any:
    return SimpleNamespace(
        match_info={"name": "by-date"},
        query={"from": first, "to": ""},
        remote=address,
        headers=CIMultiDict(),
    )


async def test_an_address_may_ask_for_so_many_files_wrong_days_included(texts: Texts) -> None:
    form = form_with(texts, figures_of(COUNTS))
    for _ in range(2):
        told: Any = await get_file(form, asking_for("soon"), "en")
        assert told.status == 422
    with pytest.raises(Problem) as refused:
        await get_file(form, asking_for("soon"), "en")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "30"})
    another: Any = await get_file(form, asking_for("soon", "192.0.2.2"), "en")
    assert another.status == 422


async def test_wrong_days_are_said_on_the_page_beside_their_field(texts: Texts) -> None:
    request = asking_for("2026-11-31 <b>")
    response: Any = await get_file(form_with(texts, figures_of(COUNTS)), request, "en")
    assert response.status == 422
    assert "<title>Error: " in response.text
    assert '<a href="#from">Enter a real date, like 2026-05-31</a>' in response.text
    assert "<b>" not in response.text
