"""What the page of the public figures says in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from electoral.events import Language
from electoral.today import LONDON

from registration.form import dates
from registration.form.texts import Translate
from registration.performance.cost import Cost
from registration.performance.figures import Bin, Indicators, Share

_MINUTE = 60  # seconds


class ShownIndicator(NamedTuple):
    """One figure as the page shows it."""

    key: str  # of its texts
    result: str | None  # None: nothing was counted yet
    working: str | None = None


@dataclass(frozen=True, slots=True)
class ShownBin:
    """A row of the table."""

    day: str
    time: str
    count: str


def shown_indicators(indicators: Indicators, t: Translate) -> list[ShownIndicator]:
    """Put the indicators in words."""
    return [
        _share("completion", indicators.completion, t),
        _share("take_up", indicators.take_up, t),
        _share("satisfaction", indicators.satisfaction, t),
        ShownIndicator("time_taken", _duration(indicators.median_seconds, t)),
        _cost(indicators.cost, t),
    ]


def shown_bins(bins: Sequence[Bin], language: Language) -> list[ShownBin]:
    """Put the bins in words; where clocks change, an hour comes twice and its zone tells which."""
    offsets = {one.begin.astimezone(LONDON).utcoffset() for one in bins}
    return [
        ShownBin(
            dates.day(one.begin.astimezone(LONDON).date(), language),
            _time(one, language, with_zone=len(offsets) > 1),
            f"{one.count:,}",
        )
        for one in bins
    ]


def plot_says(bins: Sequence[Bin], language: Language, t: Translate) -> str:
    """Say what the plot shows, for who does not see it."""
    total = sum(one.count for one in bins)
    if not total:
        return t("performance:last_day.plot_none")
    most = max(bins, key=lambda one: one.count)
    return t(
        "performance:last_day.plot_most",
        count=f"{total:,}",
        most=f"{most.count:,}",
        time=dates.clock(most.begin, language),
        day=dates.day(most.begin.astimezone(LONDON).date(), language),
    )


def _time(one: Bin, language: Language, *, with_zone: bool) -> str:
    time = dates.clock(one.begin, language)
    return f"{time} {one.begin.astimezone(LONDON):%Z}" if with_zone else time


def _share(key: str, share: Share, t: Translate) -> ShownIndicator:
    if share.percent is None:
        return ShownIndicator(key, None)
    percent = t("performance:indicators.percent", number=f"{share.percent:.1f}")
    working = t("performance:indicators.of", part=f"{share.part:,}", whole=f"{share.whole:,}")
    return ShownIndicator(key, percent, working)


def _duration(seconds: float | None, t: Translate) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), _MINUTE)
    if not minutes:
        return t("performance:time_taken.seconds", seconds=rest)
    if not rest:
        return t("performance:time_taken.minutes", minutes=minutes)
    if minutes == 1:
        return t("performance:time_taken.one_minute_seconds", seconds=rest)
    return t("performance:time_taken.minutes_seconds", minutes=minutes, seconds=rest)


def _cost(cost: Cost, t: Translate) -> ShownIndicator:
    if cost.pence_each is None:
        return ShownIndicator("cost", None)
    working = t(
        "performance:cost.working",
        hours=f"{cost.cpu_hours:,.2f}",
        cpu_price=f"{cost.prices.cpu_hour:g}",
        gigabytes=f"{cost.gigabyte_months:,.3f}",
        stored_price=f"{cost.prices.gigabyte_month:g}",
        count=f"{cost.accepted:,}",
    )
    pence = t("performance:cost.pence", pence=_two_figures(cost.pence_each))
    return ShownIndicator("cost", pence, working)


def _two_figures(number: float) -> str:
    """Write the first two figures that are not 0, and no power of ten."""
    if number >= 10:
        return f"{number:,.0f}"
    places = next((place for place in range(1, 12) if round(number * 10**place) >= 10), 12)
    return f"{number:.{places}f}"
