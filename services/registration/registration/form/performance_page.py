"""The public figures as a page, and as files to download."""

from datetime import UTC, datetime

from aiohttp import web
from electoral import problems
from electoral.calendar import london_date
from electoral.events import Language

from registration.form import dates
from registration.form.app import Form
from registration.form.html_response import Html, HtmlResponse
from registration.form.paths import PERFORMANCE, performance_path
from registration.form.performance_words import plot_says, shown_bins, shown_indicators
from registration.form.rendering import PageError
from registration.form.routes import FormRoute
from registration.performance.downloads import (
    DAY_LENGTH,
    DOWNLOADS,
    WrongPeriod,
    default_period,
    read_period,
)
from registration.performance.plot import plot_of
from registration.performance.reading import Figures

CACHEABLE = "public, max-age=30"

_BY_NAME = {download.name: download for download in DOWNLOADS}
_OTHER: dict[Language, Language] = {"en": "cy", "cy": "en"}


async def get_performance(form: Form, _: web.Request, language: Language) -> web.StreamResponse:
    """Show the figures; the page is made once for all who look within some seconds."""
    figures = await form.figures.now()
    kept = figures.pages.get(language)
    if kept is None:
        kept = figures.pages[language] = _page(form, figures, language).text or ""
    response = HtmlResponse(Html.passing(kept), "", language, 200, personal=False)
    response.headers["Cache-Control"] = CACHEABLE
    return response


async def get_file(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Download figures of some days; what is wrong with these is said on the page.

    Both are work, so each address may ask for so many.
    """
    download = _BY_NAME.get(request.match_info["name"])
    if download is None:
        raise problems.not_found()
    if wait := form.files_per_address.seconds_to_wait(form.proxies.caller_of(request)):
        raise problems.too_many_requests(wait)
    days = {name: request.query.get(name, "").strip() for name in ("from", "to")}
    try:
        period = read_period(days["from"], days["to"], london_date(datetime.now(UTC)))
    except WrongPeriod as wrong:
        return _page(form, await form.figures.now(), language, days, wrong)
    name = f"applications-{download.name}-{period.first}-to-{period.last}.csv"
    return web.Response(
        text=await form.figures.file(download, period),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Cache-Control": CACHEABLE,
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


async def get_nothing(_: Form, __: web.Request, ___: Language) -> web.StreamResponse:
    """Say as a page that there is none."""
    raise problems.not_found()


def _page(
    form: Form,
    figures: Figures,
    language: Language,
    days: dict[str, str] | None = None,
    wrong: WrongPeriod | None = None,
) -> HtmlResponse:
    t = form.texts.translate(language)
    errors = []
    if wrong is not None:
        told = t(f"performance:downloads.errors.{wrong.reason}")
        errors.append(PageError(wrong.field, told))
    return form.renderer.page(
        "performance/performance.html",
        language,
        twin=performance_path(_OTHER[language]),
        errors=errors,
        status=422 if errors else 200,
        personal=False,
        updated=dates.moment(figures.at, language),
        plot=plot_of(figures.bins),
        plot_says=plot_says(figures.bins, language, t),
        total=f"{sum(one.count for one in figures.bins):,}",
        indicators=shown_indicators(figures.indicators, t),
        bins=shown_bins(figures.bins, language),
        downloads=[download.name for download in DOWNLOADS],
        days=_filled_in(figures, days or {}),
    )


def _filled_in(figures: Figures, days: dict[str, str]) -> dict[str, str]:
    """Fill in what was asked for, as far as it could be a day; else the last 30 days."""
    period = default_period(london_date(figures.at))
    asked = {name: text[:DAY_LENGTH] for name, text in days.items() if text}
    return {"from": period.first.isoformat(), "to": period.last.isoformat(), **asked}


ROUTES: tuple[FormRoute, ...] = (
    FormRoute("GET", "", get_performance, PERFORMANCE),
    FormRoute("GET", "/{name}.csv", get_file, PERFORMANCE),
    FormRoute("GET", "/{nothing:.*}", get_nothing, PERFORMANCE),
)
